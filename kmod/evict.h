/* SPDX-License-Identifier: GPL-2.0 */
/* Eviction: of a lazy mesh, peers that nobody misses leave WireGuard when there are
 * about as many as active-max.
 *
 * A peer may go when its traffic and handshakes have stood still, by our own clock and
 * over at least two surveys, for longer than sessions live (REJECT_AFTER_TIME, 180 s):
 * then the next packet would need a new handshake anyway, on both sides.
 */
#ifndef _WGM_EVICT_H
#define _WGM_EVICT_H

#include <linux/types.h>

struct wgm_mesh;
struct wgm_peer;
struct work_struct;

/* Worker only, after a survey: chooses whom to evict, the longest idle first, and
 * queues their removal.  Waits for a grace period when there are any.
 */
void wgm_evict(struct wgm_mesh *mesh);

/* Whether the last survey found the peer idle for long enough.  Table's lock. */
bool wgm_evict_is_idle(struct wgm_mesh *mesh, const struct wgm_peer *peer);

/* Has surveys made while there may be something to evict. */
void wgm_evict_patrol(struct work_struct *work);

#endif /* _WGM_EVICT_H */
