// SPDX-License-Identifier: GPL-2.0
/* Handlers run in parallel.  They look at tables and change them, and leave it to
 * the worker to tell WireGuard: a handler that called WireGuard's own netlink, or
 * waited for somebody who does, would wait for locks that it holds itself.
 */
#include <linux/netdevice.h>
#include <net/genetlink.h>

#include "mesh.h"
#include "netlink.h"
#include "netlink_gen.h"

/* ---- which mesh ---- */

int wgm_nl_find_ifindex(struct net *net, struct nlattr **tb, struct netlink_ext_ack *extack)
{
	const struct nlattr *name = tb[WGMESH_A_MESH_IFNAME];
	const struct nlattr *index = tb[WGMESH_A_MESH_IFINDEX];
	const struct net_device *dev;
	int ifindex = 0;

	if (index && nla_get_u32(index) > INT_MAX) {
		NL_SET_ERR_MSG_ATTR(extack, index, "no such device");
		return -ENODEV;
	}
	if (!name && index)
		return nla_get_u32(index);
	if (!name) {
		NL_SET_ERR_MSG(extack, "ifindex or ifname is required");
		return -EINVAL;
	}
	rcu_read_lock();
	dev = dev_get_by_name_rcu(net, nla_data(name));
	if (dev)
		ifindex = dev->ifindex;
	rcu_read_unlock();
	if (!ifindex) {
		NL_SET_ERR_MSG_ATTR(extack, name, "no such device");
		return -ENODEV;
	}
	if (index && nla_get_u32(index) != ifindex) {
		NL_SET_ERR_MSG_ATTR(extack, index, "ifname names another device");
		return -EINVAL;
	}
	return ifindex;
}

static bool device_exists(struct net *net, int ifindex)
{
	bool exists;

	rcu_read_lock();
	exists = dev_get_by_index_rcu(net, ifindex);
	rcu_read_unlock();
	return exists;
}

struct wgm_mesh *wgm_nl_get_mesh(struct net *net, struct nlattr **tb,
				 struct netlink_ext_ack *extack)
{
	int ifindex = wgm_nl_find_ifindex(net, tb, extack);
	struct wgm_mesh *mesh;

	if (ifindex < 0)
		return ERR_PTR(ifindex);
	mesh = wgm_mesh_lookup(net, ifindex);
	if (mesh)
		return mesh;
	if (device_exists(net, ifindex)) {
		NL_SET_ERR_MSG(extack, "the device has no mesh");
		return ERR_PTR(-ENOENT);
	}
	NL_SET_ERR_MSG_ATTR(extack, tb[WGMESH_A_MESH_IFINDEX], "no such device");
	return ERR_PTR(-ENODEV);
}

struct wgm_mesh *wgm_nl_mesh_of(struct genl_info *info)
{
	return wgm_nl_get_mesh(genl_info_net(info), info->attrs, info->extack);
}

/* ---- answers ---- */

static struct sk_buff *begin(size_t size, u32 portid, u32 seq, u8 cmd, void **ret_hdr)
{
	struct sk_buff *skb = genlmsg_new(size, GFP_KERNEL);

	if (!skb)
		return NULL;
	*ret_hdr = genlmsg_put(skb, portid, seq, &wgmesh_nl_family, 0, cmd);
	if (*ret_hdr)
		return skb;
	nlmsg_free(skb);
	return NULL;
}

struct sk_buff *wgm_nl_begin_event(u8 cmd, void **ret_hdr)
{
	return begin(GENLMSG_DEFAULT_SIZE, 0, 0, cmd, ret_hdr);
}

struct sk_buff *wgm_nl_begin_answer(struct genl_info *info, size_t size, void **ret_hdr)
{
	return begin(size, info->snd_portid, info->snd_seq, info->genlhdr->cmd, ret_hdr);
}

int wgm_nl_end_answer(struct genl_info *info, struct sk_buff *skb, void *hdr, int err)
{
	if (err) {
		nlmsg_free(skb);
		return err;
	}
	genlmsg_end(skb, hdr);
	return genlmsg_reply(skb, info);
}

/* ---- dumps ---- */

int wgm_nl_end_dump(struct sk_buff *skb, int err)
{
	return skb->len ? skb->len : err;
}

void *wgm_nl_begin_part(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd)
{
	return genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			   &wgmesh_nl_family, NLM_F_MULTI, cmd);
}

int wgm_nl_end_part(struct sk_buff *skb, void *hdr, int err)
{
	if (err)
		genlmsg_cancel(skb, hdr);
	else
		genlmsg_end(skb, hdr);
	return err;
}

/* As generated, but with flags, which the generator does not know for groups: who may
 * not ask may not listen either.
 */
static const struct genl_multicast_group groups[] = {
	[WGMESH_NLGRP_CONFIG] = { WGMESH_MCGRP_CONFIG, GENL_MCAST_CAP_NET_ADMIN },
	[WGMESH_NLGRP_PEERS] = { WGMESH_MCGRP_PEERS, GENL_MCAST_CAP_NET_ADMIN },
};

int __init wgm_netlink_init(void)
{
	wgmesh_nl_family.mcgrps = groups;
	return genl_register_family(&wgmesh_nl_family);
}

void wgm_netlink_fini(void)
{
	genl_unregister_family(&wgmesh_nl_family);
}
