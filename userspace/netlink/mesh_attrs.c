// SPDX-License-Identifier: Apache-2.0
/* Names of the family's attributes and values, as its specification has them. */
#include "netlink/mesh_codec.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct attr_name hop_names[] = {
	[WGMESH_A_HOP_PUBLIC_KEY] = { .name = "public-key" },
	[WGMESH_A_HOP_METRIC] = { .name = "metric" },
	[WGMESH_A_HOP_FLAGS] = { .name = "flags" },
	[WGMESH_A_HOP_STATE] = { .name = "state" },
};

static const struct attr_set hop_attrs = {
	.names = hop_names, .count = COUNT(hop_names), .key_type = WGMESH_A_HOP_PUBLIC_KEY,
};

static const struct attr_name prefix_names[] = {
	[WGMESH_A_PREFIX_ADDRESS] = { .name = "address" },
	[WGMESH_A_PREFIX_LENGTH] = { .name = "length" },
	[WGMESH_A_PREFIX_FLAGS] = { .name = "flags" },
	[WGMESH_A_PREFIX_METRIC] = { .name = "metric" },
	[WGMESH_A_PREFIX_HOP] = { .name = "hop", .nest = &hop_attrs },
};

static const struct attr_set prefix_attrs = {
	.names = prefix_names, .count = COUNT(prefix_names),
};

static const struct attr_name peer_names[] = {
	[WGMESH_A_PEER_PUBLIC_KEY] = { .name = "public-key" },
	[WGMESH_A_PEER_PRESHARED_KEY] = { .name = "preshared-key" },
	[WGMESH_A_PEER_FLAGS] = { .name = "flags" },
	[WGMESH_A_PEER_ENDPOINT] = { .name = "endpoint" },
	[WGMESH_A_PEER_KEEPALIVE] = { .name = "keepalive" },
	[WGMESH_A_PEER_PREFIX] = { .name = "prefix", .nest = &prefix_attrs },
	[WGMESH_A_PEER_STATE] = { .name = "state" },
	[WGMESH_A_PEER_GENERATION] = { .name = "generation" },
	[WGMESH_A_PEER_RX_BYTES] = { .name = "rx-bytes" },
	[WGMESH_A_PEER_TX_BYTES] = { .name = "tx-bytes" },
	[WGMESH_A_PEER_LAST_HANDSHAKE] = { .name = "last-handshake" },
	[WGMESH_A_PEER_FLOOR] = { .name = "floor" },
	[WGMESH_A_PEER_MORE] = { .name = "more" },
};

static const struct attr_set peer_attrs = {
	.names = peer_names, .count = COUNT(peer_names), .key_type = WGMESH_A_PEER_PUBLIC_KEY,
};

static const struct attr_name mesh_names[] = {
	[WGMESH_A_MESH_IFINDEX] = { .name = "ifindex" },
	[WGMESH_A_MESH_IFNAME] = { .name = "ifname" },
	[WGMESH_A_MESH_SOCKET_NETNS_FD] = { .name = "socket-netns-fd" },
	[WGMESH_A_MESH_FLAGS] = { .name = "flags" },
	[WGMESH_A_MESH_FEATURES] = { .name = "features" },
	[WGMESH_A_MESH_GENERATION] = { .name = "generation" },
	[WGMESH_A_MESH_EXPECTED_GENERATION] = { .name = "expected-generation" },
	[WGMESH_A_MESH_PEERS_MAX] = { .name = "peers-max" },
	[WGMESH_A_MESH_ACTIVE_MAX] = { .name = "active-max" },
	[WGMESH_A_MESH_TRANSACTION_TIMEOUT] = { .name = "transaction-timeout" },
	[WGMESH_A_MESH_STATS] = { .name = "stats" },
	[WGMESH_A_MESH_APPLY_FLAGS] = { .name = "apply-flags" },
	[WGMESH_A_MESH_TRANSACTION] = { .name = "transaction" },
	[WGMESH_A_MESH_PEER] = { .name = "peer", .nest = &peer_attrs },
	[WGMESH_A_MESH_PREFIX] = { .name = "prefix", .nest = &prefix_attrs },
	[WGMESH_A_MESH_ADDRESS] = { .name = "address" },
	[WGMESH_A_MESH_SINCE_GENERATION] = { .name = "since-generation" },
	[WGMESH_A_MESH_STATE] = { .name = "state" },
	[WGMESH_A_MESH_UPSERTED] = { .name = "upserted" },
	[WGMESH_A_MESH_REMOVED] = { .name = "removed" },
	[WGMESH_A_MESH_ERRNO] = { .name = "errno" },
	[WGMESH_A_MESH_REASON] = { .name = "reason" },
	[WGMESH_A_MESH_COUNTERS_AGE] = { .name = "counters-age" },
	[WGMESH_A_MESH_IDLE_TIMEOUT] = { .name = "idle-timeout" },
	[WGMESH_A_MESH_FORCE] = { .name = "force" },
	[WGMESH_A_MESH_REMOVAL_GENERATION] = { .name = "removal-generation" },
	[WGMESH_A_MESH_SUPPRESSED] = { .name = "suppressed" },
};

const struct attr_set mesh_attrs = { .names = mesh_names, .count = COUNT(mesh_names) };

