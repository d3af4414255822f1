// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/wgmesh.yaml */
/* YNL-GEN kernel source */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "netlink_gen.h"

#include <uapi/linux/wgmesh.h>

/* Integer value ranges */
static const struct netlink_range_validation wgmesh_a_mesh_peers_max_range = {
	.min	= 1ULL,
	.max	= 1048576ULL,
};

static const struct netlink_range_validation wgmesh_a_mesh_transaction_timeout_range = {
	.min	= 100ULL,
	.max	= 600000ULL,
};

static const struct netlink_range_validation wgmesh_a_mesh_idle_timeout_range = {
	.min	= 1000ULL,
	.max	= 86400000ULL,
};

/* Common nested types */
const struct nla_policy wgmesh_hop_nl_policy[WGMESH_A_HOP_STATE + 1] = {
	[WGMESH_A_HOP_PUBLIC_KEY] = NLA_POLICY_EXACT_LEN(WGMESH_KEY_LEN),
	[WGMESH_A_HOP_METRIC] = { .type = NLA_U32, },
	[WGMESH_A_HOP_FLAGS] = NLA_POLICY_MASK(NLA_U32, 0x3),
	[WGMESH_A_HOP_STATE] = NLA_POLICY_MAX(NLA_U32, 3),
};

const struct nla_policy wgmesh_peer_nl_policy[WGMESH_A_PEER_MORE + 1] = {
	[WGMESH_A_PEER_PUBLIC_KEY] = NLA_POLICY_EXACT_LEN(WGMESH_KEY_LEN),
	[WGMESH_A_PEER_PRESHARED_KEY] = NLA_POLICY_EXACT_LEN(WGMESH_KEY_LEN),
	[WGMESH_A_PEER_FLAGS] = NLA_POLICY_MASK(NLA_U32, 0x3f),
	[WGMESH_A_PEER_ENDPOINT] = { .type = NLA_BINARY, },
	[WGMESH_A_PEER_KEEPALIVE] = { .type = NLA_U16, },
	[WGMESH_A_PEER_PREFIX] = NLA_POLICY_NESTED(wgmesh_prefix_nl_policy),
	[WGMESH_A_PEER_STATE] = NLA_POLICY_MAX(NLA_U32, 3),
	[WGMESH_A_PEER_GENERATION] = { .type = NLA_U64, },
	[WGMESH_A_PEER_RX_BYTES] = { .type = NLA_U64, },
	[WGMESH_A_PEER_TX_BYTES] = { .type = NLA_U64, },
	[WGMESH_A_PEER_LAST_HANDSHAKE] = { .type = NLA_U64, },
	[WGMESH_A_PEER_FLOOR] = NLA_POLICY_EXACT_LEN(WGMESH_FLOOR_LEN),
	[WGMESH_A_PEER_MORE] = { .type = NLA_FLAG, },
};

const struct nla_policy wgmesh_prefix_nl_policy[WGMESH_A_PREFIX_HOP + 1] = {
	[WGMESH_A_PREFIX_ADDRESS] = { .type = NLA_BINARY, },
	[WGMESH_A_PREFIX_LENGTH] = NLA_POLICY_MAX(NLA_U8, 128),
	[WGMESH_A_PREFIX_FLAGS] = NLA_POLICY_MASK(NLA_U32, 0x3),
	[WGMESH_A_PREFIX_METRIC] = { .type = NLA_U32, },
	[WGMESH_A_PREFIX_HOP] = NLA_POLICY_NESTED(wgmesh_hop_nl_policy),
};

