// SPDX-License-Identifier: GPL-2.0
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/jiffies.h>
#include <linux/netfilter.h>
#include <linux/netfilter_netdev.h>
#include <linux/skbuff.h>
#include <net/dst.h>

#include "admit.h"
#include "egress.h"
#include "hold.h"
#include "mesh.h"
#include "nexthop.h"
#include "peer.h"
#include "recent.h"
#include "trace.h"

/* A local scan of the address space must not fill WireGuard at once. */
#define ACTIVATIONS_PER_SECOND	256
#define ACTIVATIONS_BURST	1024

/* Who carries the packet; NULL when nobody does. */
static struct wgm_hop *match(struct wgm_table *table, const struct sk_buff *skb)
{
	union {
		struct iphdr v4;
		struct ipv6hdr v6;
	} buf;
	const void *header;

	switch (skb->protocol) {
	case htons(ETH_P_IP):
		header = skb_header_pointer(skb, skb_network_offset(skb), sizeof(buf.v4), &buf);
		return !header ? NULL : wgm_recent_hop(table, 32,
			(const u8 *)&((const struct iphdr *)header)->daddr);
	case htons(ETH_P_IPV6):
		header = skb_header_pointer(skb, skb_network_offset(skb), sizeof(buf.v6), &buf);
		return !header ? NULL : wgm_recent_hop(table, 128,
			(const u8 *)&((const struct ipv6hdr *)header)->daddr);
	}
	return NULL;
}

/* Marks the peer as used, for eviction; without dirtying its cache line every time. */
static bool is_active(struct wgm_peer *peer)
{
	if (!READ_ONCE(peer->used))
		WRITE_ONCE(peer->used, 1);
	return READ_ONCE(peer->state) == WGMESH_PEER_STATE_ACTIVE;
}

static unsigned int hold(struct wgm_mesh *mesh, struct wgm_peer *peer, struct sk_buff *skb)
{
	/* Somebody else may go on reading what is to be sent later. */
	if (skb_shared(skb)) {
		struct sk_buff *clone = skb_clone(skb, GFP_ATOMIC);

		if (!clone) {
			wgm_hold_note_lost(&mesh->table.holds, peer, skb);
			return NF_DROP;
		}
		consume_skb(skb);
		skb = clone;
	}
	/* The route is only borrowed until the sender goes on. */
	skb_dst_force(skb);
	switch (wgm_hold_packet(&mesh->table.holds, peer, skb)) {
	case WGM_HOLD_FIRST:
		wgm_mesh_queue(mesh, &mesh->expire, WGM_HOLD_TIMEOUT);
		wgm_mesh_queue(mesh, &mesh->sync.work, 0);
		return NF_STOLEN;
	case WGM_HOLD_QUEUED:
		return NF_STOLEN;
	case WGM_HOLD_PASS:
		return NF_ACCEPT;
	case WGM_HOLD_DROP:
		break;
	}
	return NF_DROP;
}

static unsigned int hook(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	struct wgm_mesh *mesh = priv;
	struct wgm_hop *hop;

	if (!READ_ONCE(mesh->table.on_demand))
		return NF_ACCEPT;
	hop = match(&mesh->table, skb);
	if (!hop || is_active(hop->peer) || !netif_running(skb->dev))
		return NF_ACCEPT;
	return hold(mesh, hop->peer, skb);
}

int wgm_egress_open(struct wgm_mesh *mesh, struct net_device *dev)
{
	int err;

	ASSERT_RTNL();
	if (!wgm_egress_supported())
		return 0;
	/* INT_MAX: after all that may change or drop the packet. */
	mesh->egress = (struct nf_hook_ops){
		.hook = hook,
		.dev = dev,
		.priv = mesh,
		.pf = NFPROTO_NETDEV,
		.hooknum = NF_NETDEV_EGRESS,
		.priority = INT_MAX,
	};
	err = nf_register_net_hook(mesh->net, &mesh->egress);
	mesh->hooked = !err;
	return err;
}

void wgm_egress_close(struct wgm_mesh *mesh)
{
	if (mesh->hooked)
		nf_unregister_net_hook(mesh->net, &mesh->egress);
	wgm_holds_close(&mesh->table.holds);
}

/* ---- the worker ---- */

static void refill(struct wgm_mesh *mesh)
{
	unsigned long elapsed = min(jiffies - mesh->refilled_at, 60UL * HZ);
	u32 fresh = elapsed * ACTIVATIONS_PER_SECOND / HZ;

	if (!fresh)
		return;
	mesh->allowance = min(mesh->allowance + fresh, (u32)ACTIVATIONS_BURST);
	mesh->refilled_at = jiffies;
}

static bool defer(struct wgm_mesh *mesh, const struct wgm_peer *peer, enum wgm_defer why)
{
	atomic64_inc(&mesh->stats.deferred);
	trace_wgm_deferred(mesh, peer, why);
	return false;
}

bool wgm_egress_allows(struct wgm_mesh *mesh, const struct wgm_peer *peer)
{
	lockdep_assert_held(&mesh->table.lock);
	refill(mesh);
	if (mesh->table.n_awake >= READ_ONCE(mesh->active_max))
		return defer(mesh, peer, WGM_DEFER_ACTIVE_MAX);
	if (!mesh->allowance)
		return defer(mesh, peer, WGM_DEFER_RATE);
	mesh->allowance--;
	return true;
}

void wgm_egress_activate(struct wgm_mesh *mesh, struct wgm_peer *peer)
{
	trace_wgm_activate(mesh, peer);
	wgm_peer_set_state(&mesh->table, peer, WGMESH_PEER_STATE_ACTIVATING);
	wgm_peer_hurry(&mesh->table, peer);
}

void wgm_egress_wake(struct wgm_mesh *mesh)
{
	struct wgm_peer *peer;

	while ((peer = wgm_hold_next(&mesh->table)) && wgm_egress_allows(mesh, peer)) {
		wgm_egress_activate(mesh, peer);
		wgm_admit_note_call(mesh, peer);
	}
}
