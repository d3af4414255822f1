// SPDX-License-Identifier: GPL-2.0
/* Handlers of mesh-new, -del, -set, -get, -list and stats-get. */
#include <net/genetlink.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "answer.h"
#include "egress.h"
#include "events.h"
#include "mesh.h"
#include "netlink.h"
#include "netlink_gen.h"

static int answer_mesh(struct genl_info *info, struct wgm_mesh *mesh)
{
	struct sk_buff *skb;
	void *hdr;

	skb = wgm_nl_begin_answer(info, GENLMSG_DEFAULT_SIZE, &hdr);
	return skb ? wgm_nl_end_answer(info, skb, hdr, wgm_put_mesh(skb, mesh)) : -ENOMEM;
}

/* What this kernel cannot do is refused, rather than promised. */
static int check_flags(struct genl_info *info)
{
	const struct nlattr *flags = info->attrs[WGMESH_A_MESH_FLAGS];

	if (!flags || !(nla_get_u32(flags) & WGMESH_MESH_FLAGS_LAZY) || wgm_egress_supported())
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, flags,
			    "lazy needs the feature egress: this kernel is built without CONFIG_NETFILTER_EGRESS or CONFIG_NETFILTER_SKIP_EGRESS");
	return -EOPNOTSUPP;
}

/* The namespace of the socket, with a reference; NULL when it is not told.  What is done in
 * it is the right of who may administer it.
 */
static struct net *get_socket_net(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *fd = info->attrs[WGMESH_A_MESH_SOCKET_NETNS_FD];
	struct net *net;

	if (!fd)
		return NULL;
	net = get_net_ns_by_fd(nla_get_s32(fd));
	if (IS_ERR(net)) {
		NL_SET_ERR_MSG_ATTR(info->extack, fd, "not a network namespace");
	} else if (!netlink_ns_capable(skb, net->user_ns, CAP_NET_ADMIN)) {
		NL_SET_ERR_MSG_ATTR(info->extack, fd, "CAP_NET_ADMIN is needed there, too");
		put_net(net);
		net = ERR_PTR(-EPERM);
	}
	return net;
}

int wgmesh_nl_mesh_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct net *net = genl_info_net(info);
	struct wgm_mesh_config config = {
		.flags = wgm_nl_u32(info->attrs, WGMESH_A_MESH_FLAGS, 0),
		.peers_max = wgm_nl_u32(info->attrs, WGMESH_A_MESH_PEERS_MAX, 0),
		.active_max = wgm_nl_u32(info->attrs, WGMESH_A_MESH_ACTIVE_MAX, 0),
		.txn_timeout = wgm_nl_u32(info->attrs, WGMESH_A_MESH_TRANSACTION_TIMEOUT, 0),
		.idle_timeout = wgm_nl_u32(info->attrs, WGMESH_A_MESH_IDLE_TIMEOUT, 0),
	};
	struct wgm_mesh *mesh;
	int ifindex, err;

	ifindex = wgm_nl_find_ifindex(net, info->attrs, info->extack);
	if (ifindex < 0)
		return ifindex;
	err = check_flags(info);
	if (err)
		return err;
	config.socket_net = get_socket_net(skb, info);
	if (IS_ERR(config.socket_net))
		return PTR_ERR(config.socket_net);
	mesh = wgm_mesh_new(net, ifindex, &config, info->extack);
	if (config.socket_net)
		put_net(config.socket_net);
	if (IS_ERR(mesh))
		return PTR_ERR(mesh);
	wgm_event_mesh(mesh, WGMESH_CMD_MESH_NEW_NTF);
	err = answer_mesh(info, mesh);
	/* Who is told that it failed must not find it there. */
	if (err && wgm_mesh_detach(mesh))
		wgm_event_mesh(mesh, WGMESH_CMD_MESH_DEL_NTF);
	wgm_mesh_put(mesh);
	return err;
}

