/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another WireGuard key for this node, made before the old one is broken with:
 *
 *	made		it is due, or an operator asked: the next pair is in local.db
 *	announced	by a Join with the next key in its metadata; others add it as a key that waits
 *	settled		all had time to; nobody who announced earlier is still at it
 *	changed		local.db has it as the key, then the device; peers are called
 *	joined		the row of this node has it: others drop the old one
 *
 * What is on disk and in the state tells where it is, so a daemon that ends at any point
 * goes on from there.  Owner thread.
 */
#ifndef WGMESH_DAEMON_ROTATION_H
#define WGMESH_DAEMON_ROTATION_H

#include "daemon/daemon.h"

struct rpc_call;

/* What a Join has in its metadata, base64, while a key is to be announced. */
#define NEXT_KEY_METADATA "wgmesh-next-key"

/*
 * At the start, with the local store open: a next key that was made before.  @expires_at: of the
 * current one, ns since 1970, or 0.
 */
int rotation_load(struct daemon *d, int64_t expires_at, struct error *err);

/* For every upkeep. */
void rotation_advance(struct daemon *d);

/* What is to be announced by a Join; NULL: nothing is. */
const struct key *rotation_to_announce(const struct daemon *d);
/* A Join that announced @key has gone well. */
void rotation_announced(struct daemon *d, const struct key *key);

/*
 * Into the entry of @node's Join what its @call tells, which the caller has found to be @node's own;
 * nothing if it tells nothing.  ERR_INVALID; ERR_PRECONDITION: not all nodes know of it yet.
 */
int rotation_admit(struct daemon *d, const struct rpc_call *call, const struct node *node,
		   struct entry *entry, struct error *err);

#endif
