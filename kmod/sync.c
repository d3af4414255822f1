// SPDX-License-Identifier: GPL-2.0
/* A round builds one SET message under the table's lock, sends it without the
 * lock, and then notes under the lock what WireGuard answered.
 *
 * While it is on its way a batch may change the very peers that it is about.  So
 * a round says with flags at the hops (ADDING, DROPPING) and in its entries what
 * the message tells, and a batch only queues the peers again.  A peer that
 * WireGuard may have (IN_WG) is not freed by a batch, so entries stay valid.
 *
 * Within and among messages the order is: additions and changes first, then
 * removals.  A prefix that moves from a peer that is removed is taken by the
 * addition to the other peer, at once, and is never without a peer.
 *
 * WireGuard applies a message up to the first peer that it refuses, and does not
 * say which: then each peer of the message is sent on its own.
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <net/netlink.h>

#include "admit.h"
#include "egress.h"
#include "events.h"
#include "evict.h"
#include "hold.h"
#include "identity.h"
#include "mesh.h"
#include "nexthop.h"
#include "park.h"
#include "peer.h"
#include "prefix.h"
#include "recall.h"
#include "survey.h"
#include "sync.h"
#include "trace.h"

#define BACKOFF_MAX	60	/* s */
#define REFRESH_MIN	NSEC_PER_SEC
#define WAITING_PAUSE	(HZ / 20 ?: 1)

/* Kept free while peers are put into a message: for the sink peer, for the start of
 * a peer and all its values, and for the removal of the one that it replaces.
 */
#define ROOM_SINK	128
#define ROOM_PEER	192
#define ROOM_OLD	64

/* ---- building ---- */

static bool wants_add(const struct wgm_table *table, const struct wgm_hop *hop)
{
	return wgm_hop_visible(hop) && !(hop->flags & WGM_HOP_ACKED) &&
	       wgm_hop_chosen(table, hop->prefix) == hop;
}

/* If another peer has the prefix now, adding it there takes it away here. */
static bool wants_drop(const struct wgm_table *table, const struct wgm_hop *hop)
{
	return hop->flags & WGM_HOP_IN_WG && !(hop->flags & WGM_HOP_DROPPING) &&
	       !wgm_hop_owner(table, hop->prefix);
}

static bool has_drops(const struct wgm_table *table, const struct wgm_peer *peer)
{
	const struct wgm_hop *hop;

	for (hop = peer->hops; hop; hop = hop->peer_next)
		if (wants_drop(table, hop))
			return true;
	return false;
}

static bool has_adds(const struct wgm_table *table, const struct wgm_peer *peer)
{
	const struct wgm_hop *hop;

	for (hop = peer->hops; hop; hop = hop->peer_next)
		if (wants_add(table, hop))
			return true;
	return false;
}

static void note_dropping(struct wgm_hop *hop)
{
	hop->flags |= WGM_HOP_DROPPING;
	hop->flags &= ~WGM_HOP_ACKED;
}

static int put_drop(struct wgm_sync *sync, struct wgm_hop *hop, u32 flags)
{
	int err = wgm_wg_put_allowed_ip(&sync->wg, hop->prefix, flags);

	if (!err)
		note_dropping(hop);
	return err;
}

/* -EMSGSIZE when not all fit; the rest follows in another message. */
static int put_hops(struct wgm_sync *sync, struct wgm_table *table, struct wgm_peer *peer)
{
	struct nlattr *ips = nla_nest_start(sync->wg.msg, WGPEER_A_ALLOWEDIPS);
	struct wgm_hop *hop;
	int err = 0;

	if (!ips)
		return -EMSGSIZE;
	for (hop = peer->hops; hop && !err; hop = hop->peer_next) {
		if (wgm_wg_room(&sync->wg) < WGM_WG_ALLOWED_IP_SIZE + ROOM_SINK) {
			err = -EMSGSIZE;
		} else if (wants_add(table, hop)) {
			err = wgm_wg_put_allowed_ip(&sync->wg, hop->prefix, 0);
			if (!err)
				hop->flags |= WGM_HOP_IN_WG | WGM_HOP_ADDING;
		} else if (sync->can_remove_ips && wants_drop(table, hop)) {
			err = put_drop(sync, hop, WGALLOWEDIP_F_REMOVE_ME);
			sync->round->removes_ips = true;
		}
	}
	nla_nest_end(sync->wg.msg, ips);
	return err;
}

