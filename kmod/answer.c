// SPDX-License-Identifier: GPL-2.0
#include <linux/ktime.h>

#include "answer.h"
#include "apply.h"
#include "egress.h"
#include "mesh.h"
#include "netlink_gen.h"
#include "nexthop.h"
#include "peer.h"
#include "prefix.h"
#include "table.h"

int wgm_put_names(struct sk_buff *skb, struct wgm_mesh *mesh)
{
	char name[IFNAMSIZ];

	wgm_mesh_name(mesh, name);
	if (nla_put_u32(skb, WGMESH_A_MESH_IFINDEX, mesh->ifindex) ||
	    nla_put_string(skb, WGMESH_A_MESH_IFNAME, name))
		return -EMSGSIZE;
	return 0;
}

struct value {
	int attr;
	u64 value;
};

static int put_values(struct sk_buff *skb, const struct value *values, int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (wgm_put_u64(skb, values[i].attr, values[i].value))
			return -EMSGSIZE;
	return 0;
}

/* Gauges are read without the table's lock: a dump of meshes must not wait for a
 * large batch.  Each is right by itself.
 */
static int put_doorman(struct sk_buff *skb, struct wgm_doorman *doorman)
{
	struct wgm_doorman_stats *stats = &doorman->stats;
	atomic64_t *n = stats->verdicts;
	u64 waiting = READ_ONCE(doorman->lines[WGM_LINE_PREFERRED].n) +
		      READ_ONCE(doorman->lines[WGM_LINE_ANYBODY].n) +
		      READ_ONCE(doorman->lines[WGM_LINE_OPENED].n);
	const struct value values[] = {
		{ WGMESH_A_STATS_INITIATIONS_WAITING, waiting },
		{ WGMESH_A_STATS_INITIATIONS_HELD, atomic64_read(&n[WGM_VERDICT_HELD]) },
		{ WGMESH_A_STATS_INITIATIONS_CONTINUED, atomic64_read(&n[WGM_VERDICT_CONTINUED]) },
		{ WGMESH_A_STATS_INITIATIONS_MAC1, atomic64_read(&n[WGM_VERDICT_MAC1]) },
		{ WGMESH_A_STATS_INITIATIONS_UNKNOWN, atomic64_read(&n[WGM_VERDICT_UNKNOWN]) },
		{ WGMESH_A_STATS_INITIATIONS_FORGED, atomic64_read(&n[WGM_VERDICT_FORGED]) },
		{ WGMESH_A_STATS_INITIATIONS_REPLAYED, atomic64_read(&n[WGM_VERDICT_REPLAYED]) },
		{ WGMESH_A_STATS_INITIATIONS_CROSSED, atomic64_read(&n[WGM_VERDICT_CROSSED]) },
		{ WGMESH_A_STATS_INITIATIONS_FRAGMENTED, atomic64_read(&n[WGM_VERDICT_FRAGMENTED]) },
		{ WGMESH_A_STATS_INITIATIONS_OVERFLOW, atomic64_read(&n[WGM_VERDICT_OVERFLOW]) },
		{ WGMESH_A_STATS_INITIATIONS_TIMEOUT, atomic64_read(&n[WGM_VERDICT_TIMEOUT]) },
		{ WGMESH_A_STATS_INITIATIONS_ENDED, atomic64_read(&n[WGM_VERDICT_ENDED]) },
		{ WGMESH_A_STATS_FLOORS_RAISED, atomic64_read(&stats->floors) },
		{ WGMESH_A_STATS_COOKIES_SENT, atomic64_read(&n[WGM_VERDICT_COOKIE]) },
		{ WGMESH_A_STATS_RECALLED, atomic64_read(&stats->recalled) },
	};

	return put_values(skb, values, ARRAY_SIZE(values));
}

static int put_gauges(struct sk_buff *skb, struct wgm_table *table)
{
	/* First: it is about what the others count. */
	u32 pending = smp_load_acquire(&table->pending);
	const struct value values[] = {
		{ WGMESH_A_STATS_PEERS, READ_ONCE(table->n_peers) },
		{ WGMESH_A_STATS_PEERS_ACTIVE, READ_ONCE(table->n_active) },
		{ WGMESH_A_STATS_PREFIXES, READ_ONCE(table->n_prefixes) },
		{ WGMESH_A_STATS_PENDING, pending },
		{ WGMESH_A_STATS_MEMORY, wgm_table_memory(table) },
		{ WGMESH_A_STATS_WAITING, READ_ONCE(table->holds.packets) },
		{ WGMESH_A_STATS_HELD, READ_ONCE(table->holds.held) },
		{ WGMESH_A_STATS_HELD_SENT, READ_ONCE(table->holds.sent) },
		{ WGMESH_A_STATS_HELD_OVERFLOW, READ_ONCE(table->holds.dropped[WGM_DROP_OVERFLOW]) },
		{ WGMESH_A_STATS_HELD_TIMEOUT, READ_ONCE(table->holds.dropped[WGM_DROP_TIMEOUT]) },
		{ WGMESH_A_STATS_HELD_ENDED, READ_ONCE(table->holds.dropped[WGM_DROP_ENDED]) },
	};

	return put_values(skb, values, ARRAY_SIZE(values));
}

