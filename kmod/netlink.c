// SPDX-License-Identifier: GPL-2.0
/* Handlers run in parallel.  They look at tables and change them, and leave it to
 * the worker to tell WireGuard: a handler that called WireGuard's own netlink, or
 * waited for somebody who does, would wait for locks that it holds itself.
 */
#include <linux/netdevice.h>
#include <net/genetlink.h>
#include <net/sock.h>
#include <net/net_namespace.h>

#include "answer.h"
#include "apply.h"
#include "batch.h"
#include "events.h"
#include "mesh.h"
#include "netlink.h"
#include "netlink_gen.h"
#include "nexthop.h"
#include "peer.h"
#include "prefix.h"

/* ---- which mesh ---- */

/* The index of the device that the attributes name, or -ENODEV, -EINVAL. */
static int find_ifindex(struct net *net, struct nlattr **tb, struct netlink_ext_ack *extack)
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

/* The mesh that the attributes name, with a reference; ERR_PTR. */
static struct wgm_mesh *get_mesh(struct net *net, struct nlattr **tb,
				 struct netlink_ext_ack *extack)
{
	int ifindex = find_ifindex(net, tb, extack);
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

static struct wgm_mesh *mesh_of(struct genl_info *info)
{
	return get_mesh(genl_info_net(info), info->attrs, info->extack);
}

/* ---- answers ---- */

static struct sk_buff *begin_answer(struct genl_info *info, size_t size, void **ret_hdr)
{
	struct sk_buff *skb = genlmsg_new(size, GFP_KERNEL);

	if (!skb)
		return NULL;
	*ret_hdr = genlmsg_put_reply(skb, info, &wgmesh_nl_family, 0, info->genlhdr->cmd);
	if (*ret_hdr)
		return skb;
	nlmsg_free(skb);
	return NULL;
}

static int end_answer(struct genl_info *info, struct sk_buff *skb, void *hdr, int err)
{
	if (err) {
		nlmsg_free(skb);
		return err;
	}
	genlmsg_end(skb, hdr);
	return genlmsg_reply(skb, info);
}

static int answer_mesh(struct genl_info *info, struct wgm_mesh *mesh)
{
	struct sk_buff *skb;
	void *hdr;

	skb = begin_answer(info, GENLMSG_DEFAULT_SIZE, &hdr);
	return skb ? end_answer(info, skb, hdr, wgm_put_mesh(skb, mesh)) : -ENOMEM;
}

/* ---- meshes ---- */

static u32 read_u32(struct nlattr **tb, int attr, u32 absent)
{
	return tb[attr] ? nla_get_u32(tb[attr]) : absent;
}

/* What this version cannot do is refused, rather than promised. */
static int check_flags(struct genl_info *info)
{
	const struct nlattr *flags = info->attrs[WGMESH_A_MESH_FLAGS];

	if (!flags || !(nla_get_u32(flags) & WGMESH_MESH_FLAGS_LAZY))
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, flags,
			    "lazy needs the features egress and doorman, which this module lacks");
	return -EOPNOTSUPP;
}

static int check_socket_netns(struct genl_info *info)
{
	const struct nlattr *fd = info->attrs[WGMESH_A_MESH_SOCKET_NETNS_FD];
	struct net *net;

	if (!fd)
		return 0;
	net = get_net_ns_by_fd(nla_get_s32(fd));
	if (IS_ERR(net)) {
		NL_SET_ERR_MSG_ATTR(info->extack, fd, "not a network namespace");
		return PTR_ERR(net);
	}
	put_net(net);
	return 0;
}

int wgmesh_nl_mesh_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct net *net = genl_info_net(info);
	const struct wgm_mesh_config config = {
		.peers_max = read_u32(info->attrs, WGMESH_A_MESH_PEERS_MAX, 0),
		.active_max = read_u32(info->attrs, WGMESH_A_MESH_ACTIVE_MAX, 0),
		.txn_timeout = read_u32(info->attrs, WGMESH_A_MESH_TRANSACTION_TIMEOUT, 0),
	};
	struct wgm_mesh *mesh;
	int ifindex, err;

	ifindex = find_ifindex(net, info->attrs, info->extack);
	if (ifindex < 0)
		return ifindex;
	err = check_flags(info);
	if (!err)
		err = check_socket_netns(info);
	if (err)
		return err;
	mesh = wgm_mesh_new(net, ifindex, &config, info->extack);
	if (IS_ERR(mesh))
		return PTR_ERR(mesh);
	wgm_event_mesh(mesh, WGMESH_CMD_MESH_NEW_NTF);
	err = answer_mesh(info, mesh);
	wgm_mesh_put(mesh);
	return err;
}