int wgmesh_nl_mesh_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct wgm_mesh *mesh = wgm_nl_mesh_of(info);
	int err = 0;

	if (IS_ERR(mesh))
		return PTR_ERR(mesh);
	if (wgm_mesh_detach(mesh))
		wgm_event_mesh(mesh, WGMESH_CMD_MESH_DEL_NTF);
	else
		err = -ENOENT;
	wgm_mesh_put(mesh);
	return err;
}

static int set_limits(struct wgm_mesh *mesh, struct genl_info *info)
{
	struct nlattr **tb = info->attrs;
	struct wgm_table *table = &mesh->table;
	u32 peers_max = wgm_nl_u32(tb, WGMESH_A_MESH_PEERS_MAX, table->peers_max);

	if (peers_max < table->n_peers) {
		NL_SET_ERR_MSG_ATTR(info->extack, tb[WGMESH_A_MESH_PEERS_MAX],
				    "the table holds more peers than that");
		return -EINVAL;
	}
	WRITE_ONCE(table->peers_max, peers_max);
	WRITE_ONCE(mesh->active_max, wgm_nl_u32(tb, WGMESH_A_MESH_ACTIVE_MAX, mesh->active_max));
	WRITE_ONCE(mesh->txn_timeout,
		   wgm_nl_u32(tb, WGMESH_A_MESH_TRANSACTION_TIMEOUT, mesh->txn_timeout));
	WRITE_ONCE(mesh->idle_timeout,
		   wgm_nl_u32(tb, WGMESH_A_MESH_IDLE_TIMEOUT, mesh->idle_timeout));
	if (tb[WGMESH_A_MESH_FLAGS])
		wgm_mesh_set_lazy(mesh, nla_get_u32(tb[WGMESH_A_MESH_FLAGS]) &
					WGMESH_MESH_FLAGS_LAZY);
	return 0;
}

int wgmesh_nl_mesh_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct wgm_mesh *mesh = wgm_nl_mesh_of(info);
	int err;

	if (IS_ERR(mesh))
		return PTR_ERR(mesh);
	err = check_flags(info);
	if (!err) {
		wgm_table_lock(&mesh->table);
		err = set_limits(mesh, info);
		wgm_table_unlock(&mesh->table);
	}
	if (!err) {
		wgm_sync_kick(mesh);
		wgm_event_mesh(mesh, WGMESH_CMD_MESH_SET_NTF);
	}
	wgm_mesh_put(mesh);
	return err;
}

int wgmesh_nl_mesh_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct wgm_mesh *mesh = wgm_nl_mesh_of(info);
	int err;

	if (IS_ERR(mesh))
		return PTR_ERR(mesh);
	err = answer_mesh(info, mesh);
	wgm_mesh_put(mesh);
	return err;
}

int wgmesh_nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct wgm_mesh *mesh = wgm_nl_mesh_of(info);
	struct sk_buff *answer;
	int err = -ENOMEM;
	void *hdr;

	if (IS_ERR(mesh))
		return PTR_ERR(mesh);
	answer = wgm_nl_begin_answer(info, GENLMSG_DEFAULT_SIZE, &hdr);
	if (answer) {
		err = nla_put_u32(answer, WGMESH_A_MESH_IFINDEX, mesh->ifindex);
		if (!err)
			err = wgm_put_moment(answer, mesh);
		if (!err)
			err = wgm_put_stats(answer, mesh);
		err = wgm_nl_end_answer(info, answer, hdr, err);
	}
	wgm_mesh_put(mesh);
	return err;
}

int wgmesh_nl_mesh_list_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct {
		int next;	/* ifindex */
	} *ctx = (void *)cb->ctx;
	struct net *net = sock_net(skb->sk);
	struct wgm_mesh *mesh;
	int err = 0;
	void *hdr;

	while (!err && (mesh = wgm_mesh_next(net, ctx->next))) {
		hdr = wgm_nl_begin_part(skb, cb, WGMESH_CMD_MESH_LIST);
		err = hdr ? wgm_nl_end_part(skb, hdr, wgm_put_mesh(skb, mesh)) : -EMSGSIZE;
		if (!err)
			ctx->next = mesh->ifindex + 1;
		wgm_mesh_put(mesh);
	}
	return wgm_nl_end_dump(skb, err);
}