static int put_counters(struct sk_buff *skb, const struct wgm_stats *stats)
{
	const struct value values[] = {
		{ WGMESH_A_STATS_BATCHES, atomic64_read(&stats->batches) },
		{ WGMESH_A_STATS_BATCHES_REFUSED, atomic64_read(&stats->batches_refused) },
		{ WGMESH_A_STATS_TRANSACTIONS_DROPPED, atomic64_read(&stats->transactions_dropped) },
		{ WGMESH_A_STATS_WG_MESSAGES, atomic64_read(&stats->wg_messages) },
		{ WGMESH_A_STATS_WG_UPDATES, atomic64_read(&stats->wg_updates) },
		{ WGMESH_A_STATS_WG_REMOVALS, atomic64_read(&stats->wg_removals) },
		{ WGMESH_A_STATS_WG_ERRORS, atomic64_read(&stats->wg_errors) },
		{ WGMESH_A_STATS_WG_RETRIES, atomic64_read(&stats->wg_retries) },
		{ WGMESH_A_STATS_ACTIVATED, atomic64_read(&stats->activated) },
		{ WGMESH_A_STATS_ACTIVATIONS_DEFERRED, atomic64_read(&stats->deferred) },
		{ WGMESH_A_STATS_EVICTED, atomic64_read(&stats->evicted) },
		{ WGMESH_A_STATS_EVENTS_SUPPRESSED, atomic64_read(&stats->events_suppressed) },
	};

	return put_values(skb, values, ARRAY_SIZE(values));
}