/* For a peer that WireGuard does not have, or may have in part, all is told. */
static int put_values(struct wgm_sync *sync, const struct wgm_peer *peer, bool whole)
{
	bool leftover = whole && peer->marks & WGM_PEER_IN_WG;
	/* A new keepalive is sent at once, and WireGuard shakes hands for it. */
	bool call = whole && peer->marks & WGM_PEER_CALL;
	u16 keepalive = peer->keepalive ?: call ? U16_MAX : 0;
	const u8 *psk = wgm_peer_psk(peer);
	struct sk_buff *msg = sync->wg.msg;
	struct sockaddr_in6 sockaddr;
	int len;

	if (whole ? leftover || memchr_inv(psk, 0, WGMESH_KEY_LEN) : peer->dirty & WGM_DIRTY_PSK)
		if (nla_put(msg, WGPEER_A_PRESHARED_KEY, WGMESH_KEY_LEN, psk))
			return -EMSGSIZE;
	if (whole ? leftover || keepalive : peer->dirty & WGM_DIRTY_KEEPALIVE)
		if (nla_put_u16(msg, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, keepalive))
			return -EMSGSIZE;
	if (!whole && !(peer->dirty & WGM_DIRTY_ENDPOINT))
		return 0;
	len = wgm_endpoint_encode(wgm_peer_endpoint(peer), &sockaddr);
	return len ? nla_put(msg, WGPEER_A_ENDPOINT, len, &sockaddr) : 0;
}

static void add_entry(struct wgm_round *round, struct wgm_peer *peer, bool removal)
{
	round->entries[round->n++] = (struct wgm_round_entry){
		.peer = peer,
		.removal = removal,
		.renewal = peer->marks & WGM_PEER_RENEW,
		.dirty = peer->dirty,
	};
	peer->dirty = 0;
	peer->marks &= ~WGM_PEER_RENEW;
}

/* A peer that was removed and added again must not go on with its old session, endpoint or
 * key only because WireGuard was not told in between.
 */
static int put_end_of_old(struct wgm_sync *sync, struct wgm_peer *peer)
{
	struct nlattr *nest;
	struct wgm_hop *hop;

	if (!(peer->marks & WGM_PEER_RENEW))
		return 0;
	nest = wgm_wg_put_peer(&sync->wg, peer->key, WGPEER_F_REMOVE_ME | WGPEER_F_UPDATE_ONLY);
	if (!nest)
		return -EMSGSIZE;
	nla_nest_end(sync->wg.msg, nest);
	for (hop = peer->hops; hop; hop = hop->peer_next)
		hop->flags &= ~WGM_HOP_WG_MASK;
	return 0;
}

/* An update must not bring back a peer that somebody took from WireGuard: that is
 * left to the survey, which tells all of it.
 */
static int put_update(struct wgm_sync *sync, struct wgm_table *table, struct wgm_peer *peer)
{
	bool whole = peer->state != WGMESH_PEER_STATE_ACTIVE || peer->marks & WGM_PEER_RENEW;
	struct nlattr *nest;
	int err;

	if (wgm_wg_room(&sync->wg) < ROOM_PEER + ROOM_OLD + ROOM_SINK)
		return -EMSGSIZE;
	if (!whole && !peer->dirty && !has_adds(table, peer) && !has_drops(table, peer))
		return 0;
	err = wgm_park_inside(sync, table, peer);
	if (!err)
		err = put_end_of_old(sync, peer);
	if (err)
		return err;
	nest = wgm_wg_put_peer(&sync->wg, peer->key, whole ? 0 : WGPEER_F_UPDATE_ONLY);
	if (!nest)
		return -EMSGSIZE;
	err = put_values(sync, peer, whole);
	if (err) {
		nla_nest_cancel(sync->wg.msg, nest);
		return err;
	}
	/* What does not fit keeps the peer in the queue: see note_update(). */
	put_hops(sync, table, peer);
	nla_nest_end(sync->wg.msg, nest);
	add_entry(sync->round, peer, false);
	peer->marks |= WGM_PEER_IN_WG;
	return 0;
}

