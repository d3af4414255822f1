// SPDX-License-Identifier: GPL-2.0
#include <linux/jiffies.h>
#include <net/genetlink.h>

#include "answer.h"
#include "apply.h"
#include "events.h"
#include "mesh.h"
#include "netlink.h"
#include "netlink_gen.h"
#include "peer.h"
#include "sync.h"

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

	skb = wgm_nl_begin_event(cmd, &hdr);
	if (skb)
		end(mesh, skb, hdr, wgm_put_mesh(skb, mesh));
}

void wgm_event_apply(struct wgm_mesh *mesh, const struct wgm_apply_result *result)
{
	struct sk_buff *skb;
	void *hdr;
	int err;

	skb = wgm_nl_begin_event(WGMESH_CMD_APPLY_NTF, &hdr);
	if (!skb)
		return;
	err = wgm_put_names(skb, mesh);
	if (!err)
		err = wgm_put_result(skb, result);
	end(mesh, skb, hdr, err);
}

/* ---- so many in a second ---- */

static bool may_tell(struct wgm_mesh *mesh)
{
	struct wgm_events *events = &mesh->events;

	if (time_after_eq(jiffies, events->since + HZ)) {
		events->since = jiffies;
		events->told = 0;
	}
	if (events->told < WGM_PEER_EVENTS) {
		events->told++;
		return true;
	}
	events->suppressed++;
	atomic64_inc(&mesh->stats.events_suppressed);
	wgm_mesh_queue(mesh, &events->flush, HZ);
	return false;
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
	if ((peer && peer->marks & WGM_PEER_FAULTY) || !may_tell(mesh))
		return;
	if (peer)
		peer->marks |= WGM_PEER_FAULTY;
	skb = wgm_nl_begin_event(WGMESH_CMD_FAULT_NTF, &hdr);
	if (skb)
		end(mesh, skb, hdr, put_fault(skb, mesh, peer, err));
}

/* ---- the group peers ---- */

bool wgm_event_peers_wanted(struct wgm_mesh *mesh)
{
	return genl_has_listeners(&wgmesh_nl_family, mesh->net, WGMESH_NLGRP_PEERS);
}

static int put_head(struct sk_buff *skb, struct wgm_mesh *mesh)
{
	if (wgm_put_names(skb, mesh) ||
	    wgm_put_u64(skb, WGMESH_A_MESH_GENERATION, mesh->table.generation))
		return -EMSGSIZE;
	if (!mesh->events.suppressed)
		return 0;
	return nla_put_u32(skb, WGMESH_A_MESH_SUPPRESSED, mesh->events.suppressed);
}

static bool open_msg(struct wgm_mesh *mesh)
{
	struct wgm_events *events = &mesh->events;

	events->msg = wgm_nl_begin_event(WGMESH_CMD_PEER_NTF, &events->header);
	if (!events->msg)
		return false;
	if (put_head(events->msg, mesh)) {
		nlmsg_free(events->msg);
		events->msg = NULL;
		return false;
	}
	events->suppressed = 0;
	events->opened_at = jiffies;
	return true;
}

static void flush(struct wgm_mesh *mesh)
{
	struct wgm_events *events = &mesh->events;

	lockdep_assert_held(&mesh->table.lock);
	if (!events->msg && events->suppressed)
		open_msg(mesh);
	if (!events->msg)
		return;
	end_in(mesh, WGMESH_NLGRP_PEERS, events->msg, events->header, 0);
	events->msg = NULL;
	/* Perhaps there is no other event to tell it with. */
	if (events->suppressed)
		wgm_mesh_queue(mesh, &events->flush, HZ);
}

static int put_peer(struct sk_buff *skb, const struct wgm_peer *peer)
{
	struct nlattr *nest = nla_nest_start(skb, WGMESH_A_MESH_PEER);

	if (!nest)
		return -EMSGSIZE;
	if (nla_put(skb, WGMESH_A_PEER_PUBLIC_KEY, WGMESH_KEY_LEN, peer->key) ||
	    nla_put_u32(skb, WGMESH_A_PEER_STATE, peer->state) || wgm_put_endpoint(skb, peer)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

static bool begin_reason(struct wgm_mesh *mesh, enum wgmesh_peer_reason reason)
{
	struct wgm_events *events = &mesh->events;

	if (!open_msg(mesh))
		return false;
	wgm_mesh_queue(mesh, &events->flush, WGM_EVENTS_WINDOW);
	events->reason = reason;
	return !nla_put_u32(events->msg, WGMESH_A_MESH_REASON, reason);
}

void wgm_event_peer(struct wgm_mesh *mesh, const struct wgm_peer *peer,
		    enum wgmesh_peer_reason reason)
{
	struct wgm_events *events = &mesh->events;

	lockdep_assert_held(&mesh->table.lock);
	if (!wgm_event_peers_wanted(mesh) || !may_tell(mesh))
		return;
	if (events->msg && events->reason != reason)
		flush(mesh);
	if (events->msg && !put_peer(events->msg, peer))
		return;
	flush(mesh);
	if (begin_reason(mesh, reason))
		put_peer(events->msg, peer);
}

void wgm_events_flush_due(struct wgm_mesh *mesh)
{
	struct wgm_events *events = &mesh->events;

	if (!READ_ONCE(events->msg))
		return;
	wgm_table_lock(&mesh->table);
	if (time_after_eq(jiffies, events->opened_at + WGM_EVENTS_WINDOW))
		flush(mesh);
	wgm_table_unlock(&mesh->table);
}

static void on_flush(struct work_struct *work)
{
	struct wgm_mesh *mesh = container_of(to_delayed_work(work), struct wgm_mesh, events.flush);

	wgm_table_lock(&mesh->table);
	flush(mesh);
	wgm_table_unlock(&mesh->table);
}

/* WireGuard tells nobody of handshakes and of endpoints that move: it has to be asked. */
static void on_watch(struct work_struct *work)
{
	struct wgm_mesh *mesh = container_of(to_delayed_work(work), struct wgm_mesh, events.watch);

	if (wgm_event_peers_wanted(mesh))
		wgm_sync_refresh(mesh);
	wgm_mesh_queue(mesh, &mesh->events.watch, HZ);
}

/* ---- beginning and end ---- */

void wgm_events_init(struct wgm_events *events)
{
	INIT_DELAYED_WORK(&events->flush, on_flush);
	INIT_DEFERRABLE_WORK(&events->watch, on_watch);
}

void wgm_events_start(struct wgm_mesh *mesh)
{
	wgm_mesh_queue(mesh, &mesh->events.watch, HZ);
}

void wgm_events_cancel(struct wgm_mesh *mesh)
{
	cancel_delayed_work(&mesh->events.flush);
	cancel_delayed_work(&mesh->events.watch);
}

void wgm_events_close(struct wgm_mesh *mesh)
{
	cancel_delayed_work_sync(&mesh->events.flush);
	cancel_delayed_work_sync(&mesh->events.watch);
	wgm_table_lock(&mesh->table);
	flush(mesh);
	wgm_table_unlock(&mesh->table);
}