int wgmesh_nl_mesh_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct wgm_mesh *mesh = mesh_of(info);
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
	u32 peers_max = read_u32(tb, WGMESH_A_MESH_PEERS_MAX, table->peers_max);

	if (peers_max < table->n_peers) {
		NL_SET_ERR_MSG_ATTR(info->extack, tb[WGMESH_A_MESH_PEERS_MAX],
				    "the table holds more peers than that");
		return -EBUSY;
	}
	WRITE_ONCE(table->peers_max, peers_max);
	WRITE_ONCE(mesh->active_max, read_u32(tb, WGMESH_A_MESH_ACTIVE_MAX, mesh->active_max));
	WRITE_ONCE(mesh->txn_timeout,
		   read_u32(tb, WGMESH_A_MESH_TRANSACTION_TIMEOUT, mesh->txn_timeout));
	return 0;
}

int wgmesh_nl_mesh_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct wgm_mesh *mesh = mesh_of(info);
	int err;

	if (IS_ERR(mesh))
		return PTR_ERR(mesh);
	err = check_flags(info);
	if (!err) {
		wgm_table_lock(&mesh->table);
		err = set_limits(mesh, info);
		wgm_table_unlock(&mesh->table);
	}
	if (!err)
		wgm_event_mesh(mesh, WGMESH_CMD_MESH_SET_NTF);
	wgm_mesh_put(mesh);
	return err;
}

int wgmesh_nl_mesh_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct wgm_mesh *mesh = mesh_of(info);
	int err;

	if (IS_ERR(mesh))
		return PTR_ERR(mesh);
	err = answer_mesh(info, mesh);
	wgm_mesh_put(mesh);
	return err;
}

int wgmesh_nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct wgm_mesh *mesh = mesh_of(info);
	struct sk_buff *answer;
	int err = -ENOMEM;
	void *hdr;

	if (IS_ERR(mesh))
		return PTR_ERR(mesh);
	answer = begin_answer(info, GENLMSG_DEFAULT_SIZE, &hdr);
	if (answer) {
		err = nla_put_u32(answer, WGMESH_A_MESH_IFINDEX, mesh->ifindex);
		if (!err)
			err = wgm_put_u64(answer, WGMESH_A_MESH_GENERATION,
					  READ_ONCE(mesh->table.generation));
		if (!err)
			err = wgm_put_stats(answer, mesh);
		err = end_answer(info, answer, hdr, err);
	}
	wgm_mesh_put(mesh);
	return err;
}

/* ---- batches ---- */

static int check_apply_flags(struct genl_info *info, u32 flags)
{
	const struct nlattr *attr = info->attrs[WGMESH_A_MESH_APPLY_FLAGS];
	bool in_transaction = info->attrs[WGMESH_A_MESH_TRANSACTION];
	u32 step = flags & ~WGMESH_APPLY_FLAGS_REPLACE;
	const char *why = NULL;

	if (hweight32(step) > 1)
		why = "begin, commit and abort exclude each other";
	else if (step == WGMESH_APPLY_FLAGS_BEGIN && in_transaction)
		why = "a transaction that begins has no id yet";
	else if (step && step != WGMESH_APPLY_FLAGS_BEGIN && !in_transaction)
		why = "commit and abort need the id of a transaction";
	else if (flags & WGMESH_APPLY_FLAGS_REPLACE && in_transaction)
		why = "replace is said when a transaction begins";
	else if (step == WGMESH_APPLY_FLAGS_ABORT && info->attrs[WGMESH_A_MESH_PEER])
		why = "abort takes no peers";
	if (!why)
		return 0;
	NL_SET_ERR_MSG_FMT(info->extack, "%s", why);
	NL_SET_BAD_ATTR(info->extack, attr ?: info->attrs[WGMESH_A_MESH_TRANSACTION]);
	return -EINVAL;
}

static void read_expected(struct wgm_batch *batch, struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[WGMESH_A_MESH_EXPECTED_GENERATION];

	if (!attr)
		return;
	batch->expects = true;
	batch->expected = nla_get_u64(attr);
}

