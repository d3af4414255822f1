/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Raft ACLs: who may join as a voter.  Without any ACL everybody may; otherwise
 * they are looked at in order of name, deny before allow within one name, the first
 * with a matching pattern decides, and no match denies.  Any thread.
 */
#ifndef WGMESH_MODEL_ACL_H
#define WGMESH_MODEL_ACL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum { ACL_NAME_MAX = 63, ACL_PATTERN_MAX = 63, ACL_PATTERNS_MAX = 256 };

/* The numbers are those of the API's ACLAction; stored. */
enum acl_action { ACL_DENY = 0, ACL_ALLOW = 1 };

struct acl {
	char name[ACL_NAME_MAX + 1];
	enum acl_action action;
	char **patterns;	/* owned */
	size_t n_patterns;
};

void acl_fini(struct acl *acl);
int acl_add_pattern(struct acl *acl, const char *pattern, struct error *err);

/*
 * Name as a node id, 1 to ACL_PATTERNS_MAX patterns of a-z 0-9 - . * ?; ERR_INVALID names the
 * field.
 */
int acl_validate(const struct acl *acl, struct error *err);

/*
 * @acls in any order.  *ret_decider (may be NULL): the ACL that decided, or NULL
 * when none matched or none exists; for messages.
 */
bool acl_allows(const struct acl *acls, size_t n, const char *node_id,
		const struct acl **ret_decider);

/*
 * Shell pattern against the whole of @text: '*' any characters, '?' exactly one,
 * everything else itself.  At most strlen(pattern) * strlen(text) steps.
 */
bool acl_pattern_matches(const char *pattern, const char *text);

#endif
