/* SPDX-License-Identifier: Apache-2.0 */
/*
 * By which way this node reaches others: what WireGuard says of its peers, put beside the nodes of a
 * roster.  Whoever has no session, and hangs on nobody who has one, is dormant: the first packet
 * makes one.
 */
#ifndef WGMESH_STATUS_PATHS_H
#define WGMESH_STATUS_PATHS_H

#include "netlink/wg_peer.h"
#include "status/roster.h"

enum { PATHS_WANTED_MAX = 256 };

enum path_kind {
	PATH_DORMANT,
	PATH_DIRECT,		/* a handshake in the last three minutes */
	PATH_RELAYED,		/* its addresses hang on such a peer */
};

struct path {
	enum path_kind kind;
	int via;			/* relayed: the number of that peer's node */
	struct endpoint endpoint;	/* AF_UNSPEC: not known */
	uint64_t last_handshake;	/* ns since 1970; 0: none */
	uint64_t rx_bytes, tx_bytes;	/* since WireGuard has the peer */
};

struct paths {
	bool known;			/* false: the data plane could not be read, or is none */
	struct error trouble;		/* why not */
	uint64_t rx_bytes, tx_bytes;	/* of the device */
	size_t direct, relayed;		/* of those in the roster */
	/* Active peers that are not in it; the keys of the first of them. */
	size_t unnamed, wanted_count;
	struct key wanted[PATHS_WANTED_MAX];
	struct path items[ROSTER_MAX];	/* by number */
};

/* Zeroed before.  One peer more, at a moment in ns since 1970. */
void paths_add(struct paths *p, const struct roster *r, const struct wg_peer *peer, uint64_t now);

/* Asks the data plane, as dataplane_peek(): blocks; any thread.  NULL: no memory.  Caller frees. */
struct paths *paths_read(const struct roster *r, const char *backend, const char *device);

#endif