static int answer_apply(struct genl_info *info, struct wgm_mesh *mesh, u32 transaction,
			const struct wgm_apply_result *result)
{
	struct sk_buff *skb;
	void *hdr;
	int err;

	skb = begin_answer(info, GENLMSG_DEFAULT_SIZE, &hdr);
	if (!skb)
		return -ENOMEM;
	err = nla_put_u32(skb, WGMESH_A_MESH_IFINDEX, mesh->ifindex);
	if (!err && transaction)
		err = nla_put_u32(skb, WGMESH_A_MESH_TRANSACTION, transaction);
	if (!err && result)
		err = wgm_put_result(skb, result);
	return end_answer(info, skb, hdr, err);
}

/* At most every peer that there is leaves, and as many as may be there come. */
static int parse_peers(struct wgm_mesh *mesh, struct wgm_batch *batch, struct genl_info *info)
{
	u32 peers_max = READ_ONCE(mesh->table.peers_max);

	return wgm_batch_parse(batch, info, batch->replace ? peers_max : 2 * peers_max);
}

static int apply_batch(struct wgm_mesh *mesh, struct wgm_batch *batch, struct genl_info *info,
		       u32 transaction)
{
	struct wgm_apply_result result;
	int err;

	err = wgm_apply(&mesh->table, batch, &result, info->extack);
	if (err) {
		atomic64_inc(&mesh->stats.batches_refused);
		if (err == -ESTALE)
			NL_SET_BAD_ATTR(info->extack,
					info->attrs[WGMESH_A_MESH_EXPECTED_GENERATION]);
		return err;
	}
	atomic64_inc(&mesh->stats.batches);
	wgm_sync_kick(mesh);
	wgm_event_apply(mesh, &result);
	return answer_apply(info, mesh, transaction, &result);
}

static int apply_alone(struct wgm_mesh *mesh, struct genl_info *info, u32 flags)
{
	struct wgm_batch batch;
	int err;

	wgm_batch_init(&batch);
	batch.replace = flags & WGMESH_APPLY_FLAGS_REPLACE;
	read_expected(&batch, info);
	err = parse_peers(mesh, &batch, info);
	if (err)
		atomic64_inc(&mesh->stats.batches_refused);
	else
		err = apply_batch(mesh, &batch, info, 0);
	wgm_batch_fini(&batch);
	return err;
}

/* A generation that is wrong already is told now rather than at the end. */
static int check_expected(struct wgm_mesh *mesh, struct wgm_batch *batch, struct genl_info *info)
{
	int err;

	wgm_table_lock(&mesh->table);
	err = wgm_apply_check_generation(&mesh->table, batch, info->extack);
	wgm_table_unlock(&mesh->table);
	return err;
}

static int begin_transaction(struct wgm_mesh *mesh, struct genl_info *info, u32 flags)
{
	struct wgm_batch batch;
	u32 id;
	int err;

	wgm_batch_init(&batch);
	batch.replace = flags & WGMESH_APPLY_FLAGS_REPLACE;
	read_expected(&batch, info);
	err = check_expected(mesh, &batch, info);
	if (!err)
		err = parse_peers(mesh, &batch, info);
	if (!err)
		err = wgm_txn_begin(mesh, info->snd_portid, &batch, &id);
	if (err == -EBUSY)
		NL_SET_ERR_MSG(info->extack, "too many open transactions");
	wgm_batch_fini(&batch);
	return err ? err : answer_apply(info, mesh, id, NULL);
}

static int go_on(struct wgm_mesh *mesh, struct genl_info *info, u32 flags)
{
	const struct nlattr *attr = info->attrs[WGMESH_A_MESH_TRANSACTION];
	u32 id = nla_get_u32(attr);
	struct wgm_txn *txn;
	int err;

	txn = wgm_txn_take(mesh, info->snd_portid, id);
	if (!txn) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "this socket has no such transaction");
		return -ENOENT;
	}
	if (flags & WGMESH_APPLY_FLAGS_ABORT) {
		wgm_txn_free(txn);
		return answer_apply(info, mesh, id, NULL);
	}
	read_expected(&txn->batch, info);
	err = parse_peers(mesh, &txn->batch, info);
	if (err || !(flags & WGMESH_APPLY_FLAGS_COMMIT)) {
		wgm_txn_return(mesh, txn);
		return err ? err : answer_apply(info, mesh, id, NULL);
	}
	err = apply_batch(mesh, &txn->batch, info, id);
	wgm_txn_free(txn);
	return err;
}

