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
	struct wgm_round *round = lot->sync->round;
	int err = round->n_parked < WGM_ROUND_PARKED ? put(lot, prefix) : -EMSGSIZE;

	if (err)
		return err;
	lot->sync->parks = true;
	round->parked[round->n_parked++] = prefix;
	if (prefix->parked == WGM_PARKED_NOT)
		table->n_parked++;
	prefix->parked = WGM_PARKED;
	return 0;
}

static bool is_parked(const struct wgm_prefix *prefix)
{
	return prefix->parked == WGM_PARKED;
}

static void note_place(struct wgm_place *place, const struct wgm_prefix *prefix)
{
	place->bits = prefix->bits;
	place->len = prefix->len;
	memcpy(place->addr, prefix->addr, prefix->bits / 8);
}

/* What dormant peers have within @outer, from where the walk is. */
static int park_within(struct lot *lot, struct wgm_table *table, const struct wgm_prefix *outer)
{
	struct wgm_parking *walk = &lot->sync->parking;
	struct wgm_prefix *at;
	int err;

	if (!walk->inside)
		note_place(&walk->at, outer);
	walk->inside = true;
	while ((at = wgm_prefix_next(table, walk->at.bits, walk->at.addr, walk->at.len)) &&
	       wgm_prefix_holds(outer, at->addr)) {
		if (!is_parked(at) && wgm_hop_chosen(table, at) && !wgm_hop_owner(table, at)) {
			err = park(lot, table, at);
			if (err)
				return err;
		}
		note_place(&walk->at, at);
		cond_resched();
	}
	walk->inside = false;
	return 0;
}

static void begin_walk(struct wgm_parking *walk, const struct wgm_table *table,
		       const struct wgm_peer *peer)
{
	if (walk->begun && walk->peer == peer->id && walk->epoch == table->park_epoch)
		return;
	walk->begun = true;
	walk->peer = peer->id;
	walk->epoch = table->park_epoch;
	walk->hops = 0;
	walk->inside = false;
}

int wgm_park_inside(struct wgm_sync *sync, struct wgm_table *table, const struct wgm_peer *peer)
{
	struct lot lot = { .sync = sync, .key = sync->parking_key };
	struct wgm_parking *walk = &sync->parking;
	const struct wgm_hop *hop;
	int err = 0;
	u32 n = 0;

	if (!table->on_demand)
		return 0;
	begin_walk(walk, table, peer);
	for (hop = peer->hops; hop && !err; hop = hop->peer_next) {
		if (n++ < walk->hops)
			continue;
		if (!(hop->flags & WGM_HOP_ACKED) && wgm_hop_chosen(table, hop->prefix) == hop)
			err = park_within(&lot, table, hop->prefix);
		if (!err)
			walk->hops = n;
	}
	end(&lot);
	walk->begun = err;
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

/* The prefix behind @place, which moves to it; NULL at the end. */
static struct wgm_prefix *step(struct wgm_table *table, struct wgm_place *place)
{
	struct wgm_prefix *prefix;

	if (place->bits)
		prefix = wgm_prefix_next(table, place->bits, place->addr, place->len);
	else
		prefix = wgm_prefix_next(table, 32, NULL, 0);
	if (!prefix && place->bits != 128)
		prefix = wgm_prefix_next(table, 128, NULL, 0);
	if (prefix)
		note_place(place, prefix);
	return prefix;
}

static bool is_stale(const struct wgm_prefix *prefix)
{
	return prefix->parked && !rcu_access_pointer(prefix->hops);
}

/* As much as fits into the message. */
static void clear_some(struct lot *lot, struct wgm_table *table)
{
	struct wgm_parking *walk = &lot->sync->parking;
	struct wgm_place place = walk->cleared;
	struct wgm_prefix *prefix;

	while ((prefix = step(table, &place))) {
		if (is_stale(prefix)) {
			if (put(lot, prefix))
				return;
			prefix->parked = WGM_PARKED_LEAVING;
		}
		walk->cleared = place;
		cond_resched();
	}
	walk->clearing = false;
}

void wgm_park_clear(struct wgm_sync *sync, struct wgm_table *table)
{
	/* This key's peer takes them along: it lives for the length of the message. */
	struct lot lot = { .sync = sync, .key = sync->sink_key };
	struct wgm_parking *walk = &sync->parking;
	struct nlattr *nest;

	if (!walk->clearing) {
		if (!table->stale_parks)
			return;
		table->stale_parks = false;
		walk->clearing = true;
		walk->cleared = (struct wgm_place){ };
	}
	walk->clears_from = walk->cleared;
	clear_some(&lot, table);
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
	table->park_epoch++;
	if (rcu_access_pointer(prefix->hops))
		wgm_hop_kick(table, prefix);
	else
		wgm_prefix_prune(table, prefix);
}

static bool is_behind(const struct wgm_place *place, const struct wgm_place *end)
{
	int order;

	if (place->bits != end->bits)
		return place->bits > end->bits;
	order = memcmp(place->addr, end->addr, place->bits / 8);
	return order > 0 || (!order && place->len > end->len);
}

void wgm_park_note_cleared(struct wgm_sync *sync, struct wgm_table *table)
{
	struct wgm_place place = sync->parking.clears_from;
	struct wgm_prefix *prefix;

	/* It may leave the table: the next one is found without it. */
	while ((prefix = step(table, &place)) && !is_behind(&place, &sync->parking.cleared)) {
		if (prefix->parked == WGM_PARKED_LEAVING)
			free_place(table, prefix);
		cond_resched();
	}
}

void wgm_park_note_parked(struct wgm_sync *sync, struct wgm_table *table)
{
	unsigned int i;

	/* One of the others may be who is to have it by now. */
	for (i = 0; i < sync->round->n_parked; i++)
		if (wgm_hop_note_taken(table, sync->round->parked[i], NULL))
			wgm_hop_kick(table, sync->round->parked[i]);
}

void wgm_park_note_moved(struct wgm_table *table, struct wgm_prefix *prefix)
{
	if (prefix->parked == WGM_PARKED_NOT)
		return;
	prefix->parked = WGM_PARKED_NOT;
	table->n_parked--;
}

void wgm_park_doubt(struct wgm_table *table)
{
	struct wgm_place place = { };
	struct wgm_prefix *prefix;

	while ((prefix = step(table, &place))) {
		cond_resched();
		if (prefix->parked == WGM_PARKED_NOT)
			continue;
		prefix->parked = WGM_PARKED_MAYBE;
		table->park_epoch++;
		if (is_stale(prefix))
			table->stale_parks = true;
		else
			wgm_hop_kick(table, prefix);
	}
}

void wgm_park_forget(struct wgm_table *table)
{
	struct wgm_place place = { };
	struct wgm_prefix *prefix;

	/* It may leave the table: the next one is found without it. */
	while ((prefix = step(table, &place))) {
		free_place(table, prefix);
		cond_resched();
	}
}

void wgm_park_end(struct wgm_mesh *mesh)
{
	struct wgm_sync *sync = &mesh->sync;
	struct nlattr *nest;

	if (!sync->parks || !sync->wg.family || wgm_wg_set_begin(&sync->wg, mesh->ifindex))
		return;
	nest = wgm_wg_put_peer(&sync->wg, sync->parking_key,
			       WGPEER_F_REMOVE_ME | WGPEER_F_UPDATE_ONLY);
	nla_nest_end(sync->wg.msg, nest);
	/* A device that is gone has no peers either. */
	wgm_wg_set_send(&sync->wg);
}
