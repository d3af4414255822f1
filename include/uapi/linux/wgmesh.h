/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/wgmesh.yaml */
/* YNL-GEN uapi header */

#ifndef _UAPI_LINUX_WGMESH_H
#define _UAPI_LINUX_WGMESH_H

#define WGMESH_FAMILY_NAME	"wgmesh"
#define WGMESH_FAMILY_VERSION	1

#define WGMESH_KEY_LEN		32
#define WGMESH_FLOOR_LEN	12
#define WGMESH_PREFIXES_MAX	1024
#define WGMESH_HOPS_MAX		8

/**
 * enum wgmesh_mesh_flags - How a mesh behaves; set with mesh-new or mesh-set.
 * @WGMESH_MESH_FLAGS_LAZY: Peers are put into WireGuard when traffic needs
 *   them, not before.
 */
enum wgmesh_mesh_flags {
	WGMESH_MESH_FLAGS_LAZY = 1,
};

/**
 * enum wgmesh_mesh_features - What this kernel and module can do; read-only.
 * @WGMESH_MESH_FEATURES_EGRESS: Packets to dormant peers are held and activate
 *   them.
 * @WGMESH_MESH_FEATURES_DOORMAN: Handshake initiations of dormant peers
 *   activate them.
 */
enum wgmesh_mesh_features {
	WGMESH_MESH_FEATURES_EGRESS = 1,
	WGMESH_MESH_FEATURES_DOORMAN = 2,
};

/**
 * enum wgmesh_apply_flags - What a peers-apply message is. Without any flag it
 *   is a whole batch of its own. A transaction over several messages is begin,
 *   any number of messages with its id, and commit or abort; it dies with its
 *   socket or after the mesh's transaction timeout.
 * @WGMESH_APPLY_FLAGS_BEGIN: Open a transaction; the reply carries its id.
 * @WGMESH_APPLY_FLAGS_COMMIT: Apply the transaction, this message's peers
 *   included.
 * @WGMESH_APPLY_FLAGS_ABORT: Forget the transaction.
 * @WGMESH_APPLY_FLAGS_REPLACE: With begin, or alone: the batch is the whole
 *   new table; peers that it does not name are removed.
 */
enum wgmesh_apply_flags {
	WGMESH_APPLY_FLAGS_BEGIN = 1,
	WGMESH_APPLY_FLAGS_COMMIT = 2,
	WGMESH_APPLY_FLAGS_ABORT = 4,
	WGMESH_APPLY_FLAGS_REPLACE = 8,
};

/**
 * enum wgmesh_peer_flags - Flags of a peer; the first two are stored, the
 *   others say what a batch does.
 * @WGMESH_PEER_FLAGS_PINNED: Always active, never evicted.
 * @WGMESH_PEER_FLAGS_RELAY: May be the next hop of other nodes' prefixes; told
 *   in dumps.
 * @WGMESH_PEER_FLAGS_REMOVE: Remove this peer and its next hops; it must
 *   exist.
 * @WGMESH_PEER_FLAGS_REPLACE_PREFIXES: The prefixes given are all that the
 *   peer has from now on.
 * @WGMESH_PEER_FLAGS_UPDATE_ONLY: The peer must exist.
 * @WGMESH_PEER_FLAGS_CREATE_ONLY: The peer must not exist.
 */
enum wgmesh_peer_flags {
	WGMESH_PEER_FLAGS_PINNED = 1,
	WGMESH_PEER_FLAGS_RELAY = 2,
	WGMESH_PEER_FLAGS_REMOVE = 4,
	WGMESH_PEER_FLAGS_REPLACE_PREFIXES = 8,
	WGMESH_PEER_FLAGS_UPDATE_ONLY = 16,
	WGMESH_PEER_FLAGS_CREATE_ONLY = 32,
};

