/* SPDX-License-Identifier: GPL-2.0 */
/* A visitor: a handshake initiation that was taken out of the hooks of LOCAL_IN, and
 * goes on there, behind our own hook, once it is known who sends it.
 *
 * It holds the packet and a reference to the device by which it came: whoever has
 * visitors must let go of those of a device that is about to leave.
 */
#ifndef _WGM_VISITOR_H
#define _WGM_VISITOR_H

#include <linux/list.h>
#include <linux/types.h>

#include "message.h"
#include "peer.h"

struct net;
struct net_device;
struct nf_hook_ops;
struct nf_hook_state;
struct sk_buff;
struct sock;

struct wgm_visitor {
	struct list_head list;		/* whoever has it */
	struct sk_buff *skb;
	struct net *net;		/* valid while our hook is registered in it */
	struct net_device *in;
	int (*okfn)(struct net *net, struct sock *sk, struct sk_buff *skb);
	unsigned long since;		/* jiffies */
	u32 size;			/* bytes that the packet takes */
	u8 pf;
	u8 key[WGMESH_KEY_LEN];		/* who it is; proven */
	struct wgm_endpoint from;
	struct wgm_msg_initiation msg;	/* a copy */
};

/* Takes a packet out of a hook of LOCAL_IN, which then returns NF_STOLEN.  NULL without
 * memory, or without a route that lasts: then the packet is still the caller's.  Softirq.
 */
struct wgm_visitor *wgm_visitor_new(struct sk_buff *skb, const struct nf_hook_state *state,
				    const struct wgm_msg_initiation *msg,
				    const struct wgm_endpoint *from);

/* Lets the packet go on behind the hook @ops, or drops it when that is not registered any
 * more; and frees the visitor.  Process context.
 */
void wgm_visitor_continue(struct wgm_visitor *visitor, const struct nf_hook_ops *ops);

/* Drops the packet, and frees the visitor.  Any context but hard interrupts. */
void wgm_visitor_drop(struct wgm_visitor *visitor);

#endif /* _WGM_VISITOR_H */