/* WGMESH_CMD_MESH_NEW - do */
static const struct nla_policy wgmesh_mesh_new_nl_policy[WGMESH_A_MESH_IDLE_TIMEOUT + 1] = {
	[WGMESH_A_MESH_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[WGMESH_A_MESH_IFNAME] = { .type = NLA_NUL_STRING, .len = 15, },
	[WGMESH_A_MESH_SOCKET_NETNS_FD] = { .type = NLA_S32, },
	[WGMESH_A_MESH_FLAGS] = NLA_POLICY_MASK(NLA_U32, 0x1),
	[WGMESH_A_MESH_PEERS_MAX] = NLA_POLICY_FULL_RANGE(NLA_U32, &wgmesh_a_mesh_peers_max_range),
	[WGMESH_A_MESH_ACTIVE_MAX] = NLA_POLICY_MIN(NLA_U32, 1),
	[WGMESH_A_MESH_TRANSACTION_TIMEOUT] = NLA_POLICY_FULL_RANGE(NLA_U32, &wgmesh_a_mesh_transaction_timeout_range),
	[WGMESH_A_MESH_IDLE_TIMEOUT] = NLA_POLICY_FULL_RANGE(NLA_U32, &wgmesh_a_mesh_idle_timeout_range),
};

/* WGMESH_CMD_MESH_DEL - do */
static const struct nla_policy wgmesh_mesh_del_nl_policy[WGMESH_A_MESH_IFNAME + 1] = {
	[WGMESH_A_MESH_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[WGMESH_A_MESH_IFNAME] = { .type = NLA_NUL_STRING, .len = 15, },
};

/* WGMESH_CMD_MESH_SET - do */
static const struct nla_policy wgmesh_mesh_set_nl_policy[WGMESH_A_MESH_IDLE_TIMEOUT + 1] = {
	[WGMESH_A_MESH_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[WGMESH_A_MESH_IFNAME] = { .type = NLA_NUL_STRING, .len = 15, },
	[WGMESH_A_MESH_FLAGS] = NLA_POLICY_MASK(NLA_U32, 0x1),
	[WGMESH_A_MESH_PEERS_MAX] = NLA_POLICY_FULL_RANGE(NLA_U32, &wgmesh_a_mesh_peers_max_range),
	[WGMESH_A_MESH_ACTIVE_MAX] = NLA_POLICY_MIN(NLA_U32, 1),
	[WGMESH_A_MESH_TRANSACTION_TIMEOUT] = NLA_POLICY_FULL_RANGE(NLA_U32, &wgmesh_a_mesh_transaction_timeout_range),
	[WGMESH_A_MESH_IDLE_TIMEOUT] = NLA_POLICY_FULL_RANGE(NLA_U32, &wgmesh_a_mesh_idle_timeout_range),
};

/* WGMESH_CMD_MESH_GET - do */
static const struct nla_policy wgmesh_mesh_get_nl_policy[WGMESH_A_MESH_IFNAME + 1] = {
	[WGMESH_A_MESH_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[WGMESH_A_MESH_IFNAME] = { .type = NLA_NUL_STRING, .len = 15, },
};

/* WGMESH_CMD_PEERS_APPLY - do */
static const struct nla_policy wgmesh_peers_apply_nl_policy[WGMESH_A_MESH_PEER + 1] = {
	[WGMESH_A_MESH_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[WGMESH_A_MESH_IFNAME] = { .type = NLA_NUL_STRING, .len = 15, },
	[WGMESH_A_MESH_EXPECTED_GENERATION] = { .type = NLA_U64, },
	[WGMESH_A_MESH_APPLY_FLAGS] = NLA_POLICY_MASK(NLA_U32, 0xf),
	[WGMESH_A_MESH_TRANSACTION] = NLA_POLICY_MIN(NLA_U32, 1),
	[WGMESH_A_MESH_PEER] = NLA_POLICY_NESTED(wgmesh_peer_nl_policy),
};

/* WGMESH_CMD_PEER_GET - do */
static const struct nla_policy wgmesh_peer_get_nl_policy[WGMESH_A_MESH_PEER + 1] = {
	[WGMESH_A_MESH_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[WGMESH_A_MESH_IFNAME] = { .type = NLA_NUL_STRING, .len = 15, },
	[WGMESH_A_MESH_PEER] = NLA_POLICY_NESTED(wgmesh_peer_nl_policy),
};

/* WGMESH_CMD_PEER_LIST - dump */
static const struct nla_policy wgmesh_peer_list_nl_policy[WGMESH_A_MESH_STATE + 1] = {
	[WGMESH_A_MESH_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[WGMESH_A_MESH_IFNAME] = { .type = NLA_NUL_STRING, .len = 15, },
	[WGMESH_A_MESH_STATE] = NLA_POLICY_MAX(NLA_U32, 3),
	[WGMESH_A_MESH_SINCE_GENERATION] = { .type = NLA_U64, },
};

/* WGMESH_CMD_PREFIX_GET - do */
static const struct nla_policy wgmesh_prefix_get_nl_policy[WGMESH_A_MESH_ADDRESS + 1] = {
	[WGMESH_A_MESH_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[WGMESH_A_MESH_IFNAME] = { .type = NLA_NUL_STRING, .len = 15, },
	[WGMESH_A_MESH_ADDRESS] = { .type = NLA_BINARY, },
};

/* WGMESH_CMD_PREFIX_LIST - dump */
static const struct nla_policy wgmesh_prefix_list_nl_policy[WGMESH_A_MESH_IFNAME + 1] = {
	[WGMESH_A_MESH_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[WGMESH_A_MESH_IFNAME] = { .type = NLA_NUL_STRING, .len = 15, },
};

/* WGMESH_CMD_STATS_GET - do */
static const struct nla_policy wgmesh_stats_get_nl_policy[WGMESH_A_MESH_IFNAME + 1] = {
	[WGMESH_A_MESH_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[WGMESH_A_MESH_IFNAME] = { .type = NLA_NUL_STRING, .len = 15, },
};

/* WGMESH_CMD_PEER_ACTIVATE - do */
static const struct nla_policy wgmesh_peer_activate_nl_policy[WGMESH_A_MESH_PEER + 1] = {
	[WGMESH_A_MESH_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[WGMESH_A_MESH_IFNAME] = { .type = NLA_NUL_STRING, .len = 15, },
	[WGMESH_A_MESH_PEER] = NLA_POLICY_NESTED(wgmesh_peer_nl_policy),
};

/* WGMESH_CMD_PEER_EVICT - do */
static const struct nla_policy wgmesh_peer_evict_nl_policy[WGMESH_A_MESH_FORCE + 1] = {
	[WGMESH_A_MESH_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[WGMESH_A_MESH_IFNAME] = { .type = NLA_NUL_STRING, .len = 15, },
	[WGMESH_A_MESH_PEER] = NLA_POLICY_NESTED(wgmesh_peer_nl_policy),
	[WGMESH_A_MESH_FORCE] = { .type = NLA_FLAG, },
};

/* Ops table for wgmesh */
static const struct genl_split_ops wgmesh_nl_ops[] = {
	{
		.cmd		= WGMESH_CMD_MESH_NEW,
		.doit		= wgmesh_nl_mesh_new_doit,
		.policy		= wgmesh_mesh_new_nl_policy,
		.maxattr	= WGMESH_A_MESH_IDLE_TIMEOUT,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= WGMESH_CMD_MESH_DEL,
		.doit		= wgmesh_nl_mesh_del_doit,
		.policy		= wgmesh_mesh_del_nl_policy,
		.maxattr	= WGMESH_A_MESH_IFNAME,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= WGMESH_CMD_MESH_SET,
		.doit		= wgmesh_nl_mesh_set_doit,
		.policy		= wgmesh_mesh_set_nl_policy,
		.maxattr	= WGMESH_A_MESH_IDLE_TIMEOUT,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= WGMESH_CMD_MESH_GET,
		.doit		= wgmesh_nl_mesh_get_doit,
		.policy		= wgmesh_mesh_get_nl_policy,
		.maxattr	= WGMESH_A_MESH_IFNAME,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= WGMESH_CMD_MESH_LIST,
		.dumpit	= wgmesh_nl_mesh_list_dumpit,
		.flags	= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= WGMESH_CMD_PEERS_APPLY,
		.doit		= wgmesh_nl_peers_apply_doit,
		.policy		= wgmesh_peers_apply_nl_policy,
		.maxattr	= WGMESH_A_MESH_PEER,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= WGMESH_CMD_PEER_GET,
		.doit		= wgmesh_nl_peer_get_doit,
		.policy		= wgmesh_peer_get_nl_policy,
		.maxattr	= WGMESH_A_MESH_PEER,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= WGMESH_CMD_PEER_LIST,
		.dumpit		= wgmesh_nl_peer_list_dumpit,
		.policy		= wgmesh_peer_list_nl_policy,
		.maxattr	= WGMESH_A_MESH_STATE,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= WGMESH_CMD_PREFIX_GET,
		.doit		= wgmesh_nl_prefix_get_doit,
		.policy		= wgmesh_prefix_get_nl_policy,
		.maxattr	= WGMESH_A_MESH_ADDRESS,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= WGMESH_CMD_PREFIX_LIST,
		.dumpit		= wgmesh_nl_prefix_list_dumpit,
		.policy		= wgmesh_prefix_list_nl_policy,
		.maxattr	= WGMESH_A_MESH_IFNAME,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= WGMESH_CMD_STATS_GET,
		.doit		= wgmesh_nl_stats_get_doit,
		.policy		= wgmesh_stats_get_nl_policy,
		.maxattr	= WGMESH_A_MESH_IFNAME,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= WGMESH_CMD_PEER_ACTIVATE,
		.doit		= wgmesh_nl_peer_activate_doit,
		.policy		= wgmesh_peer_activate_nl_policy,
		.maxattr	= WGMESH_A_MESH_PEER,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= WGMESH_CMD_PEER_EVICT,
		.doit		= wgmesh_nl_peer_evict_doit,
		.policy		= wgmesh_peer_evict_nl_policy,
		.maxattr	= WGMESH_A_MESH_FORCE,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
};

static const struct genl_multicast_group wgmesh_nl_mcgrps[] = {
	[WGMESH_NLGRP_CONFIG] = { "config", },
	[WGMESH_NLGRP_PEERS] = { "peers", },
};

struct genl_family wgmesh_nl_family __ro_after_init = {
	.name		= WGMESH_FAMILY_NAME,
	.version	= WGMESH_FAMILY_VERSION,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.split_ops	= wgmesh_nl_ops,
	.n_split_ops	= ARRAY_SIZE(wgmesh_nl_ops),
	.mcgrps		= wgmesh_nl_mcgrps,
	.n_mcgrps	= ARRAY_SIZE(wgmesh_nl_mcgrps),
};