static int put_removal(struct wgm_sync *sync, struct wgm_table *table, struct wgm_peer *peer)
{
	struct nlattr *nest;
	struct wgm_hop *hop;
	int err;

	err = wgm_park_own(sync, table, peer);
	if (err)
		return err;
	nest = wgm_wg_put_peer(&sync->wg, peer->key, WGPEER_F_REMOVE_ME | WGPEER_F_UPDATE_ONLY);
	if (!nest)
		return -EMSGSIZE;
	nla_nest_end(sync->wg.msg, nest);
	add_entry(sync->round, peer, true);
	wgm_peer_set_state(table, peer, WGMESH_PEER_STATE_EVICTING);
	for (hop = peer->hops; hop; hop = hop->peer_next)
		hop->flags &= ~WGM_HOP_ACKED;
	return 0;
}

/* Without a way to take one prefix from a peer it is given to a peer of a random
 * key that lives for the length of this message only, and takes it along.
 */
static void put_sink(struct wgm_sync *sync, struct wgm_table *table)
{
	struct nlattr *nest = NULL, *ips = NULL;
	struct wgm_hop *hop;
	unsigned int i;

	for (i = 0; i < sync->round->n; i++) {
		if (sync->round->entries[i].removal)
			continue;
		for (hop = sync->round->entries[i].peer->hops; hop; hop = hop->peer_next) {
			if (!wants_drop(table, hop))
				continue;
			/* Parking took it from the peer; here it would be taken from there. */
			if (hop->prefix->parked == WGM_PARKED) {
				note_dropping(hop);
				continue;
			}
			if (!nest) {
				nest = wgm_wg_put_peer(&sync->wg, sync->sink_key, 0);
				ips = nla_nest_start(sync->wg.msg, WGPEER_A_ALLOWEDIPS);
			}
			/* The rest in another message: see note_update(). */
			if (wgm_wg_room(&sync->wg) < WGM_WG_ALLOWED_IP_SIZE + ROOM_SINK / 2)
				goto out;
			put_drop(sync, hop, 0);
		}
	}
	if (!nest)
		return;
out:
	nla_nest_end(sync->wg.msg, ips);
	nla_nest_end(sync->wg.msg, nest);
	nest = wgm_wg_put_peer(&sync->wg, sync->sink_key, WGPEER_F_REMOVE_ME);
	nla_nest_end(sync->wg.msg, nest);
}

/* A peer that neither the table nor WireGuard has any more. */
static void release(struct wgm_table *table, struct wgm_peer *peer)
{
	wgm_peer_set_state(table, peer, WGMESH_PEER_STATE_DORMANT);
	wgm_peer_sweep(table, peer);
	wgm_peer_free(table, peer);
}

/* Those for which packets wait have a message of their own, and so a quick answer. */
static void put_updates(struct wgm_mesh *mesh, unsigned int max)
{
	struct wgm_table *table = &mesh->table;
	struct wgm_queue *queue = table->urgent.head ? &table->urgent : &table->updates;
	struct wgm_sync *sync = &mesh->sync;
	struct wgm_peer *peer;

	while (sync->round->n < max && (peer = wgm_queue_pop(queue))) {
		if (peer->marks & WGM_PEER_GONE) {
			if (peer->marks & WGM_PEER_IN_WG)
				wgm_peer_queue(table, peer);
			else
				release(table, peer);
		} else if (!wgm_peer_is_awake(peer)) {
			if (!wgm_park_own(sync, table, peer))
				continue;
			wgm_queue_unpop(queue, peer);
			break;
		} else if (wgm_table_is_own_key(table, peer->key)) {
			/* WireGuard would say nothing, and do nothing. */
			trace_wgm_wg_refused(mesh, peer, 1, -EINVAL);
			wgm_event_fault(mesh, peer, -EINVAL);
			wgm_queue_push(&table->retries, peer);
		} else if (put_update(sync, table, peer)) {
			wgm_queue_unpop(queue, peer);
			break;
		}
	}
}

static void put_removals(struct wgm_mesh *mesh, unsigned int max)
{
	struct wgm_table *table = &mesh->table;
	struct wgm_sync *sync = &mesh->sync;
	struct wgm_peer *peer;

	while (max && (peer = wgm_queue_pop(&table->removals))) {
		if (!wgm_peer_must_leave(peer)) {
			wgm_queue_push(&table->updates, peer);
		} else if (!(peer->marks & WGM_PEER_IN_WG)) {
			release(table, peer);
		} else if (!put_removal(sync, table, peer)) {
			max--;
		} else {
			wgm_queue_unpop(&table->removals, peer);
			break;
		}
	}
}

