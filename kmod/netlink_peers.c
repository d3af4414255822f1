// SPDX-License-Identifier: GPL-2.0
/* Handlers of peer-get, -list, -activate and -evict, prefix-get and prefix-list.
 *
 * A dump fills one buffer at each call, and says in cb->ctx where to go on.
 */
#include <net/genetlink.h>
#include <net/sock.h>

#include "answer.h"
#include "egress.h"
#include "evict.h"
#include "mesh.h"
#include "netlink.h"
#include "netlink_gen.h"
#include "nexthop.h"
#include "peer.h"
#include "prefix.h"

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
	skb = wgm_nl_begin_answer(info, WGM_PEER_SIZE + (size_t)peer->n_hops * WGM_PEER_PREFIX_SIZE,
				  &hdr);
	if (!skb)
		return -ENOMEM;
	err = nla_put_u32(skb, WGMESH_A_MESH_IFINDEX, mesh->ifindex);
	if (!err)
		err = wgm_put_moment(skb, mesh);
	if (!err)
		err = wgm_put_peer(skb, &mesh->table, peer, &skip);
	return wgm_nl_end_answer(info, skb, hdr, err);
}

int wgmesh_nl_peer_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	const u8 *key = read_key(info);
	struct wgm_mesh *mesh;
	int err;

	if (IS_ERR(key))
		return PTR_ERR(key);
	mesh = wgm_nl_mesh_of(info);
	if (IS_ERR(mesh))
		return PTR_ERR(mesh);
	wgm_sync_refresh(mesh);
	wgm_table_lock(&mesh->table);
	err = answer_peer(mesh, info, key);
	wgm_table_unlock(&mesh->table);
	wgm_mesh_put(mesh);
	return err;
}

typedef int (*peer_order)(struct wgm_mesh *mesh, struct wgm_peer *peer, struct genl_info *info);

static int order_peer(struct genl_info *info, peer_order order)
{
	const u8 *key = read_key(info);
	struct wgm_mesh *mesh;
	struct wgm_peer *peer;
	int err = -ENOENT;

	if (IS_ERR(key))
		return PTR_ERR(key);
	mesh = wgm_nl_mesh_of(info);
	if (IS_ERR(mesh))
		return PTR_ERR(mesh);
	wgm_table_lock(&mesh->table);
	peer = wgm_peer_lookup(&mesh->table, key);
	if (peer)
		err = order(mesh, peer, info);
	else
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[WGMESH_A_MESH_PEER], "no such peer");
	wgm_table_unlock(&mesh->table);
	if (!err)
		wgm_sync_kick(mesh);
	wgm_mesh_put(mesh);
	return err;
}

static int order_activation(struct wgm_mesh *mesh, struct wgm_peer *peer, struct genl_info *info)
{
	if (peer->state != WGMESH_PEER_STATE_DORMANT)
		return 0;
	if (!wgm_egress_allows(mesh, peer)) {
		NL_SET_ERR_MSG(info->extack, "as many peers as active-max are active, or too many were activated just now");
		return -EBUSY;
	}
	wgm_egress_activate(mesh, peer);
	return 0;
}

int wgmesh_nl_peer_activate_doit(struct sk_buff *skb, struct genl_info *info)
{
	return order_peer(info, order_activation);
}

static int order_eviction(struct wgm_mesh *mesh, struct wgm_peer *peer, struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[WGMESH_A_MESH_PEER];

	if (wgm_peer_is_resident(&mesh->table, peer)) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "this peer is always active: it is pinned, has a keepalive, or the mesh is not lazy");
		return -EPERM;
	}
	if (peer->state == WGMESH_PEER_STATE_DORMANT)
		return 0;
	if (!info->attrs[WGMESH_A_MESH_FORCE] && !wgm_evict_is_idle(mesh, peer)) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "the peer's session may be alive (see force)");
		return -EBUSY;
	}
	peer->marks |= WGM_PEER_EVICT;
	WRITE_ONCE(mesh->sync.evictions_due, true);
	WRITE_ONCE(mesh->sync.survey_due, true);
	return 0;
}

int wgmesh_nl_peer_evict_doit(struct sk_buff *skb, struct genl_info *info)
{
	return order_peer(info, order_eviction);
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
	mesh = wgm_nl_mesh_of(info);
	if (IS_ERR(mesh))
		return PTR_ERR(mesh);
	answer = wgm_nl_begin_answer(info, GENLMSG_DEFAULT_SIZE, &hdr);
	if (answer)
		err = wgm_nl_end_answer(info, answer, hdr, answer_prefix(mesh, info, answer, addr));
	wgm_mesh_put(mesh);
	return err;
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
	mesh = wgm_nl_get_mesh(net, genl_info_dump(cb)->attrs, cb->extack);
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
	void *hdr = wgm_nl_begin_part(skb, cb, WGMESH_CMD_PEER_LIST);
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
	return wgm_nl_end_part(skb, hdr, err);
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
	return wgm_nl_end_dump(skb, err);
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
	void *hdr = wgm_nl_begin_part(skb, cb, WGMESH_CMD_PREFIX_LIST);
	int err;

	if (!hdr)
		return -EMSGSIZE;
	err = nla_put_u32(skb, WGMESH_A_MESH_IFINDEX, mesh->ifindex);
	if (!err)
		err = wgm_put_u64(skb, WGMESH_A_MESH_GENERATION, mesh->table.generation);
	if (!err)
		err = wgm_put_prefix(skb, &mesh->table, prefix);
	return wgm_nl_end_part(skb, hdr, err);
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
	return wgm_nl_end_dump(skb, err);
}
