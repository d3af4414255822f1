/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal to dataplane/: a difference of peer sets turned into steps for a
 * WireGuard that knows no batches, in an order in which no prefix is without
 * its peer in between:
 *
 *	1. peers are added and changed; a prefix that moves is taken over in one go
 *	2. prefixes that go to nobody are taken away
 *	3. peers are removed
 */
#ifndef WGMESH_DATAPLANE_SYNC_H
#define WGMESH_DATAPLANE_SYNC_H

#include "base/error.h"
#include "model/peer_set.h"
#include "netlink/wg_peer.h"

struct sync_ops {
	/* As wg_peers_set() takes them. */
	int (*set)(void *data, const struct wg_peer *peers, size_t count, struct error *err);
	int (*remove)(void *data, const struct key *public_keys, size_t count,
		      struct error *err);
	/*
	 * Takes from the one @peer the prefixes that it carries here (flagged REMOVE)
	 * and changes nothing else.  ERR_INVALID: this WireGuard cannot; then the
	 * peer's list is replaced, which drops its traffic for a moment.
	 * NULL: it never can.
	 */
	int (*drop)(void *data, const struct wg_peer *peer, struct error *err);
};

/* Endpoint and keepalive of @u as far as they changed; the rest of @out is not touched. */
void sync_fields(const struct peer_upsert *u, struct wg_peer *out);

/* Stops at the first failure; what was done before it stays. */
int sync_apply(const struct sync_ops *ops, void *data, const struct peer_diff *diff,
	       struct error *err);

#endif
