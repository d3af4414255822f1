// SPDX-License-Identifier: GPL-2.0
#include <linux/bottom_half.h>
#include <linux/jiffies.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <net/dst.h>
#include <net/net_namespace.h>

#include "visitor.h"

/* What the packet borrows from those who are on their way up with it. */
static bool make_last(struct sk_buff *skb)
{
	if (skb_dst(skb) && !skb_dst_force(skb))
		return false;
	skb_orphan(skb);	/* the socket that early demux found */
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	skb_ext_del(skb, SKB_EXT_BRIDGE_NF);	/* names ports, and holds none */
#endif
	return true;
}

struct wgm_visitor *wgm_visitor_new(struct sk_buff *skb, const struct nf_hook_state *state,
				    const struct wgm_msg_initiation *msg,
				    const struct wgm_endpoint *from)
{
	struct wgm_visitor *visitor = kmalloc(sizeof(*visitor), GFP_ATOMIC | __GFP_NOWARN);

	if (!visitor)
		return NULL;
	if (!make_last(skb)) {
		kfree(visitor);
		return NULL;
	}
	visitor->skb = skb;
	visitor->net = state->net;
	visitor->in = state->in;
	dev_hold(visitor->in);
	visitor->okfn = state->okfn;
	visitor->since = jiffies;
	visitor->size = skb->truesize;
	visitor->pf = state->pf;
	visitor->from = *from;
	visitor->msg = *msg;
	memset(visitor->key, 0, sizeof(visitor->key));	/* nobody knows yet */
	return visitor;
}

static void free_visitor(struct wgm_visitor *visitor)
{
	dev_put(visitor->in);
	kfree(visitor);
}

void wgm_visitor_drop(struct wgm_visitor *visitor)
{
	kfree_skb(visitor->skb);
	free_visitor(visitor);
}

static const struct nf_hook_entries *find_entries(const struct wgm_visitor *visitor)
{
	if (visitor->pf == NFPROTO_IPV4)
		return rcu_dereference(visitor->net->nf.hooks_ipv4[NF_INET_LOCAL_IN]);
	return rcu_dereference(visitor->net->nf.hooks_ipv6[NF_INET_LOCAL_IN]);
}

/* -1 when the hook is gone: unregistering takes it out of the old list, too. */
static int find_own(const struct nf_hook_entries *entries, const struct nf_hook_ops *ops)
{
	struct nf_hook_ops **all;
	int i;

	if (!entries)
		return -1;
	all = nf_hook_entries_get_hook_ops(entries);
	for (i = 0; i < entries->num_hook_entries; i++)
		if (READ_ONCE(all[i]) == ops)
			return i;
	return -1;
}

/* As a queue of netfilter's does it: what is left of the list, conntrack's confirmation
 * before all, sees the packet as if it had never been away.
 */
void wgm_visitor_continue(struct wgm_visitor *visitor, const struct nf_hook_ops *ops)
{
	const struct nf_hook_entries *entries;
	struct nf_hook_state state;
	int own;

	local_bh_disable();
	rcu_read_lock();
	entries = find_entries(visitor);
	own = find_own(entries, ops);
	/* A device may have moved to another namespace meanwhile. */
	if (own < 0 || !net_eq(dev_net(visitor->in), visitor->net)) {
		kfree_skb(visitor->skb);
	} else {
		/* Packets that come in have no socket yet. */
		nf_hook_state_init(&state, NF_INET_LOCAL_IN, visitor->pf, visitor->in, NULL, NULL,
				   visitor->net, visitor->okfn);
		if (nf_hook_slow(visitor->skb, &state, entries, own + 1) == 1)
			visitor->okfn(visitor->net, NULL, visitor->skb);
	}
	rcu_read_unlock();
	local_bh_enable();
	free_visitor(visitor);
}