int wgm_put_stats(struct sk_buff *skb, struct wgm_mesh *mesh)
{
	struct nlattr *nest = nla_nest_start(skb, WGMESH_A_MESH_STATS);

	/* Counters are read after what is pending: see wgm_table_unlock(). */
	if (!nest || put_gauges(skb, &mesh->table) || put_doorman(skb, &mesh->doorman) ||
	    put_counters(skb, &mesh->stats))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

int wgm_put_mesh(struct sk_buff *skb, struct wgm_mesh *mesh)
{
	if (wgm_put_names(skb, mesh) ||
	    nla_put_u32(skb, WGMESH_A_MESH_FLAGS, READ_ONCE(mesh->flags)) ||
	    nla_put_u32(skb, WGMESH_A_MESH_FEATURES,
			(wgm_egress_supported() ? WGMESH_MESH_FEATURES_EGRESS : 0) |
			WGMESH_MESH_FEATURES_DOORMAN) ||
	    wgm_put_u64(skb, WGMESH_A_MESH_GENERATION, READ_ONCE(mesh->table.generation)) ||
	    wgm_put_u64(skb, WGMESH_A_MESH_REMOVAL_GENERATION,
			READ_ONCE(mesh->table.removal_generation)) ||
	    nla_put_u32(skb, WGMESH_A_MESH_PEERS_MAX, READ_ONCE(mesh->table.peers_max)) ||
	    nla_put_u32(skb, WGMESH_A_MESH_ACTIVE_MAX, READ_ONCE(mesh->active_max)) ||
	    nla_put_u32(skb, WGMESH_A_MESH_TRANSACTION_TIMEOUT, READ_ONCE(mesh->txn_timeout)) ||
	    nla_put_u32(skb, WGMESH_A_MESH_IDLE_TIMEOUT, READ_ONCE(mesh->idle_timeout)))
		return -EMSGSIZE;
	return wgm_put_stats(skb, mesh);
}

int wgm_put_result(struct sk_buff *skb, const struct wgm_apply_result *result)
{
	if (wgm_put_u64(skb, WGMESH_A_MESH_GENERATION, result->generation) ||
	    nla_put_u32(skb, WGMESH_A_MESH_UPSERTED, result->upserted) ||
	    nla_put_u32(skb, WGMESH_A_MESH_REMOVED, result->removed))
		return -EMSGSIZE;
	return 0;
}

int wgm_put_moment(struct sk_buff *skb, struct wgm_mesh *mesh)
{
	u64 read = READ_ONCE(mesh->sync.surveyed_at);

	if (wgm_put_u64(skb, WGMESH_A_MESH_GENERATION, READ_ONCE(mesh->table.generation)))
		return -EMSGSIZE;
	if (!read)
		return 0;
	return nla_put_u32(skb, WGMESH_A_MESH_COUNTERS_AGE,
			   min_t(u64, div_u64(ktime_get_boottime_ns() - read, NSEC_PER_MSEC),
				 U32_MAX));
}

static int put_address(struct sk_buff *skb, const struct wgm_prefix *prefix)
{
	if (nla_put(skb, WGMESH_A_PREFIX_ADDRESS, prefix->bits / 8, prefix->addr) ||
	    nla_put_u8(skb, WGMESH_A_PREFIX_LENGTH, prefix->len))
		return -EMSGSIZE;
	return 0;
}

static int put_peer_prefix(struct sk_buff *skb, struct wgm_table *table, const struct wgm_hop *hop)
{
	bool chosen = wgm_hop_chosen(table, hop->prefix) == hop;
	struct nlattr *nest = nla_nest_start(skb, WGMESH_A_PEER_PREFIX);

	if (!nest || put_address(skb, hop->prefix) ||
	    nla_put_u32(skb, WGMESH_A_PREFIX_METRIC, hop->metric) ||
	    nla_put_u32(skb, WGMESH_A_PREFIX_FLAGS, chosen ? WGMESH_PREFIX_FLAGS_CHOSEN : 0))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_peer_prefixes(struct sk_buff *skb, struct wgm_table *table,
			     const struct wgm_peer *peer, unsigned int *skip)
{
	unsigned int done = 0, start = *skip;
	const struct wgm_hop *hop;

	for (hop = peer->hops; hop; hop = hop->peer_next) {
		if (!wgm_hop_visible(hop) || done++ < start)
			continue;
		if (skb_tailroom(skb) < WGM_PEER_PREFIX_SIZE) {
			*skip = done - 1;
			return *skip == start ? -EMSGSIZE :
						nla_put_flag(skb, WGMESH_A_PEER_MORE);
		}
		if (put_peer_prefix(skb, table, hop))
			return -EMSGSIZE;
	}
	*skip = 0;
	return 0;
}

int wgm_put_endpoint(struct sk_buff *skb, const struct wgm_peer *peer)
{
	struct sockaddr_in6 sockaddr;
	int len = wgm_endpoint_encode(wgm_peer_endpoint(peer), &sockaddr);

	return len ? nla_put(skb, WGMESH_A_PEER_ENDPOINT, len, &sockaddr) : 0;
}

static int put_extra(struct sk_buff *skb, const struct wgm_peer *peer)
{
	static const struct wgm_peer_extra none;
	const struct wgm_peer_extra *extra = peer->extra ?: &none;

	if (wgm_put_u64(skb, WGMESH_A_PEER_RX_BYTES, extra->rx_bytes) ||
	    wgm_put_u64(skb, WGMESH_A_PEER_TX_BYTES, extra->tx_bytes) ||
	    wgm_put_u64(skb, WGMESH_A_PEER_LAST_HANDSHAKE, extra->last_handshake))
		return -EMSGSIZE;
	if (!memchr_inv(extra->floor, 0, sizeof(extra->floor)))
		return 0;
	return nla_put(skb, WGMESH_A_PEER_FLOOR, sizeof(extra->floor), extra->floor);
}

int wgm_put_peer(struct sk_buff *skb, struct wgm_table *table, const struct wgm_peer *peer,
		 unsigned int *skip)
{
	struct nlattr *nest = nla_nest_start(skb, WGMESH_A_MESH_PEER);

	lockdep_assert_held(&table->lock);
	if (!nest || nla_put(skb, WGMESH_A_PEER_PUBLIC_KEY, WGMESH_KEY_LEN, peer->key) ||
	    nla_put_u32(skb, WGMESH_A_PEER_FLAGS, peer->flags) ||
	    nla_put_u16(skb, WGMESH_A_PEER_KEEPALIVE, peer->keepalive) ||
	    nla_put_u32(skb, WGMESH_A_PEER_STATE, peer->state) ||
	    wgm_put_u64(skb, WGMESH_A_PEER_GENERATION, peer->generation) ||
	    wgm_put_endpoint(skb, peer) || put_extra(skb, peer) ||
	    put_peer_prefixes(skb, table, peer, skip))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_hop(struct sk_buff *skb, const struct wgm_hop *hop, bool chosen)
{
	struct nlattr *nest = nla_nest_start(skb, WGMESH_A_PREFIX_HOP);

	if (!nest ||
	    nla_put(skb, WGMESH_A_HOP_PUBLIC_KEY, WGMESH_KEY_LEN, hop->peer->key) ||
	    nla_put_u32(skb, WGMESH_A_HOP_METRIC, hop->metric) ||
	    nla_put_u32(skb, WGMESH_A_HOP_FLAGS, chosen ? WGMESH_PREFIX_FLAGS_CHOSEN : 0) ||
	    nla_put_u32(skb, WGMESH_A_HOP_STATE, READ_ONCE(hop->peer->state)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

int wgm_put_prefix(struct sk_buff *skb, struct wgm_table *table, const struct wgm_prefix *prefix)
{
	struct nlattr *nest = nla_nest_start(skb, WGMESH_A_MESH_PREFIX);
	const struct wgm_hop *hop, *chosen;

	if (!nest || put_address(skb, prefix))
		return -EMSGSIZE;
	chosen = wgm_hop_chosen(table, prefix);
	wgm_for_each_hop(table, hop, prefix)
		if (wgm_hop_visible(hop) && put_hop(skb, hop, hop == chosen))
			return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}