/**
 * enum wgmesh_prefix_flags
 * @WGMESH_PREFIX_FLAGS_REMOVE: In a batch, this peer is no next hop of the
 *   prefix any more; it must have been.
 * @WGMESH_PREFIX_FLAGS_CHOSEN: In an answer, this next hop carries the prefix
 *   now.
 */
enum wgmesh_prefix_flags {
	WGMESH_PREFIX_FLAGS_REMOVE = 1,
	WGMESH_PREFIX_FLAGS_CHOSEN = 2,
};

/**
 * enum wgmesh_peer_state - Where a peer is between the table and WireGuard.
 * @WGMESH_PEER_STATE_DORMANT: In the table only.
 * @WGMESH_PEER_STATE_ACTIVATING: On its way into WireGuard; packets to it are
 *   held.
 * @WGMESH_PEER_STATE_ACTIVE: In WireGuard.
 * @WGMESH_PEER_STATE_EVICTING: On its way out of WireGuard; packets to it are
 *   held.
 */
enum wgmesh_peer_state {
	WGMESH_PEER_STATE_DORMANT,
	WGMESH_PEER_STATE_ACTIVATING,
	WGMESH_PEER_STATE_ACTIVE,
	WGMESH_PEER_STATE_EVICTING,
};

/**
 * enum wgmesh_peer_reason - Why a peer event was sent.
 */
enum wgmesh_peer_reason {
	WGMESH_PEER_REASON_ACTIVATED,
	WGMESH_PEER_REASON_HANDSHAKE,
	WGMESH_PEER_REASON_ENDPOINT_MOVED,
	WGMESH_PEER_REASON_IDLE,
	WGMESH_PEER_REASON_EVICTED,
	WGMESH_PEER_REASON_NEXT_HOP,
};

enum {
	WGMESH_A_MESH_IFINDEX = 1,
	WGMESH_A_MESH_IFNAME,
	WGMESH_A_MESH_SOCKET_NETNS_FD,
	WGMESH_A_MESH_FLAGS,
	WGMESH_A_MESH_FEATURES,
	WGMESH_A_MESH_GENERATION,
	WGMESH_A_MESH_EXPECTED_GENERATION,
	WGMESH_A_MESH_PEERS_MAX,
	WGMESH_A_MESH_ACTIVE_MAX,
	WGMESH_A_MESH_TRANSACTION_TIMEOUT,
	WGMESH_A_MESH_STATS,
	WGMESH_A_MESH_APPLY_FLAGS,
	WGMESH_A_MESH_TRANSACTION,
	WGMESH_A_MESH_PEER,
	WGMESH_A_MESH_PREFIX,
	WGMESH_A_MESH_ADDRESS,
	WGMESH_A_MESH_SINCE_GENERATION,
	WGMESH_A_MESH_STATE,
	WGMESH_A_MESH_UPSERTED,
	WGMESH_A_MESH_REMOVED,
	WGMESH_A_MESH_ERRNO,
	WGMESH_A_MESH_REASON,
	WGMESH_A_MESH_COUNTERS_AGE,
	WGMESH_A_MESH_IDLE_TIMEOUT,
	WGMESH_A_MESH_FORCE,

	__WGMESH_A_MESH_MAX,
	WGMESH_A_MESH_MAX = (__WGMESH_A_MESH_MAX - 1)
};

enum {
	WGMESH_A_PEER_PUBLIC_KEY = 1,
	WGMESH_A_PEER_PRESHARED_KEY,
	WGMESH_A_PEER_FLAGS,
	WGMESH_A_PEER_ENDPOINT,
	WGMESH_A_PEER_KEEPALIVE,
	WGMESH_A_PEER_PREFIX,
	WGMESH_A_PEER_STATE,
	WGMESH_A_PEER_GENERATION,
	WGMESH_A_PEER_RX_BYTES,
	WGMESH_A_PEER_TX_BYTES,
	WGMESH_A_PEER_LAST_HANDSHAKE,
	WGMESH_A_PEER_FLOOR,
	WGMESH_A_PEER_MORE,

