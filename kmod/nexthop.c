// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>

#include "nexthop.h"
#include "peer.h"
#include "prefix.h"
#include "table.h"

static struct kmem_cache *hop_cache;

/* After all hops whose metric is not greater. */
static void link_hop(struct wgm_table *table, struct wgm_hop *hop)
{
	struct wgm_hop __rcu **link = &hop->prefix->hops;
	struct wgm_hop *next;

	while ((next = wgm_table_deref(table, *link)) && next->metric <= hop->metric)
		link = &next->next;
	RCU_INIT_POINTER(hop->next, next);
	rcu_assign_pointer(*link, hop);
}

static void unlink_hop(struct wgm_table *table, struct wgm_hop *hop)
{
	struct wgm_hop __rcu **link = &hop->prefix->hops;
	struct wgm_hop *at;

	while ((at = wgm_table_deref(table, *link)) != hop)
		link = &at->next;
	rcu_assign_pointer(*link, wgm_table_deref(table, hop->next));
}

struct wgm_hop *wgm_hop_new(struct wgm_table *table, struct wgm_peer *peer,
			    struct wgm_prefix *prefix, u32 metric, u8 flags)
{
	struct wgm_hop *hop = kmem_cache_alloc(hop_cache, GFP_KERNEL_ACCOUNT);

	if (!hop)
		return NULL;
	hop->peer = peer;
	hop->prefix = prefix;
	hop->metric = metric;
	hop->flags = flags;
	hop->peer_next = peer->hops;
	peer->hops = hop;
	link_hop(table, hop);
	table->memory += sizeof(*hop);
	table->park_epoch++;
	return hop;
}

void wgm_hop_free(struct wgm_table *table, struct wgm_hop *hop)
{
	unlink_hop(table, hop);
	wgm_prefix_prune(table, hop->prefix);
	table->memory -= sizeof(*hop);
	table->park_epoch++;
	wgm_reap(&table->reaper, hop);
}

struct wgm_hop *wgm_hop_find(const struct wgm_table *table, const struct wgm_prefix *prefix,
			     const struct wgm_peer *peer)
{
	struct wgm_hop *hop, *gone = NULL;

	wgm_for_each_hop(table, hop, prefix) {
		if (hop->peer != peer)
			continue;
		if (!(hop->flags & WGM_HOP_GONE))
			return hop;
		gone = hop;
	}
	return gone;
}

bool wgm_hop_any_visible(const struct wgm_table *table, const struct wgm_prefix *prefix,
			 const struct wgm_hop *except)
{
	struct wgm_hop *hop;

	wgm_for_each_hop(table, hop, prefix)
		if (hop != except && wgm_hop_visible(hop))
			return true;
	return false;
}

struct wgm_hop *wgm_hop_chosen(const struct wgm_table *table, const struct wgm_prefix *prefix)
{
	struct wgm_hop *hop;

	wgm_for_each_hop(table, hop, prefix)
		if (wgm_hop_visible(hop))
			return hop;
	return NULL;
}

struct wgm_hop *wgm_hop_owner(const struct wgm_table *table, const struct wgm_prefix *prefix)
{
	struct wgm_hop *hop = wgm_hop_chosen(table, prefix);

	return hop && hop->peer->state != WGMESH_PEER_STATE_DORMANT ? hop : NULL;
}

bool wgm_hop_note_taken(struct wgm_table *table, const struct wgm_prefix *prefix,
			const struct wgm_hop *to)
{
	struct wgm_hop *hop;
	bool taken = false;

again:
	wgm_for_each_hop(table, hop, prefix) {
		if (hop == to || !(hop->flags & WGM_HOP_WG_MASK))
			continue;
		hop->flags &= ~WGM_HOP_WG_MASK;
		taken = true;
		if (hop->flags & WGM_HOP_GONE) {
			wgm_peer_sweep(table, hop->peer);
			goto again;	/* it is unlinked now */
		}
	}
	return taken;
}

/* Whether the prefix lies within one of somebody who is in WireGuard, or on the way there or
 * from there.  Who comes later parks what is within his prefixes himself.
 */
static bool is_enclosed(struct wgm_table *table, const struct wgm_prefix *prefix)
{
	const struct wgm_prefix *at = NULL;
	const struct wgm_hop *hop;

	if (!table->n_awake)
		return false;
	while ((at = wgm_prefix_down(table, at, prefix)))
		wgm_for_each_hop(table, hop, at)
			if (hop->peer->state != WGMESH_PEER_STATE_DORMANT)
				return true;
	return false;
}

/* Adding the prefix to its owner takes it from any other peer; without an owner the
 * peers that have it must let go of it themselves.
 */
void wgm_hop_kick(struct wgm_table *table, struct wgm_prefix *prefix)
{
	struct wgm_hop *hop = wgm_hop_owner(table, prefix);

	if (hop) {
		if (hop->flags & WGM_HOP_ACKED)
			return;
		table->park_epoch++;
		wgm_peer_queue(table, hop->peer);
		return;
	}
	hop = wgm_hop_chosen(table, prefix);
	if (hop && table->on_demand && is_enclosed(table, prefix)) {
		table->park_epoch++;
		wgm_peer_queue(table, hop->peer);	/* it has to be parked */
	}
	wgm_for_each_hop(table, hop, prefix)
		if (hop->flags & WGM_HOP_IN_WG && !(hop->peer->marks & WGM_PEER_GONE))
			wgm_peer_queue(table, hop->peer);
}

int __init wgm_hop_init(void)
{
	hop_cache = KMEM_CACHE(wgm_hop, 0);
	return hop_cache ? 0 : -ENOMEM;
}

void wgm_hop_fini(void)
{
	kmem_cache_destroy(hop_cache);
}