static int build(struct wgm_mesh *mesh)
{
	struct wgm_table *table = &mesh->table;
	struct wgm_sync *sync = &mesh->sync;
	int err;

	sync->round->n = 0;
	sync->round->n_parked = 0;
	sync->round->removes_ips = false;
	sync->round->parks = false;
	sync->round->unparks = false;
	err = wgm_wg_set_begin(&sync->wg, mesh->ifindex);
	if (err)
		return err;
	wgm_egress_wake(mesh);
	wgm_park_clear(sync, table);
	put_updates(mesh, sync->singly ? 1 : WGM_ROUND_UPDATES);
	if (!sync->can_remove_ips)
		put_sink(sync, table);
	if (!table->urgent.head && !table->updates.head && (!sync->singly || !sync->round->n) &&
	    wgm_wg_room(&sync->wg) > ROOM_PEER * WGM_ROUND_REMOVALS)
		put_removals(mesh, sync->singly ? 1 : WGM_ROUND_REMOVALS);
	return 0;
}

/* ---- noting the answer ---- */

static void note_added(struct wgm_table *table, struct wgm_hop *hop)
{
	hop->flags &= ~WGM_HOP_ADDING;
	hop->flags |= WGM_HOP_IN_WG | WGM_HOP_ACKED;
	wgm_park_note_moved(table, hop->prefix);
	wgm_hop_note_taken(table, hop->prefix, hop);
	/* A batch may have chosen another peer meanwhile, or nobody. */
	wgm_hop_kick(table, hop->prefix);
}

/* WireGuard has sent a keepalive, and so an initiation; there need be no other. */
static void note_called(struct wgm_table *table, struct wgm_peer *peer)
{
	peer->marks &= ~WGM_PEER_CALL;
	peer->dirty |= WGM_DIRTY_KEEPALIVE;
	wgm_peer_queue(table, peer);
}

/* WireGuard has the peer: what waited for it may go. */
static void note_awake(struct wgm_mesh *mesh, struct wgm_peer *peer)
{
	struct wgm_table *table = &mesh->table;
	bool came = table->lazy && peer->state == WGMESH_PEER_STATE_ACTIVATING;

	if (wgm_hold_waits(table, peer) || peer->marks & WGM_PEER_CALL)
		wgm_admit_note_call(mesh, peer);
	if (peer->marks & WGM_PEER_CALL)
		note_called(table, peer);
	wgm_hold_release(table, peer);
	if (!came || peer->marks & WGM_PEER_GONE)
		return;
	if (peer->extra)
		peer->extra->quiet_since = 0;
	atomic64_inc(&mesh->stats.activated);
	trace_wgm_activated(mesh, peer);
	wgm_event_peer(mesh, peer, WGMESH_PEER_REASON_ACTIVATED);
}

static void note_update(struct wgm_mesh *mesh, const struct wgm_round_entry *entry)
{
	struct wgm_table *table = &mesh->table;
	struct wgm_peer *peer = entry->peer;
	bool unfinished;
	struct wgm_hop *hop;

	peer->marks &= ~WGM_PEER_FAULTY;
	for (hop = peer->hops; hop; hop = hop->peer_next) {
		if (hop->flags & WGM_HOP_ADDING) {
			note_added(table, hop);
		} else if (hop->flags & WGM_HOP_DROPPING) {
			hop->flags &= ~WGM_HOP_WG_MASK;
			wgm_hop_kick(table, hop->prefix);
		}
	}
	wgm_peer_sweep(table, peer);
	/* A batch that removed it meanwhile found the peer in WireGuard, and queued it. */
	unfinished = !(peer->marks & WGM_PEER_GONE) && has_adds(table, peer);
	if (!unfinished || !wgm_hold_waits(table, peer))
		note_awake(mesh, peer);
	if (unfinished || (!(peer->marks & WGM_PEER_GONE) && has_drops(table, peer)))
		wgm_peer_queue(table, peer);
}

/* It is dormant again; what arrived for it meanwhile brings it back. */
static void note_evicted(struct wgm_mesh *mesh, struct wgm_peer *peer)
{
	struct wgm_peer_extra *extra = peer->extra;

	wgm_peer_sweep(&mesh->table, peer);
	wgm_peer_set_state(&mesh->table, peer, WGMESH_PEER_STATE_DORMANT);
	if (extra) {
		extra->past_rx_bytes = extra->rx_bytes;
		extra->past_tx_bytes = extra->tx_bytes;
		extra->quiet_since = 0;
	}
	wgm_recall_note_evicted(&mesh->doorman.recall, peer);
	atomic64_inc(&mesh->stats.evicted);
	trace_wgm_evicted(mesh, peer);
	wgm_event_peer(mesh, peer, WGMESH_PEER_REASON_EVICTED);
}

