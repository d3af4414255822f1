/* SPDX-License-Identifier: GPL-2.0 */
/* Packets that wait until WireGuard has their peer.
 *
 * A peer has a queue only while packets wait for it.  What waits is bounded in
 * packets, bytes and time.  A peer becomes ACTIVE only here, when nothing waits for
 * it any more: so what is sent later does not overtake what was held.
 */
#ifndef _WGM_HOLD_H
#define _WGM_HOLD_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct sk_buff;
struct wgm_peer;
struct wgm_table;

#define WGM_HOLD_PEER_PACKETS	128
#define WGM_HOLD_PEER_BYTES	(1U << 20)
#define WGM_HOLD_PACKETS	4096
#define WGM_HOLD_BYTES		(16U << 20)
#define WGM_HOLD_TIMEOUT	(5 * HZ)

enum wgm_drop {
	WGM_DROP_OVERFLOW,	/* too many wait, or there is no memory */
	WGM_DROP_TIMEOUT,	/* its peer was not activated in time */
	WGM_DROP_ENDED,		/* its peer left, or the device went down */
	WGM_N_DROPS
};

struct wgm_holds {
	spinlock_t lock;	/* all below, and wgm_peer.hold; also from softirq */
	struct list_head list;	/* of queues, the oldest first */
	u32 packets;
	u32 bytes;		/* as the kernel accounts them (truesize) */
	bool closed;		/* nothing is taken any more */

	/* Since the mesh was made. */
	u64 held;
	u64 sent;
	u64 dropped[WGM_N_DROPS];
};

enum wgm_hold_verdict {
	WGM_HOLD_PASS,		/* the peer is ACTIVE by now */
	WGM_HOLD_DROP,
	WGM_HOLD_QUEUED,	/* the packet is ours */
	WGM_HOLD_FIRST,		/* so it is, and nothing waited for this peer before */
};

void wgm_holds_init(struct wgm_holds *holds);

/* Drops all that waits and takes nothing more.  Any context but hard interrupts. */
void wgm_holds_close(struct wgm_holds *holds);

/* Drops all that waits.  Any context but hard interrupts. */
void wgm_holds_purge(struct wgm_holds *holds);

/* Drops what has waited too long; jiffies until the next is due, 0 when none waits. */
unsigned long wgm_holds_expire(struct wgm_holds *holds);

/* Takes a packet to a peer that is not ACTIVE.  Under RCU, bottom halves disabled. */
enum wgm_hold_verdict wgm_hold_packet(struct wgm_holds *holds, struct wgm_peer *peer,
				      struct sk_buff *skb);

/* Counts a packet that cannot be taken for want of memory; the caller drops it.  As above. */
void wgm_hold_note_lost(struct wgm_holds *holds, struct wgm_peer *peer, struct sk_buff *skb);

/* All of these want the table's lock. */

/* A DORMANT peer for which packets wait, the first in the order of its oldest; may be NULL. */
struct wgm_peer *wgm_hold_next(struct wgm_table *table);

/* Whether packets wait for the peer. */
bool wgm_hold_waits(struct wgm_table *table, const struct wgm_peer *peer);

/* Sends what waits, in order; then the peer is ACTIVE.  May sleep. */
void wgm_hold_release(struct wgm_table *table, struct wgm_peer *peer);

/* Makes the peer ACTIVE unless packets wait for it; says whether. */
bool wgm_hold_skip(struct wgm_table *table, struct wgm_peer *peer);

/* Drops what waits for a peer that has left the table. */
void wgm_hold_end(struct wgm_table *table, struct wgm_peer *peer);

#endif /* _WGM_HOLD_H */