const char *mesh_stat_name(unsigned int stat)
{
	static const char *const names[] = {
		[WGMESH_A_STATS_PEERS] = "peers",
		[WGMESH_A_STATS_PEERS_ACTIVE] = "peers-active",
		[WGMESH_A_STATS_PREFIXES] = "prefixes",
		[WGMESH_A_STATS_BATCHES] = "batches",
		[WGMESH_A_STATS_BATCHES_REFUSED] = "batches-refused",
		[WGMESH_A_STATS_TRANSACTIONS_DROPPED] = "transactions-dropped",
		[WGMESH_A_STATS_WG_MESSAGES] = "wg-messages",
		[WGMESH_A_STATS_WG_UPDATES] = "wg-updates",
		[WGMESH_A_STATS_WG_REMOVALS] = "wg-removals",
		[WGMESH_A_STATS_WG_ERRORS] = "wg-errors",
		[WGMESH_A_STATS_WG_RETRIES] = "wg-retries",
		[WGMESH_A_STATS_PENDING] = "pending",
		[WGMESH_A_STATS_MEMORY] = "memory",
		[WGMESH_A_STATS_WAITING] = "waiting",
		[WGMESH_A_STATS_HELD] = "held",
		[WGMESH_A_STATS_HELD_SENT] = "held-sent",
		[WGMESH_A_STATS_HELD_OVERFLOW] = "held-overflow",
		[WGMESH_A_STATS_HELD_TIMEOUT] = "held-timeout",
		[WGMESH_A_STATS_HELD_ENDED] = "held-ended",
		[WGMESH_A_STATS_ACTIVATED] = "activated",
		[WGMESH_A_STATS_ACTIVATIONS_DEFERRED] = "activations-deferred",
		[WGMESH_A_STATS_EVICTED] = "evicted",
		[WGMESH_A_STATS_EVENTS_SUPPRESSED] = "events-suppressed",
		[WGMESH_A_STATS_INITIATIONS_WAITING] = "initiations-waiting",
		[WGMESH_A_STATS_INITIATIONS_HELD] = "initiations-held",
		[WGMESH_A_STATS_INITIATIONS_CONTINUED] = "initiations-continued",
		[WGMESH_A_STATS_INITIATIONS_MAC1] = "initiations-mac1",
		[WGMESH_A_STATS_INITIATIONS_UNKNOWN] = "initiations-unknown",
		[WGMESH_A_STATS_INITIATIONS_FORGED] = "initiations-forged",
		[WGMESH_A_STATS_INITIATIONS_REPLAYED] = "initiations-replayed",
		[WGMESH_A_STATS_INITIATIONS_CROSSED] = "initiations-crossed",
		[WGMESH_A_STATS_INITIATIONS_FRAGMENTED] = "initiations-fragmented",
		[WGMESH_A_STATS_INITIATIONS_OVERFLOW] = "initiations-overflow",
		[WGMESH_A_STATS_INITIATIONS_TIMEOUT] = "initiations-timeout",
		[WGMESH_A_STATS_INITIATIONS_ENDED] = "initiations-ended",
		[WGMESH_A_STATS_FLOORS_RAISED] = "floors-raised",
		[WGMESH_A_STATS_COOKIES_SENT] = "cookies-sent",
		[WGMESH_A_STATS_RECALLED] = "recalled",
	};

	return stat < COUNT(names) ? names[stat] : NULL;
}

const char *mesh_state_name(uint32_t state)
{
	static const char *const names[] = {
		[WGMESH_PEER_STATE_DORMANT] = "dormant",
		[WGMESH_PEER_STATE_ACTIVATING] = "activating",
		[WGMESH_PEER_STATE_ACTIVE] = "active",
		[WGMESH_PEER_STATE_EVICTING] = "evicting",
	};

	return state < COUNT(names) ? names[state] : NULL;
}

const char *mesh_reason_name(uint32_t reason)
{
	static const char *const names[] = {
		[WGMESH_PEER_REASON_ACTIVATED] = "activated",
		[WGMESH_PEER_REASON_HANDSHAKE] = "handshake",
		[WGMESH_PEER_REASON_ENDPOINT_MOVED] = "endpoint-moved",
		[WGMESH_PEER_REASON_IDLE] = "idle",
		[WGMESH_PEER_REASON_EVICTED] = "evicted",
		[WGMESH_PEER_REASON_NEXT_HOP] = "next-hop",
	};

	return reason < COUNT(names) ? names[reason] : NULL;
}

const char *mesh_event_name(enum mesh_event_kind kind)
{
	static const char *const names[] = {
		[MESH_EVENT_NEW] = "mesh-new",
		[MESH_EVENT_SET] = "mesh-set",
		[MESH_EVENT_DEL] = "mesh-del",
		[MESH_EVENT_APPLY] = "apply",
		[MESH_EVENT_FAULT] = "fault",
		[MESH_EVENT_PEER] = "peer",
		[MESH_EVENT_SUPPRESSED] = "suppressed",
		[MESH_EVENT_OVERRUN] = "overrun",
		[MESH_EVENT_CHANGED] = "changed",
	};

	return (unsigned int)kind < COUNT(names) ? names[kind] : NULL;
}