static void note_removal(struct wgm_mesh *mesh, const struct wgm_round_entry *entry)
{
	struct wgm_table *table = &mesh->table;
	struct wgm_peer *peer = entry->peer;
	struct wgm_hop *hop;

	peer->marks &= ~(WGM_PEER_IN_WG | WGM_PEER_FAULTY | WGM_PEER_RENEW);
	for (hop = peer->hops; hop; hop = hop->peer_next)
		hop->flags &= ~WGM_HOP_WG_MASK;
	if (!(peer->marks & WGM_PEER_GONE) && peer->state == WGMESH_PEER_STATE_EVICTING) {
		note_evicted(mesh, peer);
	} else if (!(peer->marks & WGM_PEER_GONE)) {
		/* A batch brought it back meanwhile. */
		wgm_peer_set_state(table, peer, WGMESH_PEER_STATE_ACTIVATING);
		wgm_peer_sweep(table, peer);
		wgm_peer_queue(table, peer);
	} else if (!(peer->marks & WGM_PEER_QUEUED)) {
		release(table, peer);
	}
}

static void note_success(struct wgm_mesh *mesh)
{
	const struct wgm_round *round = mesh->sync.round;
	unsigned int i;

	mesh->sync.proven |= round->removes_ips;
	if (round->unparks)
		wgm_park_note_cleared(&mesh->sync, &mesh->table);
	wgm_park_note_parked(&mesh->sync, &mesh->table);
	for (i = 0; i < round->n; i++) {
		if (round->entries[i].removal) {
			note_removal(mesh, &round->entries[i]);
			atomic64_inc(&mesh->stats.wg_removals);
		} else {
			note_update(mesh, &round->entries[i]);
			atomic64_inc(&mesh->stats.wg_updates);
		}
	}
}

/* The message may have given the prefix to the hop's peer, or not. */
static void note_not_added(struct wgm_table *table, struct wgm_hop *hop)
{
	struct wgm_hop *other;

	hop->flags &= ~WGM_HOP_ADDING;
	wgm_for_each_hop(table, other, hop->prefix)
		other->flags &= ~WGM_HOP_ACKED;
	wgm_hop_kick(table, hop->prefix);
}

/* Nothing is known of what the message did in part: it is all told again. */
static void note_failed_entry(struct wgm_table *table, const struct wgm_round_entry *entry)
{
	struct wgm_peer *peer = entry->peer;
	struct wgm_hop *hop;

	peer->dirty |= entry->dirty;
	if (entry->renewal)
		peer->marks |= WGM_PEER_RENEW;
	for (hop = peer->hops; hop; hop = hop->peer_next) {
		if (hop->flags & WGM_HOP_ADDING)
			note_not_added(table, hop);
		hop->flags &= ~WGM_HOP_DROPPING;
	}
	/* A peer that may have left stays until it is tried again. */
	if (entry->removal && !(peer->marks & WGM_PEER_GONE))
		wgm_peer_set_state(table, peer, WGMESH_PEER_STATE_ACTIVATING);
}

/* Whether it can be the fault of one peer in a message. */
static bool is_about_a_peer(int err)
{
	switch (err) {
	case -ENOMEM:
	case -ENOBUFS:
	case -EAGAIN:
	case -EINTR:
	case -EPERM:
	case -ENODEV:	/* the device is going */
	case -ENOENT:	/* WireGuard is gone */
		return false;
	}
	return true;
}

/* Back into the queue, in the order that they had. */
static void requeue(struct wgm_mesh *mesh)
{
	const struct wgm_round *round = mesh->sync.round;
	struct wgm_table *table = &mesh->table;
	struct wgm_peer *peer;
	unsigned int i;

	for (i = round->n; i-- > 0;) {
		peer = round->entries[i].peer;
		wgm_queue_unpop(peer->marks & WGM_PEER_GONE ? &table->removals : &table->updates,
				peer);
	}
}

/* WireGuard before 6.16 does not know the flag. */
static bool is_about_removal_of_ips(struct wgm_sync *sync, int err)
{
	return err == -EINVAL && sync->round->removes_ips && !sync->proven;
}

