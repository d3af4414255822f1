// SPDX-License-Identifier: GPL-2.0
/* A queue is made and filled by the data path under RCU, and ended by the worker or by
 * the end of its peer.  The data path looks at the peer's marks under the lock, and a
 * peer is marked GONE before its queue is ended: so none is made behind its back.
 *
 * A packet holds no reference to its device.  Whoever takes one out to send it gets
 * one under the lock, and the queues are emptied under the lock before a device may go.
 */
#include <linux/jiffies.h>
#include <linux/netdevice.h>
#include <linux/netfilter_netdev.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <net/dst.h>

#include "hold.h"
#include "mesh.h"
#include "peer.h"
#include "table.h"
#include "trace.h"

struct wgm_hold {
	struct list_head list;
	struct wgm_peer *peer;
	struct sk_buff_head packets;	/* its own lock is not used */
	u32 bytes;
	unsigned long since;		/* jiffies */
};

static struct wgm_mesh *mesh_of(struct wgm_holds *holds)
{
	return container_of(holds, struct wgm_mesh, table.holds);
}

void wgm_holds_init(struct wgm_holds *holds)
{
	spin_lock_init(&holds->lock);
	INIT_LIST_HEAD(&holds->list);
}

static struct sk_buff *take(struct wgm_holds *holds, struct wgm_hold *hold)
{
	struct sk_buff *skb = __skb_dequeue(&hold->packets);

	if (!skb)
		return NULL;
	hold->bytes -= skb->truesize;
	holds->bytes -= skb->truesize;
	holds->packets--;
	return skb;
}

static void free_hold(struct wgm_hold *hold)
{
	WRITE_ONCE(hold->peer->hold, NULL);
	list_del(&hold->list);
	kfree(hold);
}

static void note_drop(struct wgm_holds *holds, const struct wgm_peer *peer,
		      const struct sk_buff *skb, enum wgm_drop why)
{
	lockdep_assert_held(&holds->lock);
	holds->dropped[why]++;
	trace_wgm_dropped(mesh_of(holds), peer, skb, why);
}

static void drop_hold(struct wgm_holds *holds, struct wgm_hold *hold, enum wgm_drop why)
{
	struct sk_buff *skb;

	while ((skb = take(holds, hold))) {
		note_drop(holds, hold->peer, skb, why);
		kfree_skb(skb);
	}
	free_hold(hold);
}

static void purge(struct wgm_holds *holds)
{
	struct wgm_hold *hold, *next;

	list_for_each_entry_safe(hold, next, &holds->list, list)
		drop_hold(holds, hold, WGM_DROP_ENDED);
}

void wgm_holds_purge(struct wgm_holds *holds)
{
	spin_lock_bh(&holds->lock);
	purge(holds);
	spin_unlock_bh(&holds->lock);
}

void wgm_holds_close(struct wgm_holds *holds)
{
	spin_lock_bh(&holds->lock);
	holds->closed = true;
	purge(holds);
	spin_unlock_bh(&holds->lock);
}

unsigned long wgm_holds_expire(struct wgm_holds *holds)
{
	struct wgm_hold *hold, *next;
	unsigned long left = 0;

	spin_lock_bh(&holds->lock);
	list_for_each_entry_safe(hold, next, &holds->list, list) {
		if (time_before(jiffies, hold->since + WGM_HOLD_TIMEOUT)) {
			left = hold->since + WGM_HOLD_TIMEOUT - jiffies;
			break;
		}
		drop_hold(holds, hold, WGM_DROP_TIMEOUT);
	}
	spin_unlock_bh(&holds->lock);
	return left;
}

/* ---- the data path ---- */

static struct wgm_hold *new_hold(struct wgm_holds *holds, struct wgm_peer *peer)
{
	struct wgm_hold *hold = kmalloc(sizeof(*hold), GFP_ATOMIC | __GFP_NOWARN);

	if (!hold)
		return NULL;
	hold->peer = peer;
	hold->bytes = 0;
	hold->since = jiffies;
	__skb_queue_head_init(&hold->packets);
	list_add_tail(&hold->list, &holds->list);
	WRITE_ONCE(peer->hold, hold);
	return hold;
}

static bool fits(const struct wgm_holds *holds, const struct wgm_hold *hold,
		 const struct sk_buff *skb)
{
	if (holds->packets >= WGM_HOLD_PACKETS || holds->bytes + skb->truesize > WGM_HOLD_BYTES)
		return false;
	return !hold || (skb_queue_len(&hold->packets) < WGM_HOLD_PEER_PACKETS &&
			 hold->bytes + skb->truesize <= WGM_HOLD_PEER_BYTES);
}

static enum wgm_hold_verdict hold_locked(struct wgm_holds *holds, struct wgm_peer *peer,
					 struct sk_buff *skb)
{
	struct wgm_hold *hold = peer->hold;
	bool first = !hold;

