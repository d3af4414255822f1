// SPDX-License-Identifier: GPL-2.0
#include <linux/sched.h>
#include <net/netlink.h>

#include "mesh.h"
#include "nexthop.h"
#include "park.h"
#include "peer.h"
#include "prefix.h"
#include "sync.h"
#include "table.h"
#include "wg.h"

#define ROOM_AFTER	512	/* for the peer that follows, and what ends the message */

/* The part of a message that is about the peer at which prefixes are parked. */
struct lot {
	struct wgm_sync *sync;
	const u8 *key;
	struct nlattr *nest;
	struct nlattr *ips;
};

static int put(struct lot *lot, const struct wgm_prefix *prefix)
{
	struct wgm_wg *wg = &lot->sync->wg;

	if (wgm_wg_room(wg) < WGM_WG_ALLOWED_IP_SIZE + ROOM_AFTER)
		return -EMSGSIZE;
	if (!lot->nest) {
		lot->nest = wgm_wg_put_peer(wg, lot->key, 0);
		lot->ips = nla_nest_start(wg->msg, WGPEER_A_ALLOWEDIPS);
	}
	return wgm_wg_put_allowed_ip(wg, prefix, 0);
}

static void end(struct lot *lot)
{
	if (!lot->nest)
		return;
	nla_nest_end(lot->sync->wg.msg, lot->ips);
	nla_nest_end(lot->sync->wg.msg, lot->nest);
	lot->sync->round->parks = true;
}

static int park(struct lot *lot, struct wgm_table *table, struct wgm_prefix *prefix)
{
	int err = put(lot, prefix);

	if (err)
		return err;
	lot->sync->parking = true;
	prefix->parked = WGM_PARKED;
	table->n_parked++;
	return 0;
}

static bool is_parked(const struct wgm_prefix *prefix)
{
	return prefix->parked == WGM_PARKED;
}

/* What dormant peers have within @outer. */
static int park_within(struct lot *lot, struct wgm_table *table, const struct wgm_prefix *outer)
{
	struct wgm_prefix *at = wgm_prefix_next(table, outer->bits, outer->addr, outer->len);
	int err = 0;

	for (; !err && at && wgm_prefix_holds(outer, at->addr);
	     at = wgm_prefix_next(table, at->bits, at->addr, at->len)) {
		if (!is_parked(at) && wgm_hop_chosen(table, at) && !wgm_hop_owner(table, at))
			err = park(lot, table, at);
		cond_resched();
	}
	return err;
}

int wgm_park_inside(struct wgm_sync *sync, struct wgm_table *table, const struct wgm_peer *peer)
{
	struct lot lot = { .sync = sync, .key = sync->parking_key };
	const struct wgm_hop *hop;
	int err = 0;

	if (!table->on_demand)
		return 0;
	for (hop = peer->hops; hop && !err; hop = hop->peer_next)
		if (!(hop->flags & WGM_HOP_ACKED) && wgm_hop_chosen(table, hop->prefix) == hop)
			err = park_within(&lot, table, hop->prefix);
	end(&lot);
	return err;
}

/* Whether the prefix lies within one of another peer that is in WireGuard. */
static bool is_covered(struct wgm_table *table, const struct wgm_prefix *prefix,
		       const struct wgm_peer *peer)
{
	const struct wgm_prefix *at = NULL;
	const struct wgm_hop *owner;

	while ((at = wgm_prefix_down(table, at, prefix))) {
		owner = wgm_hop_owner(table, at);
		if (owner && owner->peer != peer)
			return true;
	}
	return false;
}

int wgm_park_own(struct wgm_sync *sync, struct wgm_table *table, const struct wgm_peer *peer)
{
	struct lot lot = { .sync = sync, .key = sync->parking_key };
	const struct wgm_hop *hop;
	int err = 0;

	if (peer->marks & WGM_PEER_GONE)
		return 0;
	for (hop = peer->hops; hop && !err; hop = hop->peer_next)
		if (!is_parked(hop->prefix) && wgm_hop_chosen(table, hop->prefix) == hop &&
		    is_covered(table, hop->prefix, peer))
			err = park(&lot, table, hop->prefix);
	end(&lot);
	return err;
}

/* ---- away again ---- */

/* Calls @fn for all prefixes; it may take the one that it gets out of the table. */
static void for_each(struct wgm_table *table,
		     void (*fn)(struct wgm_table *table, struct wgm_prefix *prefix, void *arg),
		     void *arg)
{
	struct wgm_prefix *prefix;
	u8 bits, len, addr[16];

	for (bits = 32; bits <= 128; bits += 96) {
		prefix = wgm_prefix_next(table, bits, NULL, 0);
		while (prefix) {
			len = prefix->len;
			memcpy(addr, prefix->addr, bits / 8);
			fn(table, prefix, arg);
			prefix = wgm_prefix_next(table, bits, addr, len);
			cond_resched();
		}
	}
}

static void clear_stale(struct wgm_table *table, struct wgm_prefix *prefix, void *arg)
{
	struct lot *lot = arg;

	if (!is_parked(prefix) || rcu_access_pointer(prefix->hops))
		return;
	if (put(lot, prefix))
		table->stale_parks = true;
	else
		prefix->parked = WGM_PARKED_LEAVING;
}

void wgm_park_clear(struct wgm_sync *sync, struct wgm_table *table)
{
	/* This key's peer takes them along: it lives for the length of the message. */
	struct lot lot = { .sync = sync, .key = sync->sink_key };
	struct nlattr *nest;

	if (!table->stale_parks)
		return;
	table->stale_parks = false;
	for_each(table, clear_stale, &lot);
	end(&lot);
	if (!lot.nest)
		return;
	sync->round->unparks = true;
	nest = wgm_wg_put_peer(&sync->wg, sync->sink_key, WGPEER_F_REMOVE_ME);
	nla_nest_end(sync->wg.msg, nest);
}

static void free_place(struct wgm_table *table, struct wgm_prefix *prefix)
{
	if (prefix->parked == WGM_PARKED_NOT)
		return;
	prefix->parked = WGM_PARKED_NOT;
	table->n_parked--;
	if (rcu_access_pointer(prefix->hops))
		wgm_hop_kick(table, prefix);
	else
		wgm_prefix_prune(table, prefix);
}

static void note_cleared(struct wgm_table *table, struct wgm_prefix *prefix, void *arg)
{
	if (prefix->parked == WGM_PARKED_LEAVING)
		free_place(table, prefix);
}

void wgm_park_note_cleared(struct wgm_table *table)
{
	for_each(table, note_cleared, NULL);
}

void wgm_park_note_moved(struct wgm_table *table, struct wgm_prefix *prefix)
{
	if (prefix->parked == WGM_PARKED_NOT)
		return;
	prefix->parked = WGM_PARKED_NOT;
	table->n_parked--;
}

static void forget(struct wgm_table *table, struct wgm_prefix *prefix, void *arg)
{
	free_place(table, prefix);
}

void wgm_park_forget(struct wgm_table *table)
{
	for_each(table, forget, NULL);
}

void wgm_park_end(struct wgm_mesh *mesh)
{
	struct wgm_sync *sync = &mesh->sync;
	struct nlattr *nest;

	if (!sync->parking || !sync->wg.family || wgm_wg_set_begin(&sync->wg, mesh->ifindex))
		return;
	nest = wgm_wg_put_peer(&sync->wg, sync->parking_key,
			       WGPEER_F_REMOVE_ME | WGPEER_F_UPDATE_ONLY);
	nla_nest_end(sync->wg.msg, nest);
	/* A device that is gone has no peers either. */
	wgm_wg_set_send(&sync->wg);
}