int wgmesh_nl_peers_apply_doit(struct sk_buff *skb, struct genl_info *info)
{
	u32 flags = read_u32(info->attrs, WGMESH_A_MESH_APPLY_FLAGS, 0);
	struct wgm_mesh *mesh;
	int err;

	err = check_apply_flags(info, flags);
	if (err)
		return err;
	mesh = mesh_of(info);
	if (IS_ERR(mesh))
		return PTR_ERR(mesh);
	if (info->attrs[WGMESH_A_MESH_TRANSACTION])
		err = go_on(mesh, info, flags);
	else if (flags & WGMESH_APPLY_FLAGS_BEGIN)
		err = begin_transaction(mesh, info, flags);
	else
		err = apply_alone(mesh, info, flags);
	wgm_mesh_put(mesh);
	return err;
}

/* ---- peers and prefixes ---- */

static const u8 *read_key(struct genl_info *info)
{
	struct nlattr *peer = info->attrs[WGMESH_A_MESH_PEER], *tb[WGMESH_A_PEER_MAX + 1];
	int err, i;

	if (!peer) {
		NL_SET_ERR_MSG(info->extack, "peer is required");
		return ERR_PTR(-EINVAL);
	}
	err = nla_parse_nested(tb, WGMESH_A_PEER_MAX, peer, wgmesh_peer_nl_policy, info->extack);
	if (err)
		return ERR_PTR(err);
	for (i = 1; i <= WGMESH_A_PEER_MAX; i++) {
		if (!tb[i] == (i != WGMESH_A_PEER_PUBLIC_KEY))
			continue;
		NL_SET_ERR_MSG_ATTR(info->extack, tb[i] ?: peer,
				    "a peer is named by its public key alone");
		return ERR_PTR(-EINVAL);
	}
	return nla_data(tb[WGMESH_A_PEER_PUBLIC_KEY]);
}

static int answer_peer(struct wgm_mesh *mesh, struct genl_info *info, const u8 *key)
{
	struct wgm_peer *peer = wgm_peer_lookup(&mesh->table, key);
	unsigned int skip = 0;
	struct sk_buff *skb;
	void *hdr;
	int err;

	if (!peer) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[WGMESH_A_MESH_PEER], "no such peer");
		return -ENOENT;
	}
	skb = begin_answer(info, WGM_PEER_SIZE + (size_t)peer->n_hops * WGM_PEER_PREFIX_SIZE, &hdr);
	if (!skb)
		return -ENOMEM;
	err = nla_put_u32(skb, WGMESH_A_MESH_IFINDEX, mesh->ifindex);
	if (!err)
		err = wgm_put_moment(skb, mesh);
	if (!err)
		err = wgm_put_peer(skb, &mesh->table, peer, &skip);
	return end_answer(info, skb, hdr, err);
}

int wgmesh_nl_peer_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	const u8 *key = read_key(info);
	struct wgm_mesh *mesh;
	int err;

	if (IS_ERR(key))
		return PTR_ERR(key);
	mesh = mesh_of(info);
	if (IS_ERR(mesh))
		return PTR_ERR(mesh);
	wgm_sync_refresh(mesh);
	wgm_table_lock(&mesh->table);
	err = answer_peer(mesh, info, key);
	wgm_table_unlock(&mesh->table);
	wgm_mesh_put(mesh);
	return err;
}

static int answer_prefix(struct wgm_mesh *mesh, struct genl_info *info, struct sk_buff *skb,
			 const struct nlattr *addr)
{
	struct wgm_prefix *prefix;
	int err;

	err = nla_put_u32(skb, WGMESH_A_MESH_IFINDEX, mesh->ifindex);
	if (!err)
		err = wgm_put_u64(skb, WGMESH_A_MESH_GENERATION,
				  READ_ONCE(mesh->table.generation));
	if (err)
		return err;
	rcu_read_lock();
	prefix = wgm_prefix_match(&mesh->table, nla_len(addr) * 8, nla_data(addr));
	err = prefix ? wgm_put_prefix(skb, &mesh->table, prefix) : -ENOENT;
	rcu_read_unlock();
	if (err == -ENOENT)
		NL_SET_ERR_MSG_ATTR(info->extack, addr, "no prefix holds this address");
	return err;
}