/* The peers of the round go where they are tried again: at once, or after a while. */
static int queue_failed(struct wgm_mesh *mesh, int err)
{
	const struct wgm_round *round = mesh->sync.round;
	bool about_peer = round->n && is_about_a_peer(err);
	unsigned int i;

	if (is_about_removal_of_ips(&mesh->sync, err)) {
		mesh->sync.can_remove_ips = false;
		requeue(mesh);
		return 1;
	}
	atomic64_inc(&mesh->stats.wg_errors);
	if (about_peer && round->n > 1) {
		trace_wgm_wg_refused(mesh, NULL, round->n, err);
		requeue(mesh);
		mesh->sync.singly = round->n;
		return 1;
	}
	trace_wgm_wg_refused(mesh, about_peer ? round->entries[0].peer : NULL, round->n, err);
	wgm_event_fault(mesh, about_peer ? round->entries[0].peer : NULL, err);
	for (i = 0; i < round->n; i++)
		wgm_queue_push(&mesh->table.retries, round->entries[i].peer);
	return about_peer ? 1 : err;
}

/* 1 when the worker may go on with other peers, else the error.  The peers are queued
 * first: what is noted then must not put them into a queue that is not for them.
 */
static int note_failure(struct wgm_mesh *mesh, int err)
{
	const struct wgm_round *round = mesh->sync.round;
	unsigned int i;

	err = queue_failed(mesh, err);
	if (round->parks)
		wgm_park_doubt(&mesh->table);
	for (i = 0; i < round->n; i++)
		note_failed_entry(&mesh->table, &round->entries[i]);
	return err;
}

/* ---- the worker ---- */

static bool retry_is_due(const struct wgm_sync *sync)
{
	return !sync->backoff || time_after_eq(jiffies, sync->retry_at);
}

/* Longer each time, but the worker may run earlier for something else. */
static void schedule_retry(struct wgm_mesh *mesh)
{
	struct wgm_sync *sync = &mesh->sync;

	if (retry_is_due(sync)) {
		sync->backoff = clamp(sync->backoff * 2, 1U, BACKOFF_MAX);
		sync->failed_at = jiffies;
		sync->retry_at = sync->failed_at + sync->backoff * HZ;
	}
	wgm_mesh_queue(mesh, &sync->work, max_t(long, sync->retry_at - jiffies, 1));
}

/* 1: go on, 0: nothing left to do, or what is wrong. */
static int run_round(struct wgm_mesh *mesh)
{
	struct wgm_table *table = &mesh->table;
	struct wgm_sync *sync = &mesh->sync;
	int err, more;

	wgm_table_lock(table);
	err = build(mesh);
	more = table->urgent.head || table->updates.head || table->removals.head;
	table->in_flight = err ? 0 : sync->round->n;
	wgm_table_unlock(table);
	if (err)
		return err;
	if (!sync->round->n && !sync->round->parks)
		return more;

	atomic64_inc(&mesh->stats.wg_messages);
	err = wgm_wg_set_send(&sync->wg);
	if (sync->singly)
		sync->singly--;

	wgm_table_lock(table);
	if (err)
		err = note_failure(mesh, err);
	else
		note_success(mesh);
	table->in_flight = 0;
	wgm_table_unlock(table);
	wgm_doorman_attend(mesh);
	return err ? err : 1;
}

/* Peers that WireGuard refused go back to their queues when their time has come. */
static void revive_retries(struct wgm_mesh *mesh)
{
	struct wgm_table *table = &mesh->table;
	struct wgm_sync *sync = &mesh->sync;
	struct wgm_peer *peer;

	if (xchg(&sync->hurry, false) && time_before(sync->failed_at + HZ, sync->retry_at))
		sync->retry_at = sync->failed_at + HZ;
	if (!retry_is_due(sync))
		return;
	wgm_table_lock(table);
	while ((peer = wgm_queue_pop(&table->retries))) {
		wgm_peer_queue(table, peer);
		atomic64_inc(&mesh->stats.wg_retries);
		trace_wgm_retried(mesh, peer);
	}
	wgm_table_unlock(table);
}

/* The first survey must succeed before anything is told to WireGuard; a later one
 * that fails is asked for again by whoever wants to know.
 */