	__WGMESH_A_PEER_MAX,
	WGMESH_A_PEER_MAX = (__WGMESH_A_PEER_MAX - 1)
};

enum {
	WGMESH_A_PREFIX_ADDRESS = 1,
	WGMESH_A_PREFIX_LENGTH,
	WGMESH_A_PREFIX_FLAGS,
	WGMESH_A_PREFIX_METRIC,
	WGMESH_A_PREFIX_HOP,

	__WGMESH_A_PREFIX_MAX,
	WGMESH_A_PREFIX_MAX = (__WGMESH_A_PREFIX_MAX - 1)
};

enum {
	WGMESH_A_HOP_PUBLIC_KEY = 1,
	WGMESH_A_HOP_METRIC,
	WGMESH_A_HOP_FLAGS,
	WGMESH_A_HOP_STATE,

	__WGMESH_A_HOP_MAX,
	WGMESH_A_HOP_MAX = (__WGMESH_A_HOP_MAX - 1)
};

enum {
	WGMESH_A_STATS_PEERS = 1,
	WGMESH_A_STATS_PEERS_ACTIVE,
	WGMESH_A_STATS_PREFIXES,
	WGMESH_A_STATS_BATCHES,
	WGMESH_A_STATS_BATCHES_REFUSED,
	WGMESH_A_STATS_TRANSACTIONS_DROPPED,
	WGMESH_A_STATS_WG_MESSAGES,
	WGMESH_A_STATS_WG_UPDATES,
	WGMESH_A_STATS_WG_REMOVALS,
	WGMESH_A_STATS_WG_ERRORS,
	WGMESH_A_STATS_WG_RETRIES,
	WGMESH_A_STATS_PENDING,
	WGMESH_A_STATS_MEMORY,
	WGMESH_A_STATS_WAITING,
	WGMESH_A_STATS_HELD,
	WGMESH_A_STATS_HELD_SENT,
	WGMESH_A_STATS_HELD_OVERFLOW,
	WGMESH_A_STATS_HELD_TIMEOUT,
	WGMESH_A_STATS_HELD_ENDED,
	WGMESH_A_STATS_ACTIVATED,
	WGMESH_A_STATS_ACTIVATIONS_DEFERRED,
	WGMESH_A_STATS_EVICTED,
	WGMESH_A_STATS_EVENTS_SUPPRESSED,

	__WGMESH_A_STATS_MAX,
	WGMESH_A_STATS_MAX = (__WGMESH_A_STATS_MAX - 1)
};

enum {
	WGMESH_CMD_MESH_NEW = 1,
	WGMESH_CMD_MESH_DEL,
	WGMESH_CMD_MESH_SET,
	WGMESH_CMD_MESH_GET,
	WGMESH_CMD_MESH_LIST,
	WGMESH_CMD_PEERS_APPLY,
	WGMESH_CMD_PEER_GET,
	WGMESH_CMD_PEER_LIST,
	WGMESH_CMD_PREFIX_GET,
	WGMESH_CMD_PREFIX_LIST,
	WGMESH_CMD_STATS_GET,
	WGMESH_CMD_MESH_NEW_NTF,
	WGMESH_CMD_MESH_SET_NTF,
	WGMESH_CMD_MESH_DEL_NTF,
	WGMESH_CMD_APPLY_NTF,
	WGMESH_CMD_FAULT_NTF,
	WGMESH_CMD_PEER_NTF,
	WGMESH_CMD_PEER_ACTIVATE,
	WGMESH_CMD_PEER_EVICT,

	__WGMESH_CMD_MAX,
	WGMESH_CMD_MAX = (__WGMESH_CMD_MAX - 1)
};

#define WGMESH_MCGRP_CONFIG	"config"
#define WGMESH_MCGRP_PEERS	"peers"

#endif /* _UAPI_LINUX_WGMESH_H */
