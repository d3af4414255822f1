/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/wgmesh.yaml */
/* YNL-GEN kernel header */

#ifndef _LINUX_WGMESH_GEN_H
#define _LINUX_WGMESH_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/wgmesh.h>

/* Common nested types */
extern const struct nla_policy wgmesh_hop_nl_policy[WGMESH_A_HOP_STATE + 1];
extern const struct nla_policy wgmesh_peer_nl_policy[WGMESH_A_PEER_MORE + 1];
extern const struct nla_policy wgmesh_prefix_nl_policy[WGMESH_A_PREFIX_HOP + 1];

int wgmesh_nl_mesh_new_doit(struct sk_buff *skb, struct genl_info *info);
int wgmesh_nl_mesh_del_doit(struct sk_buff *skb, struct genl_info *info);
int wgmesh_nl_mesh_set_doit(struct sk_buff *skb, struct genl_info *info);
int wgmesh_nl_mesh_get_doit(struct sk_buff *skb, struct genl_info *info);
int wgmesh_nl_mesh_list_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb);
int wgmesh_nl_peers_apply_doit(struct sk_buff *skb, struct genl_info *info);
int wgmesh_nl_peer_get_doit(struct sk_buff *skb, struct genl_info *info);
int wgmesh_nl_peer_list_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb);
int wgmesh_nl_prefix_get_doit(struct sk_buff *skb, struct genl_info *info);
int wgmesh_nl_prefix_list_dumpit(struct sk_buff *skb,
				 struct netlink_callback *cb);
int wgmesh_nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info);
int wgmesh_nl_peer_activate_doit(struct sk_buff *skb, struct genl_info *info);
int wgmesh_nl_peer_evict_doit(struct sk_buff *skb, struct genl_info *info);

enum {
	WGMESH_NLGRP_CONFIG,
	WGMESH_NLGRP_PEERS,
};

extern struct genl_family wgmesh_nl_family;

#endif /* _LINUX_WGMESH_GEN_H */
