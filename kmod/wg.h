/* SPDX-License-Identifier: GPL-2.0 */
/* A client of WireGuard's netlink inside the kernel.
 *
 * Only a worker may use it: never a netlink handler, which would wait for locks
 * of generic netlink that it holds itself, and nobody who holds rtnl.
 */
#ifndef _WGM_WG_H
#define _WGM_WG_H

#include <linux/skbuff.h>
#include <linux/types.h>
#include <linux/wireguard.h>

struct net;
struct nlmsghdr;
struct socket;
struct wgm_prefix;

struct wgm_wg {
	struct socket *sock;
	struct sk_buff *msg;	/* the one message, built again and again */
	void *answer;
	u32 seq;
	u16 family;		/* 0: not known (any more) */
	struct nlattr *peers;	/* of the message under construction */
};

/* Makes the socket; -ENOMEM and as sock_create_kern(). Any process context. */
int wgm_wg_open(struct wgm_wg *wg, struct net *net);
void wgm_wg_close(struct wgm_wg *wg);

/* Finds WireGuard's family when it is not known; loads the module where it can.
 * -ENOENT when there is none.
 */
int wgm_wg_resolve(struct wgm_wg *wg);

/* Starts a SET message for a device: peers are appended to wg->msg. */
int wgm_wg_set_begin(struct wgm_wg *wg, int ifindex);

/* Bytes that still fit in it. */
static inline int wgm_wg_room(const struct wgm_wg *wg)
{
	return skb_tailroom(wg->msg);
}

/* Starts a peer; to be ended with nla_nest_end() or nla_nest_cancel().  NULL
 * when the message is full.
 */
struct nlattr *wgm_wg_put_peer(struct wgm_wg *wg, const u8 *key, u32 flags);

/* -EMSGSIZE.  At most WGM_WG_ALLOWED_IP_SIZE bytes. */
int wgm_wg_put_allowed_ip(struct wgm_wg *wg, const struct wgm_prefix *prefix, u32 flags);
#define WGM_WG_ALLOWED_IP_SIZE	48

/* Sends the message, waits for the answer, and wipes the message.  What
 * WireGuard answered, or what the socket did: -ENOMEM, -ENOBUFS.
 */
int wgm_wg_set_send(struct wgm_wg *wg);

/* Calls @fn with each message of a dump of the device; an error of @fn is
 * returned after the dump has ended.  -EAGAIN when the dump is not consistent.
 */
int wgm_wg_dump(struct wgm_wg *wg, int ifindex,
		int (*fn)(const struct nlmsghdr *nlh, void *arg), void *arg);

/* Calls @fn with the first message of such a dump, which has all about the device itself,
 * and drops the rest unread.  By a socket of its own: -ENOMEM and the like, too.
 */
int wgm_wg_read_device(struct wgm_wg *wg, struct net *net, int ifindex,
		       int (*fn)(const struct nlmsghdr *nlh, void *arg), void *arg);

#endif /* _WGM_WG_H */
