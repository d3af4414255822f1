// SPDX-License-Identifier: GPL-2.0
#include <linux/genetlink.h>
#include <linux/mm.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/netlink.h>
#include <net/sock.h>

#include "prefix.h"
#include "wg.h"

/* One page order below what allocators call costly, for both. */
#define MSG_SIZE	SKB_WITH_OVERHEAD(32768)
#define ANSWER_SIZE	32768

int wgm_wg_open(struct wgm_wg *wg, struct net *net)
{
	int err;

	memset(wg, 0, sizeof(*wg));
	wg->msg = alloc_skb(MSG_SIZE, GFP_KERNEL);
	wg->answer = kvmalloc(ANSWER_SIZE, GFP_KERNEL);
	err = wg->msg && wg->answer ? 0 : -ENOMEM;
	/* Such a socket holds no reference to the namespace. */
	if (!err)
		err = sock_create_kern(net, AF_NETLINK, SOCK_RAW, NETLINK_GENERIC, &wg->sock);
	if (err)
		wgm_wg_close(wg);
	return err;
}

void wgm_wg_close(struct wgm_wg *wg)
{
	if (wg->sock)
		sock_release(wg->sock);
	kvfree_sensitive(wg->answer, wg->answer ? ANSWER_SIZE : 0);
	kfree_skb(wg->msg);
	memset(wg, 0, sizeof(*wg));
}

static int start(struct wgm_wg *wg, u16 family, u8 cmd, u8 version, u16 flags)
{
	struct genlmsghdr *genl;
	struct nlmsghdr *nlh;

	skb_trim(wg->msg, 0);
	nlh = nlmsg_put(wg->msg, 0, ++wg->seq, family, GENL_HDRLEN, NLM_F_REQUEST | flags);
	if (!nlh)
		return -EMSGSIZE;
	genl = nlmsg_data(nlh);
	*genl = (struct genlmsghdr){ .cmd = cmd, .version = version };
	return 0;
}

static int send(struct wgm_wg *wg)
{
	/* Without a destination netlink does not mark the message as checked, and
	 * the check of its capabilities looks for the file of a socket that has
	 * none: NULL.
	 */
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct msghdr msg = {
		.msg_name = &kernel,
		.msg_namelen = sizeof(kernel),
		.msg_flags = MSG_DONTWAIT,
	};
	struct kvec data;
	int sent;

	nlmsg_end(wg->msg, nlmsg_hdr(wg->msg));
	data = (struct kvec){ .iov_base = wg->msg->data, .iov_len = wg->msg->len };
	sent = kernel_sendmsg(wg->sock, &msg, &data, 1, data.iov_len);
	memzero_explicit(wg->msg->data, wg->msg->len);
	return sent < 0 ? sent : 0;
}

struct reader {
	int (*fn)(const struct nlmsghdr *nlh, void *arg);
	void *arg;
	int err;	/* the first of fn */
	bool once;	/* it wants one message only */
	bool interrupted;
	bool done;
};

static int read_one(struct wgm_wg *wg, const struct nlmsghdr *nlh, struct reader *r)
{
	if (nlh->nlmsg_seq != wg->seq)
		return 0;
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		r->interrupted = true;
	switch (nlh->nlmsg_type) {
	case NLMSG_ERROR:
		r->done = true;
		return ((const struct nlmsgerr *)nlmsg_data(nlh))->error;
	case NLMSG_DONE:
		r->done = true;
		return nlmsg_len(nlh) >= (int)sizeof(int) ? *(const int *)nlmsg_data(nlh) : 0;
	}
	if (r->fn && !r->err)
		r->err = r->fn(nlh, r->arg);
	r->done |= r->once;
	return 0;
}

/* Reads until the end of the answer, even when the reader is not interested any
 * more: a socket takes no new request before.
 */
static int receive(struct wgm_wg *wg, struct reader *r)
{
	int err = 0, len;

	while (!r->done && !err) {
		struct kvec data = { .iov_base = wg->answer, .iov_len = ANSWER_SIZE };
		struct nlmsghdr *nlh = wg->answer;
		struct msghdr msg = { };

		len = kernel_recvmsg(wg->sock, &msg, &data, 1, ANSWER_SIZE, MSG_DONTWAIT);
		if (len < 0)
			return len;
		for (; nlmsg_ok(nlh, len) && !err; nlh = nlmsg_next(nlh, &len))
			err = read_one(wg, nlh, r);
		cond_resched();
	}
	if (!err)
		err = r->err;
	return !err && r->interrupted && !r->once ? -EAGAIN : err;
}