static int survey(struct wgm_mesh *mesh)
{
	struct wgm_sync *sync = &mesh->sync;
	int err;

	if (!xchg(&sync->survey_due, false))
		return 0;
	err = wgm_survey(mesh);
	if (!err)
		wgm_evict(mesh);
	if (!err || sync->surveyed_at)
		return 0;
	WRITE_ONCE(sync->survey_due, true);
	return err;
}

/* Finds WireGuard, and learns what it has. */
static int prepare(struct wgm_mesh *mesh)
{
	int err;

	err = wgm_wg_resolve(&mesh->sync.wg);
	if (!err)
		err = wgm_identity_read(mesh);
	if (!err)
		err = survey(mesh);
	if (!err)
		return 0;
	atomic64_inc(&mesh->stats.wg_errors);
	if (retry_is_due(&mesh->sync)) {
		wgm_table_lock(&mesh->table);
		wgm_event_fault(mesh, NULL, err);
		wgm_table_unlock(&mesh->table);
	}
	return err;
}

/* Packets may wait for the rate, or for room below active-max. */
static void attend_waiting(struct wgm_mesh *mesh)
{
	struct wgm_table *table = &mesh->table;
	bool waiting, full;

	wgm_table_lock(table);
	waiting = wgm_hold_next(table);
	full = table->n_awake >= READ_ONCE(mesh->active_max);
	if (!table->lazy && !wgm_table_pending(table))
		WRITE_ONCE(table->on_demand, false);
	wgm_table_unlock(table);
	if (waiting && full)
		wgm_sync_refresh(mesh);
	if (waiting)
		wgm_mesh_queue(mesh, &mesh->sync.work, WAITING_PAUSE);
}

/* An eviction that was ordered may have to wait for its peer: it comes after the next survey. */
static void attend_evictions(struct wgm_mesh *mesh)
{
	unsigned long pause = wgm_sync_refresh(mesh);

	if (pause)
		wgm_mesh_queue(mesh, &mesh->sync.work, pause);
}

static void work(struct work_struct *work)
{
	struct wgm_mesh *mesh = container_of(to_delayed_work(work), struct wgm_mesh, sync.work);
	int err, more;

	if (wgm_mesh_dying(mesh))
		return;
	revive_retries(mesh);
	err = prepare(mesh);
	for (more = 1; !err && more && !wgm_mesh_dying(mesh);) {
		more = run_round(mesh);
		err = min(more, 0);
		wgm_events_flush_due(mesh);
		cond_resched();
	}
	if (READ_ONCE(mesh->table.on_demand))
		attend_waiting(mesh);
	if (!err && READ_ONCE(mesh->sync.evictions_due))
		attend_evictions(mesh);
	if (err || READ_ONCE(mesh->table.retries.n))
		schedule_retry(mesh);
	else
		mesh->sync.backoff = 0;
}

void wgm_sync_kick(struct wgm_mesh *mesh)
{
	WRITE_ONCE(mesh->sync.hurry, true);
	wgm_mesh_queue(mesh, &mesh->sync.work, 0);
}

unsigned long wgm_sync_refresh(struct wgm_mesh *mesh)
{
	u64 pause = max_t(u64, REFRESH_MIN, 10 * READ_ONCE(mesh->sync.survey_took));
	u64 last = READ_ONCE(mesh->sync.surveyed_at);
	u64 age = ktime_get_boottime_ns() - last;

	if (last && age < pause)
		return nsecs_to_jiffies(pause - age) + 1;
	WRITE_ONCE(mesh->sync.survey_due, true);
	wgm_mesh_queue(mesh, &mesh->sync.work, 0);
	return 0;
}

int wgm_sync_init(struct wgm_sync *sync, struct net *net)
{
	int err;

	INIT_DELAYED_WORK(&sync->work, work);
	sync->survey_due = true;
	sync->can_remove_ips = true;
	get_random_bytes(sync->sink_key, sizeof(sync->sink_key));
	get_random_bytes(sync->parking_key, sizeof(sync->parking_key));
	sync->round = kvmalloc(sizeof(*sync->round), GFP_KERNEL);
	if (!sync->round)
		return -ENOMEM;
	err = wgm_wg_open(&sync->wg, net);
	if (err) {
		kvfree(sync->round);
		sync->round = NULL;
	}
	return err;
}

void wgm_sync_fini(struct wgm_sync *sync)
{
	wgm_wg_close(&sync->wg);
	kvfree(sync->round);
	sync->round = NULL;
}
