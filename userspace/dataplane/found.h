/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to dataplane/: peer sets made of what a device has, and of what a backend can hold. */
#ifndef WGMESH_DATAPLANE_FOUND_H
#define WGMESH_DATAPLANE_FOUND_H

#include "dataplane/backend.h"

/*
 * The peers of a device as a sealed set to compare @wanted with.  A peer with a
 * live session keeps the endpoint that WireGuard learnt: it is told as if it were the
 * wanted one.  A peer with a preshared key, which we never give, is left out, so
 * that it is set anew.  ERR_EXISTS: the device has what a set cannot hold.
 */
int found_read(const struct backend_ops *ops, struct backend *b, const struct peer_set *wanted,
	       struct peer_set **ret, struct error *err);

/* @set with the prefixes of metric 0 only; the caller frees it. */
int found_flatten(const struct peer_set *set, struct peer_set **ret, struct error *err);

/* Adds @peer to the sums of @stats; peers_known is not touched. */
void found_count(struct dataplane_stats *stats, const struct wg_peer *peer, uint64_t now);

/* Whether a peer that last shook hands at @last_handshake (ns since 1970) counts as active. */
bool found_active(uint64_t last_handshake, uint64_t now);
uint64_t found_now(void);	/* ns since 1970 */

#endif
