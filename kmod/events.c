// SPDX-License-Identifier: GPL-2.0
#include <linux/jiffies.h>
#include <net/genetlink.h>

#include "answer.h"
#include "apply.h"
#include "events.h"
#include "mesh.h"
#include "netlink_gen.h"
#include "peer.h"

static struct sk_buff *begin(struct wgm_mesh *mesh, u8 cmd, void **ret_hdr)
{
	struct sk_buff *skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);

	if (!skb)
		return NULL;
	*ret_hdr = genlmsg_put(skb, 0, 0, &wgmesh_nl_family, 0, cmd);
	if (*ret_hdr)
		return skb;
	nlmsg_free(skb);
	return NULL;
}

static void end_in(struct wgm_mesh *mesh, unsigned int group, struct sk_buff *skb, void *hdr,
		   int err)
{
	if (err) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, hdr);
	genlmsg_multicast_netns(&wgmesh_nl_family, mesh->net, skb, 0, group, GFP_KERNEL);
}

static void end(struct wgm_mesh *mesh, struct sk_buff *skb, void *hdr, int err)
{
	end_in(mesh, WGMESH_NLGRP_CONFIG, skb, hdr, err);
}

void wgm_event_mesh(struct wgm_mesh *mesh, u8 cmd)
{
	struct sk_buff *skb;
	void *hdr;

	skb = begin(mesh, cmd, &hdr);
	if (skb)
		end(mesh, skb, hdr, wgm_put_mesh(skb, mesh));
}

void wgm_event_apply(struct wgm_mesh *mesh, const struct wgm_apply_result *result)
{
	struct sk_buff *skb;
	void *hdr;
	int err;

	skb = begin(mesh, WGMESH_CMD_APPLY_NTF, &hdr);
	if (!skb)
		return;
	err = wgm_put_names(skb, mesh);
	if (!err)
		err = wgm_put_result(skb, result);
	end(mesh, skb, hdr, err);
}

static int put_fault(struct sk_buff *skb, struct wgm_mesh *mesh, const struct wgm_peer *peer,
		     int err)
{
	struct nlattr *nest;

	if (wgm_put_names(skb, mesh) ||
	    wgm_put_u64(skb, WGMESH_A_MESH_GENERATION, mesh->table.generation) ||
	    nla_put_u32(skb, WGMESH_A_MESH_ERRNO, -err))
		return -EMSGSIZE;
	if (!peer)
		return 0;
	nest = nla_nest_start(skb, WGMESH_A_MESH_PEER);
	if (!nest || nla_put(skb, WGMESH_A_PEER_PUBLIC_KEY, WGMESH_KEY_LEN, peer->key))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

void wgm_event_fault(struct wgm_mesh *mesh, struct wgm_peer *peer, int err)
{
	struct sk_buff *skb;
	void *hdr;

	lockdep_assert_held(&mesh->table.lock);
	if (peer && peer->marks & WGM_PEER_FAULTY)
		return;
	if (peer)
		peer->marks |= WGM_PEER_FAULTY;
	skb = begin(mesh, WGMESH_CMD_FAULT_NTF, &hdr);
	if (skb)
		end(mesh, skb, hdr, put_fault(skb, mesh, peer, err));
}

/* ---- the group peers ---- */

static bool may_tell(struct wgm_mesh *mesh)
{
	if (time_after_eq(jiffies, mesh->events_since + HZ)) {
		mesh->events_since = jiffies;
		mesh->events = 0;
	}
	if (mesh->events < WGM_PEER_EVENTS) {
		mesh->events++;
		return true;
	}
	atomic64_inc(&mesh->stats.events_suppressed);
	return false;
}

static int put_peer_event(struct sk_buff *skb, struct wgm_mesh *mesh, const struct wgm_peer *peer,
			  u32 reason)
{
	struct nlattr *nest;

	if (wgm_put_names(skb, mesh) ||
	    wgm_put_u64(skb, WGMESH_A_MESH_GENERATION, mesh->table.generation) ||
	    nla_put_u32(skb, WGMESH_A_MESH_REASON, reason))
		return -EMSGSIZE;
	nest = nla_nest_start(skb, WGMESH_A_MESH_PEER);
	if (!nest || nla_put(skb, WGMESH_A_PEER_PUBLIC_KEY, WGMESH_KEY_LEN, peer->key) ||
	    nla_put_u32(skb, WGMESH_A_PEER_STATE, peer->state) ||
	    wgm_put_endpoint(skb, peer))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

bool wgm_event_peers_wanted(struct wgm_mesh *mesh)
{
	return genl_has_listeners(&wgmesh_nl_family, mesh->net, WGMESH_NLGRP_PEERS);
}

void wgm_event_peer(struct wgm_mesh *mesh, const struct wgm_peer *peer,
		    enum wgmesh_peer_reason reason)
{
	struct sk_buff *skb;
	void *hdr;

	lockdep_assert_held(&mesh->table.lock);
	if (!wgm_event_peers_wanted(mesh) || !may_tell(mesh))
		return;
	skb = begin(mesh, WGMESH_CMD_PEER_NTF, &hdr);
	if (skb)
		end_in(mesh, WGMESH_NLGRP_PEERS, skb, hdr,
		       put_peer_event(skb, mesh, peer, reason));
}