int wgmesh_nl_prefix_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *addr = info->attrs[WGMESH_A_MESH_ADDRESS];
	struct sk_buff *answer;
	struct wgm_mesh *mesh;
	int err = -ENOMEM;
	void *hdr;

	if (!addr || (nla_len(addr) != 4 && nla_len(addr) != 16)) {
		NL_SET_ERR_MSG_ATTR(info->extack, addr, "an address of 4 or 16 bytes is required");
		return -EINVAL;
	}
	mesh = mesh_of(info);
	if (IS_ERR(mesh))
		return PTR_ERR(mesh);
	answer = begin_answer(info, GENLMSG_DEFAULT_SIZE, &hdr);
	if (answer)
		err = end_answer(info, answer, hdr, answer_prefix(mesh, info, answer, addr));
	wgm_mesh_put(mesh);
	return err;
}

/* ---- dumps: each call fills one buffer, and says in cb->ctx where to go on ---- */

/* What was put and is still there ends a call well; nothing put is an error. */
static int end_dump(struct sk_buff *skb, int err)
{
	return skb->len ? skb->len : err;
}

static void *begin_part(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd)
{
	return genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			   &wgmesh_nl_family, NLM_F_MULTI, cmd);
}

static int end_part(struct sk_buff *skb, void *hdr, int err)
{
	if (err)
		genlmsg_cancel(skb, hdr);
	else
		genlmsg_end(skb, hdr);
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
		hdr = begin_part(skb, cb, WGMESH_CMD_MESH_LIST);
		err = hdr ? end_part(skb, hdr, wgm_put_mesh(skb, mesh)) : -EMSGSIZE;
		if (!err)
			ctx->next = mesh->ifindex + 1;
		wgm_mesh_put(mesh);
	}
	return end_dump(skb, err);
}

/* The mesh of a dump; the same device from the first call to the last, though it may
 * be renamed.
 */
static struct wgm_mesh *mesh_of_dump(struct sk_buff *skb, struct netlink_callback *cb,
				     int *ifindex)
{
	struct net *net = sock_net(skb->sk);
	struct wgm_mesh *mesh;

	if (*ifindex) {
		mesh = wgm_mesh_lookup(net, *ifindex);
		return mesh ?: ERR_PTR(-ENODEV);
	}
	mesh = get_mesh(net, genl_info_dump(cb)->attrs, cb->extack);
	if (!IS_ERR(mesh))
		*ifindex = mesh->ifindex;
	return mesh;
}

struct peer_list_ctx {
	int ifindex;
	unsigned int skip;	/* prefixes of peer part_of that were told already */
	unsigned long id;	/* of the next peer */
	unsigned long part_of;
	u64 generation;		/* of that peer, when prefixes were told */
};

static bool peer_is_wanted(const struct wgm_peer *peer, struct nlattr **tb)
{
	const struct nlattr *since = tb[WGMESH_A_MESH_SINCE_GENERATION];
	const struct nlattr *state = tb[WGMESH_A_MESH_STATE];

	return !(peer->marks & WGM_PEER_GONE) &&
	       (!since || peer->generation > nla_get_u64(since)) &&
	       (!state || peer->state == nla_get_u32(state));
}

/* Tells a peer, or a part of it: then ctx->skip is not 0. */
static int list_peer(struct sk_buff *skb, struct netlink_callback *cb, struct wgm_mesh *mesh,
		     const struct wgm_peer *peer)
{
	struct peer_list_ctx *ctx = (void *)cb->ctx;
	void *hdr = begin_part(skb, cb, WGMESH_CMD_PEER_LIST);
	int err;

	if (!hdr)
		return -EMSGSIZE;
	/* Its prefixes may have changed between the parts. */
	if (ctx->skip && ctx->generation != peer->generation)
		genlmsg_nlhdr(hdr)->nlmsg_flags |= NLM_F_DUMP_INTR;
	err = nla_put_u32(skb, WGMESH_A_MESH_IFINDEX, mesh->ifindex);
	if (!err)
		err = wgm_put_moment(skb, mesh);
	if (!err)
		err = wgm_put_peer(skb, &mesh->table, peer, &ctx->skip);
	ctx->generation = peer->generation;
	return end_part(skb, hdr, err);
}

