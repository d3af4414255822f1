/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guests: nodes that stay in the mesh for as long as they are heard of.  Each says with its Join for how
 * long that may be without a word, and joins again three times as often; the leader takes out who
 * does not.  It counts by its own clock from when it saw the last Join, and a new leader begins
 * anew: no clock that is set, and no election, takes anybody out.  Owner thread.
 */
#ifndef WGMESH_DAEMON_GUESTS_H
#define WGMESH_DAEMON_GUESTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/node.h"

/* What a Join has in its metadata: seconds, 0 for a node that stays; without it, what was stays. */
#define GUEST_METADATA "wgmesh-expire-after"

struct daemon;
struct entry;
struct rpc_call;

struct guests {
	struct guest_seen *items;	/* by id, as of the last look */
	size_t count;
	bool removing;			/* an entry that takes one out is proposed */
};

/*
 * Into the entry of @node's Join what its @call says; nothing while the tables have no place for
 * it, for the node then joins again.  ERR_INVALID: no number, or a voter.
 */
int guests_admit(struct daemon *d, const struct rpc_call *call, const struct node *node,
		 struct entry *entry, struct error *err);

/* Whether the state has of this node what its settings say, or has no place for it yet. */
bool guests_told(const struct daemon *d);

/* For those who lead, again and again: takes out who was not heard of. */
void guests_advance(struct daemon *d);
void guests_fini(struct guests *guests);

#endif