static int exchange(struct wgm_wg *wg, struct reader *r)
{
	int err = send(wg);

	if (!err)
		err = receive(wg, r);
	return err;
}

static int read_family(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *id = nlmsg_find_attr(nlh, GENL_HDRLEN, CTRL_ATTR_FAMILY_ID);
	u16 *ret = arg;

	if (!id)
		return -EPROTO;
	*ret = nla_get_u16(id);
	return 0;
}

int wgm_wg_resolve(struct wgm_wg *wg)
{
	struct reader r = { .fn = read_family, .arg = &wg->family };
	int err;

	if (wg->family)
		return 0;
	err = start(wg, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, NLM_F_ACK);
	if (!err)
		err = nla_put_string(wg->msg, CTRL_ATTR_FAMILY_NAME, WG_GENL_NAME);
	return err ? err : exchange(wg, &r);
}

int wgm_wg_set_begin(struct wgm_wg *wg, int ifindex)
{
	int err;

	err = start(wg, wg->family, WG_CMD_SET_DEVICE, WG_GENL_VERSION, NLM_F_ACK);
	if (!err)
		err = nla_put_u32(wg->msg, WGDEVICE_A_IFINDEX, ifindex);
	if (err)
		return err;
	wg->peers = nla_nest_start(wg->msg, WGDEVICE_A_PEERS);
	return wg->peers ? 0 : -EMSGSIZE;
}

struct nlattr *wgm_wg_put_peer(struct wgm_wg *wg, const u8 *key, u32 flags)
{
	struct nlattr *peer = nla_nest_start(wg->msg, 0);

	if (!peer)
		return NULL;
	if (!nla_put(wg->msg, WGPEER_A_PUBLIC_KEY, WG_KEY_LEN, key) &&
	    (!flags || !nla_put_u32(wg->msg, WGPEER_A_FLAGS, flags)))
		return peer;
	nla_nest_cancel(wg->msg, peer);
	return NULL;
}

int wgm_wg_put_allowed_ip(struct wgm_wg *wg, const struct wgm_prefix *prefix, u32 flags)
{
	struct nlattr *nest = nla_nest_start(wg->msg, 0);

	if (!nest)
		return -EMSGSIZE;
	if (nla_put_u16(wg->msg, WGALLOWEDIP_A_FAMILY, prefix->bits == 32 ? AF_INET : AF_INET6) ||
	    nla_put(wg->msg, WGALLOWEDIP_A_IPADDR, prefix->bits / 8, prefix->addr) ||
	    nla_put_u8(wg->msg, WGALLOWEDIP_A_CIDR_MASK, prefix->len) ||
	    (flags && nla_put_u32(wg->msg, WGALLOWEDIP_A_FLAGS, flags))) {
		nla_nest_cancel(wg->msg, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(wg->msg, nest);
	return 0;
}

int wgm_wg_set_send(struct wgm_wg *wg)
{
	struct reader r = { };
	int err;

	nla_nest_end(wg->msg, wg->peers);
	err = exchange(wg, &r);
	/* Also what generic netlink says of a family that is gone. */
	if (err == -ENOENT)
		wg->family = 0;
	return err;
}

static int dump(struct wgm_wg *wg, int ifindex, struct reader *r)
{
	int err;

	err = start(wg, wg->family, WG_CMD_GET_DEVICE, WG_GENL_VERSION, NLM_F_DUMP);
	if (!err)
		err = nla_put_u32(wg->msg, WGDEVICE_A_IFINDEX, ifindex);
	if (!err)
		err = exchange(wg, r);
	/* Keys. */
	memzero_explicit(wg->answer, ANSWER_SIZE);
	return err;
}

int wgm_wg_dump(struct wgm_wg *wg, int ifindex,
		int (*fn)(const struct nlmsghdr *nlh, void *arg), void *arg)
{
	struct reader r = { .fn = fn, .arg = arg };
	int err = dump(wg, ifindex, &r);

	if (err == -ENOENT)
		wg->family = 0;
	return err;
}

/* A socket takes no new request before it was told all of the last one: peers, perhaps a
 * million.
 */
int wgm_wg_read_device(struct wgm_wg *wg, struct net *net, int ifindex,
		       int (*fn)(const struct nlmsghdr *nlh, void *arg), void *arg)
{
	struct reader r = { .fn = fn, .arg = arg, .once = true };
	struct wgm_wg own;
	int err;

	err = wgm_wg_open(&own, net);
	if (err)
		return err;
	own.family = wg->family;
	err = dump(&own, ifindex, &r);
	wgm_wg_close(&own);
	if (err == -ENOENT)
		wg->family = 0;
	return err;
}