static int list_peers(struct sk_buff *skb, struct netlink_callback *cb, struct wgm_mesh *mesh)
{
	struct nlattr **tb = genl_info_dump(cb)->attrs;
	struct peer_list_ctx *ctx = (void *)cb->ctx;
	const struct wgm_peer *peer;
	unsigned long at;
	int err;

	for (; (peer = wgm_peer_next(&mesh->table, &ctx->id)); ctx->id = at + 1) {
		at = ctx->id;
		/* The peer of which a part was told is gone: start with the next one. */
		if (ctx->skip && at != ctx->part_of)
			ctx->skip = 0;
		if (!peer_is_wanted(peer, tb)) {
			ctx->skip = 0;
			continue;
		}
		err = list_peer(skb, cb, mesh, peer);
		if (err)
			return err;
		if (ctx->skip) {
			ctx->part_of = at;
			return 0;	/* the message is full */
		}
	}
	return 0;
}

int wgmesh_nl_peer_list_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct peer_list_ctx *ctx = (void *)cb->ctx;
	struct wgm_mesh *mesh = mesh_of_dump(skb, cb, &ctx->ifindex);
	int err;

	BUILD_BUG_ON(sizeof(*ctx) > sizeof(cb->ctx));
	if (IS_ERR(mesh))
		return PTR_ERR(mesh);
	wgm_sync_refresh(mesh);
	wgm_table_lock(&mesh->table);
	err = list_peers(skb, cb, mesh);
	wgm_table_unlock(&mesh->table);
	wgm_mesh_put(mesh);
	return end_dump(skb, err);
}

struct prefix_list_ctx {
	int ifindex;
	u8 bits;	/* 0, or of the last prefix told */
	u8 len;
	u8 addr[16];
};

static struct wgm_prefix *next_prefix(struct wgm_table *table, struct prefix_list_ctx *ctx)
{
	struct wgm_prefix *prefix;

	if (!ctx->bits) {
		ctx->bits = 32;
		prefix = wgm_prefix_next(table, 32, NULL, 0);
	} else {
		prefix = wgm_prefix_next(table, ctx->bits, ctx->addr, ctx->len);
	}
	if (!prefix && ctx->bits == 32) {
		ctx->bits = 128;
		prefix = wgm_prefix_next(table, 128, NULL, 0);
	}
	return prefix;
}

static int list_prefix(struct sk_buff *skb, struct netlink_callback *cb, struct wgm_mesh *mesh,
		       const struct wgm_prefix *prefix)
{
	void *hdr = begin_part(skb, cb, WGMESH_CMD_PREFIX_LIST);
	int err;

	if (!hdr)
		return -EMSGSIZE;
	err = nla_put_u32(skb, WGMESH_A_MESH_IFINDEX, mesh->ifindex);
	if (!err)
		err = wgm_put_u64(skb, WGMESH_A_MESH_GENERATION, mesh->table.generation);
	if (!err)
		err = wgm_put_prefix(skb, &mesh->table, prefix);
	return end_part(skb, hdr, err);
}

static int list_prefixes(struct sk_buff *skb, struct netlink_callback *cb, struct wgm_mesh *mesh)
{
	struct prefix_list_ctx *ctx = (void *)cb->ctx;
	struct prefix_list_ctx next = *ctx;
	const struct wgm_prefix *prefix;
	int err;

	while ((prefix = next_prefix(&mesh->table, &next))) {
		if (wgm_hop_any_visible(&mesh->table, prefix, NULL)) {
			err = list_prefix(skb, cb, mesh, prefix);
			if (err)
				return err;
		}
		next.bits = prefix->bits;
		next.len = prefix->len;
		memcpy(next.addr, prefix->addr, prefix->bits / 8);
		*ctx = next;
	}
	return 0;
}

int wgmesh_nl_prefix_list_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct prefix_list_ctx *ctx = (void *)cb->ctx;
	struct wgm_mesh *mesh = mesh_of_dump(skb, cb, &ctx->ifindex);
	int err;

	BUILD_BUG_ON(sizeof(*ctx) > sizeof(cb->ctx));
	if (IS_ERR(mesh))
		return PTR_ERR(mesh);
	wgm_table_lock(&mesh->table);
	err = list_prefixes(skb, cb, mesh);
	wgm_table_unlock(&mesh->table);
	wgm_mesh_put(mesh);
	return end_dump(skb, err);
}

int __init wgm_netlink_init(void)
{
	return genl_register_family(&wgmesh_nl_family);
}

void wgm_netlink_fini(void)
{
	genl_unregister_family(&wgmesh_nl_family);
}
