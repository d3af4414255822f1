// SPDX-License-Identifier: Apache-2.0
#include "model/acl.h"

#include <stdlib.h>
#include <string.h>

#include "model/node.h"

void acl_fini(struct acl *acl)
{
	for (size_t i = 0; i < acl->n_patterns; i++)
		free(acl->patterns[i]);
	free(acl->patterns);
	*acl = (struct acl){ 0 };
}

static bool pattern_valid(const char *pattern)
{
	size_t len = strnlen(pattern, ACL_PATTERN_MAX + 1);

	return len > 0 && len <= ACL_PATTERN_MAX &&
	       strspn(pattern, "abcdefghijklmnopqrstuvwxyz0123456789-.*?") == len;
}

static int no_memory(const struct acl *acl, struct error *err)
{
	return error_set(err, ERR_MEMORY, "no memory for the patterns of ACL %s", acl->name);
}

int acl_add_pattern(struct acl *acl, const char *pattern, struct error *err)
{
	char **grown;

	if (!pattern_valid(pattern))
		return error_set(err, ERR_INVALID,
				 "patterns: \"%.80s\" matches no node id; use 1 to %d of a-z, 0-9, "
				 "'-', '.', '*' and '?'", pattern, ACL_PATTERN_MAX);
	if (acl->n_patterns == ACL_PATTERNS_MAX)
		return error_set(err, ERR_INVALID, "patterns: more than %d; use a second ACL",
				 ACL_PATTERNS_MAX);
	grown = realloc(acl->patterns, (acl->n_patterns + 1) * sizeof(*grown));
	if (!grown)
		return no_memory(acl, err);
	acl->patterns = grown;
	grown[acl->n_patterns] = strdup(pattern);
	if (!grown[acl->n_patterns])
		return no_memory(acl, err);
	acl->n_patterns++;
	return 0;
}

int acl_validate(const struct acl *acl, struct error *err)
{
	if (!node_id_valid(acl->name))
		return error_set(err, ERR_INVALID,
				 "name \"%.80s\" is no name for an ACL; use 1 to %d of a-z, 0-9, "
				 "'-' and '.'", acl->name, ACL_NAME_MAX);
	if (acl->action != ACL_DENY && acl->action != ACL_ALLOW)
		return error_set(err, ERR_INVALID,
				 "action %d is unknown; use 0 (deny) or 1 (allow)",
				 (int)acl->action);
	if (acl->n_patterns == 0)
		return error_set(err, ERR_INVALID,
				 "patterns is empty; give \"*\" to match every node");
	for (size_t i = 0; i < acl->n_patterns; i++)
		if (!pattern_valid(acl->patterns[i]))
			return error_set(err, ERR_INVALID,
					 "patterns[%zu] \"%.80s\" matches no node id; "
					 "use a-z, 0-9, '-', '.', '*' and '?'",
					 i, acl->patterns[i]);
	return 0;
}

/*
 * Only the last star needs to be gone back to: where a later one was reached, the
 * earlier ones have matched as little as they can, and more would not help.
 */
bool acl_pattern_matches(const char *pattern, const char *text)
{
	const char *star = NULL, *resume = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			resume = text;
		} else if (*pattern == '?' || *pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star;
			text = ++resume;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

static bool acl_matches(const struct acl *acl, const char *node_id)
{
	for (size_t i = 0; i < acl->n_patterns; i++)
		if (acl_pattern_matches(acl->patterns[i], node_id))
			return true;
	return false;
}

/* By name, deny (0) before allow (1). */
static bool goes_before(const struct acl *a, const struct acl *b)
{
	int r = strcmp(a->name, b->name);

	return r < 0 || (r == 0 && a->action < b->action);
}

bool acl_allows(const struct acl *acls, size_t n, const char *node_id,
		const struct acl **ret_decider)
{
	const struct acl *decider = NULL;

	for (size_t i = 0; i < n; i++)
		if (acl_matches(&acls[i], node_id) && (!decider || goes_before(&acls[i], decider)))
			decider = &acls[i];
	if (ret_decider)
		*ret_decider = decider;
	if (decider)
		return decider->action == ACL_ALLOW;
	return n == 0;
}
