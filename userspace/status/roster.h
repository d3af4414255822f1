/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Some nodes of the mesh, to be found by what a data plane says of a peer: its key, and the prefixes
 * that hang on it.  Built, sealed, then read-only.
 * Not thread-safe while it is built; sealed, any thread may read.
 */
#ifndef WGMESH_STATUS_ROSTER_H
#define WGMESH_STATUS_ROSTER_H

#include <stdbool.h>
#include <stddef.h>

#include "model/node.h"

enum { ROSTER_MAX = 1000, ROSTER_NONE = -1 };

struct roster_node {
	char id[NODE_ID_MAX + 1];
	struct key public_key;
	struct ip ipv4;			/* AF_UNSPEC: none */
	struct prefix ipv6;		/* likewise */
	bool is_public;			/* not behind a NAT */
};

struct roster;

struct roster *roster_new(void);	/* of one reference; NULL: no memory */
struct roster *roster_ref(struct roster *r);	/* any thread; NULL is fine for both */
void roster_unref(struct roster *r);

bool roster_is_full(const struct roster *r);
/* One that is there already, or has no room, is left out. */
void roster_add(struct roster *r, const struct node *node);
/* By id from now on. */
void roster_seal(struct roster *r);

/* Sealed ones only; numbers of nodes, or ROSTER_NONE. */
size_t roster_count(const struct roster *r);
const struct roster_node *roster_at(const struct roster *r, int number);
int roster_find_key(const struct roster *r, const struct key *public_key);
/* Whose own address or whole network @prefix is. */
int roster_find_prefix(const struct roster *r, const struct prefix *prefix);

#endif
