/* SPDX-License-Identifier: GPL-2.0 */
/* Parking of prefixes.  WireGuard lets a peer send from any address for which it is
 * the longest match: so the prefix of a dormant peer within a prefix of an active one
 * would belong to the active one.  Such prefixes are parked at a peer of a random key,
 * the private part of which nobody has, and without an endpoint.
 *
 * The order is what protects: a peer gets a prefix after all that is to be parked
 * within it, in the same message; a peer that is evicted leaves after its prefixes were
 * parked, in the same message; and adding a parked prefix to its peer moves it.
 *
 * All want the table's lock and are for the worker, but for wgm_park_end().
 */
#ifndef _WGM_PARK_H
#define _WGM_PARK_H

#include <linux/types.h>

struct wgm_mesh;
struct wgm_peer;
struct wgm_prefix;
struct wgm_sync;
struct wgm_table;

enum wgm_parked {
	WGM_PARKED_NOT,
	WGM_PARKED,		/* or a message that does it is on its way */
	WGM_PARKED_LEAVING,	/* a message that takes it away is on its way */
	WGM_PARKED_MAYBE,	/* a message that failed did it, or did not */
};

/* Where a walk through all prefixes goes on: behind this one; @bits 0: at the first. */
struct wgm_place {
	u8 bits;
	u8 len;
	u8 addr[16];
};

/* A walk takes as many messages as what is to be parked, and goes on in each of them where it
 * was: as long as the table's park_epoch is the same, there is nothing new behind it.
 */
struct wgm_parking {
	bool begun;
	u64 epoch;
	u32 peer;		/* the outer one's id */
	u32 hops;		/* so many of its hops are done */
	bool inside;		/* it is in the middle of the next one, at: */
	struct wgm_place at;

	bool clearing;		/* what is stale is being taken away; so far up to: */
	struct wgm_place cleared;
	struct wgm_place clears_from;	/* in the message on its way */
};

/* Before a peer is told: parks what dormant peers have within its new prefixes.  -EMSGSIZE
 * when not all fits; the rest in another message.
 */
int wgm_park_inside(struct wgm_sync *sync, struct wgm_table *table, const struct wgm_peer *peer);

/* Parks those prefixes of a peer that lie within others': of one that is dormant, or, just
 * before its removal in the same message, of one that is evicted.  -EMSGSIZE.
 */
int wgm_park_own(struct wgm_sync *sync, struct wgm_table *table, const struct wgm_peer *peer);

/* The message that parks was successful: nobody else has what it parked, peers included that
 * are in WireGuard and not in the table.
 */
void wgm_park_note_parked(struct wgm_sync *sync, struct wgm_table *table);

/* Takes away what is parked and in nobody's table any more. */
void wgm_park_clear(struct wgm_sync *sync, struct wgm_table *table);
/* The message that did so was successful. */
void wgm_park_note_cleared(struct wgm_sync *sync, struct wgm_table *table);

/* The prefix has a peer in WireGuard again. */
void wgm_park_note_moved(struct wgm_table *table, struct wgm_prefix *prefix);

/* A message that parks, or takes away, has failed, and nothing is known of what it did in part:
 * all is parked again, and what nobody has any more is taken away again.
 */
void wgm_park_doubt(struct wgm_table *table);
/* WireGuard was seen without any of what is parked: all of it is parked again. */
void wgm_park_forget(struct wgm_table *table);

/* Removes the peer that has what is parked; with the mesh, and without the lock. */
void wgm_park_end(struct wgm_mesh *mesh);

#endif /* _WGM_PARK_H */