	if (READ_ONCE(peer->state) == WGMESH_PEER_STATE_ACTIVE)
		return WGM_HOLD_PASS;
	if (holds->closed || READ_ONCE(peer->marks) & WGM_PEER_GONE) {
		note_drop(holds, peer, skb, WGM_DROP_ENDED);
		return WGM_HOLD_DROP;
	}
	if (fits(holds, hold, skb) && !hold)
		hold = new_hold(holds, peer);
	if (!hold || !fits(holds, hold, skb)) {
		note_drop(holds, peer, skb, WGM_DROP_OVERFLOW);
		return WGM_HOLD_DROP;
	}
	__skb_queue_tail(&hold->packets, skb);
	hold->bytes += skb->truesize;
	holds->bytes += skb->truesize;
	holds->packets++;
	holds->held++;
	trace_wgm_held(mesh_of(holds), peer, skb);
	return first ? WGM_HOLD_FIRST : WGM_HOLD_QUEUED;
}

enum wgm_hold_verdict wgm_hold_packet(struct wgm_holds *holds, struct wgm_peer *peer,
				      struct sk_buff *skb)
{
	enum wgm_hold_verdict verdict;

	spin_lock(&holds->lock);
	verdict = hold_locked(holds, peer, skb);
	spin_unlock(&holds->lock);
	return verdict;
}

void wgm_hold_note_lost(struct wgm_holds *holds, struct wgm_peer *peer, struct sk_buff *skb)
{
	spin_lock(&holds->lock);
	note_drop(holds, peer, skb, WGM_DROP_OVERFLOW);
	spin_unlock(&holds->lock);
}

/* ---- the worker ---- */

struct wgm_peer *wgm_hold_next(struct wgm_table *table)
{
	struct wgm_holds *holds = &table->holds;
	struct wgm_peer *peer = NULL;
	struct wgm_hold *hold;

	lockdep_assert_held(&table->lock);
	spin_lock_bh(&holds->lock);
	list_for_each_entry(hold, &holds->list, list) {
		if (hold->peer->state != WGMESH_PEER_STATE_DORMANT)
			continue;
		peer = hold->peer;
		break;
	}
	spin_unlock_bh(&holds->lock);
	return peer;
}

bool wgm_hold_waits(struct wgm_table *table, const struct wgm_peer *peer)
{
	lockdep_assert_held(&table->lock);
	return READ_ONCE(peer->hold);
}

bool wgm_hold_skip(struct wgm_table *table, struct wgm_peer *peer)
{
	struct wgm_holds *holds = &table->holds;
	bool idle;

	spin_lock_bh(&holds->lock);
	idle = !peer->hold;
	if (idle)
		wgm_peer_set_state(table, peer, WGMESH_PEER_STATE_ACTIVE);
	spin_unlock_bh(&holds->lock);
	return idle;
}

/* The next packet to send, with a reference to its device.  When there is none, or
 * no @more is wanted, the peer is ACTIVE.
 */
static struct sk_buff *take_or_activate(struct wgm_table *table, struct wgm_peer *peer, bool more)
{
	struct wgm_holds *holds = &table->holds;
	struct sk_buff *skb = NULL;

	spin_lock_bh(&holds->lock);
	if (peer->hold && more)
		skb = take(holds, peer->hold);
	if (skb) {
		dev_hold(skb->dev);
		holds->sent++;
		trace_wgm_sent(mesh_of(holds), peer, skb);
	} else {
		if (peer->hold)
			drop_hold(holds, peer->hold, WGM_DROP_OVERFLOW);
		wgm_peer_set_state(table, peer, WGMESH_PEER_STATE_ACTIVE);
	}
	spin_unlock_bh(&holds->lock);
	return skb;
}

void wgm_hold_release(struct wgm_table *table, struct wgm_peer *peer)
{
	/* Senders may be faster than this loop. */
	unsigned int budget = 4 * WGM_HOLD_PEER_PACKETS;
	struct net_device *dev;
	struct sk_buff *skb;

	while ((skb = take_or_activate(table, peer, budget))) {
		budget--;
		dev = skb->dev;
#ifdef CONFIG_NETFILTER_SKIP_EGRESS
		nf_skip_egress(skb, true);
#endif
		dev_queue_xmit(skb);
		dev_put(dev);
	}
}

void wgm_hold_end(struct wgm_table *table, struct wgm_peer *peer)
{
	struct wgm_holds *holds = &table->holds;

	lockdep_assert_held(&table->lock);
	spin_lock_bh(&holds->lock);
	if (peer->hold)
		drop_hold(holds, peer->hold, WGM_DROP_ENDED);
	spin_unlock_bh(&holds->lock);
}
