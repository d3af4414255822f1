/* SPDX-License-Identifier: GPL-2.0 */
/* What the handlers of the generic netlink family share.  The handlers are declared
 * in netlink_gen.h, which is generated from proto/netlink/specs/wgmesh.yaml.
 */
#ifndef _WGM_NETLINK_H
#define _WGM_NETLINK_H

#include <net/netlink.h>

struct genl_info;
struct net;
struct wgm_mesh;

/* The index of the device that the attributes name, or -ENODEV, -EINVAL. */
int wgm_nl_find_ifindex(struct net *net, struct nlattr **tb, struct netlink_ext_ack *extack);

/* The mesh that the attributes name, with a reference; ERR_PTR(-ENODEV, -ENOENT, -EINVAL). */
struct wgm_mesh *wgm_nl_get_mesh(struct net *net, struct nlattr **tb,
				 struct netlink_ext_ack *extack);
struct wgm_mesh *wgm_nl_mesh_of(struct genl_info *info);

static inline u32 wgm_nl_u32(struct nlattr **tb, int attr, u32 absent)
{
	return tb[attr] ? nla_get_u32(tb[attr]) : absent;
}

/* A message for a multicast group; NULL without memory. */
struct sk_buff *wgm_nl_begin_event(u8 cmd, void **ret_hdr);

/* An answer of one message; NULL without memory. */
struct sk_buff *wgm_nl_begin_answer(struct genl_info *info, size_t size, void **ret_hdr);
/* Sends it, or frees it and returns @err. */
int wgm_nl_end_answer(struct genl_info *info, struct sk_buff *skb, void *hdr, int err);

/* A message of a dump; NULL when there is no room. */
void *wgm_nl_begin_part(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd);
/* Completes it, or takes it back and returns @err. */
int wgm_nl_end_part(struct sk_buff *skb, void *hdr, int err);
/* What a dump returns: what was put ends a call well; nothing put is an error. */
int wgm_nl_end_dump(struct sk_buff *skb, int err);

int wgm_netlink_init(void);
void wgm_netlink_fini(void);

#endif /* _WGM_NETLINK_H */
