// SPDX-License-Identifier: GPL-2.0
/* Who has a visitor is who frees it: a line, under the lock, or the worker, which takes it
 * out of a line and either ends it or puts it back.  A line that is closed takes none.  So
 * nothing is left after: unhooking, closing the lines, and waiting for the worker; and a
 * visitor in the worker's hand finds the hook gone, behind which it was to go on.
 *
 * The list of all doormen is for those who end something that is not a mesh of theirs: an
 * underlay device, or the namespace of a socket.  Its lock is taken within rtnl and the
 * lock of a namespace's meshes, and held while a worker is waited for: no worker takes it.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/jiffies.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>

#include "admit.h"
#include "doorman.h"
#include "identity.h"
#include "mesh.h"
#include "noise.h"
#include "reply.h"
#include "sources.h"
#include "trace.h"
#include "visitor.h"

#define HINT_PAUSE	(HZ / 20 ?: 1)	/* until WireGuard has finished */

static LIST_HEAD(doormen);
static DEFINE_MUTEX(doormen_lock);
static struct workqueue_struct *queue;

static struct wgm_mesh *mesh_of(struct wgm_doorman *doorman)
{
	return container_of(doorman, struct wgm_mesh, doorman);
}

void wgm_doorman_note(struct wgm_doorman *doorman, const u8 *key, enum wgm_verdict verdict)
{
	atomic64_inc(&doorman->stats.verdicts[verdict]);
	trace_wgm_initiation(mesh_of(doorman), key, verdict);
}

/* ---- lines ---- */

static bool has_room(const struct wgm_line *line, u32 size)
{
	return line->n < line->max && line->bytes + size <= line->max_bytes;
}

static void add(struct wgm_line *line, struct wgm_visitor *visitor)
{
	list_add_tail(&visitor->list, &line->visitors);
	line->bytes += visitor->size;
	WRITE_ONCE(line->n, line->n + 1);
}

static void remove(struct wgm_line *line, struct wgm_visitor *visitor)
{
	list_del(&visitor->list);
	line->bytes -= visitor->size;
	WRITE_ONCE(line->n, line->n - 1);
}

static void drop_from(struct wgm_doorman *doorman, struct wgm_line *line,
		      struct wgm_visitor *visitor)
{
	remove(line, visitor);
	wgm_doorman_note(doorman, visitor->key, WGM_VERDICT_ENDED);
	wgm_visitor_drop(visitor);
}

/* Those that came by a device, or all. */
static void purge(struct wgm_doorman *doorman, const struct net_device *in)
{
	struct wgm_visitor *visitor, *next;
	int i;

	lockdep_assert_held(&doorman->lock);
	for (i = 0; i < WGM_LINES; i++)
		list_for_each_entry_safe(visitor, next, &doorman->lines[i].visitors, list)
			if (!in || visitor->in == in)
				drop_from(doorman, &doorman->lines[i], visitor);
}

struct wgm_visitor *wgm_doorman_next(struct wgm_doorman *doorman)
{
	struct wgm_visitor *visitor = NULL;
	struct wgm_line *line;

	spin_lock_bh(&doorman->lock);
	line = &doorman->lines[WGM_LINE_PREFERRED];
	if (list_empty(&line->visitors))
		line = &doorman->lines[WGM_LINE_ANYBODY];
	visitor = list_first_entry_or_null(&line->visitors, struct wgm_visitor, list);
	if (visitor)
		remove(line, visitor);
	spin_unlock_bh(&doorman->lock);
	return visitor;
}

/* Once for each initiation that was opened, which took much longer. */
static struct wgm_visitor *find_seated(struct wgm_line *line, const u8 *key)
{
	struct wgm_visitor *visitor;

	list_for_each_entry(visitor, &line->visitors, list)
		if (!memcmp(visitor->key, key, WGMESH_KEY_LEN))
			return visitor;
	return NULL;
}

static void seat(struct wgm_doorman *doorman, struct wgm_visitor *visitor)
{
	struct wgm_line *line = &doorman->lines[WGM_LINE_OPENED];

	lockdep_assert_held(&doorman->lock);
	add(line, visitor);
	/* Whoever purged the lines did not find it in one. */
	if (doorman->closed || visitor->in->reg_state != NETREG_REGISTERED ||
	    line->n > line->max || line->bytes > line->max_bytes)
		drop_from(doorman, line, visitor);
}

void wgm_doorman_seat(struct wgm_doorman *doorman, struct wgm_visitor *visitor)
{
	struct wgm_line *line = &doorman->lines[WGM_LINE_OPENED];
	struct wgm_visitor *older;

	spin_lock_bh(&doorman->lock);
	older = find_seated(line, visitor->key);
	if (older)
		drop_from(doorman, line, older);
	seat(doorman, visitor);
	spin_unlock_bh(&doorman->lock);
}

void wgm_doorman_reseat(struct wgm_doorman *doorman, struct wgm_visitor *visitor)
{
	spin_lock_bh(&doorman->lock);
	seat(doorman, visitor);
	spin_unlock_bh(&doorman->lock);
}

void wgm_doorman_unseat(struct wgm_doorman *doorman, struct list_head *ret)
{
	struct wgm_line *line = &doorman->lines[WGM_LINE_OPENED];

	spin_lock_bh(&doorman->lock);
	list_splice_tail_init(&line->visitors, ret);
	WRITE_ONCE(line->n, 0);
	line->bytes = 0;
	spin_unlock_bh(&doorman->lock);
}

void wgm_doorman_let_in(struct wgm_doorman *doorman, struct wgm_visitor *visitor)
{
	wgm_doorman_note(doorman, visitor->key, WGM_VERDICT_CONTINUED);
	WRITE_ONCE(doorman->curious, true);
	wgm_visitor_continue(visitor, &doorman->ops[visitor->pf == NFPROTO_IPV6]);
}

void wgm_doorman_call(struct wgm_mesh *mesh, unsigned long delay)
{
	wgm_mesh_queue_on(mesh, queue, &mesh->doorman.work, delay);
}

void wgm_doorman_attend(struct wgm_mesh *mesh)
{
	if (wgm_doorman_waits(&mesh->doorman))
		wgm_doorman_call(mesh, 0);
}

/* ---- the hook ---- */

/* A UDP packet for the port. */
struct datagram {
	struct udphdr udp;
	struct wgm_endpoint from;
	unsigned int payload;		/* where it begins in the packet */
	unsigned int len;
	bool part;			/* a fragment; not of IPv4, which is whole here */
};

static bool find_udp(const struct sk_buff *skb, u8 pf, struct datagram *ret)
{
	const struct iphdr *ip = ip_hdr(skb);
	u8 next = ipv6_hdr(skb)->nexthdr;
	__be16 fragment = 0;
	int at;

	if (pf == NFPROTO_IPV4) {
		ret->part = false;
		ret->payload = skb_network_offset(skb) + ip->ihl * 4;
		return ip->protocol == IPPROTO_UDP;
	}
	at = ipv6_skip_exthdr(skb, skb_network_offset(skb) + sizeof(struct ipv6hdr), &next,
			      &fragment);
	if (at < 0 || next != IPPROTO_UDP || fragment & htons(IP6_OFFSET))
		return false;
	ret->part = fragment & htons(IP6_MF);
	ret->payload = at;
	return true;
}

static void read_source(const struct sk_buff *skb, u8 pf, __be16 port, struct wgm_endpoint *ret)
{
	*ret = (struct wgm_endpoint){ .port = port };
	if (pf == NFPROTO_IPV4) {
		ret->family = AF_INET;
		ret->v4 = ip_hdr(skb)->saddr;
		return;
	}
	ret->family = AF_INET6;
	ret->v6 = ipv6_hdr(skb)->saddr;
	ret->scope_id = ipv6_iface_scope_id(&ret->v6, skb->skb_iif);
}

static bool read_datagram(const struct wgm_doorman *doorman, const struct sk_buff *skb, u8 pf,
			  struct datagram *ret)
{
	const struct udphdr *udp;

	if (!find_udp(skb, pf, ret))
		return false;
	udp = skb_header_pointer(skb, ret->payload, sizeof(ret->udp), &ret->udp);
	if (!udp || udp->dest != htons(READ_ONCE(doorman->port)) || ntohs(udp->len) < sizeof(*udp))
		return false;
	ret->udp = *udp;
	ret->payload += sizeof(*udp);
	ret->len = ntohs(udp->len) - sizeof(*udp);
	read_source(skb, pf, udp->source, &ret->from);
	return true;
}

static enum wgm_message_type read_type(const struct sk_buff *skb, unsigned int at,
				       unsigned int len)
{
	__le32 buf, *head = skb_header_pointer(skb, at, sizeof(buf), &buf);

	return head ? wgm_message_type(*head, len) : WGM_MESSAGE_OTHER;
}

/* What will be taken apart above us must not bring an initiation past us.  Nobody who is
 * honest sends one like that.
 */
static bool hides_initiation(const struct sk_buff *skb, const struct datagram *datagram)
{
	unsigned int size = skb_shinfo(skb)->gso_size, at = datagram->payload;

	if (datagram->part)
		return datagram->len == sizeof(struct wgm_msg_initiation);
	if (!skb_is_gso(skb) || !size)
		return false;
	for (; at < skb->len; at += size) {
		if (min(size, skb->len - at) == sizeof(struct wgm_msg_initiation) &&
		    read_type(skb, at, sizeof(struct wgm_msg_initiation)) == WGM_MESSAGE_INITIATION)
			return true;
	}
	return false;
}

static bool check_mac1(struct wgm_doorman *doorman, const struct wgm_msg_initiation *msg)
{
	const struct wgm_noise_device *keys;
	bool ok;

	rcu_read_lock();
	keys = rcu_dereference(doorman->keys);
	ok = keys && wgm_noise_check_mac1(keys, msg);
	rcu_read_unlock();
	if (ok)
		return true;
	/* WireGuard will drop it, unless its key is another one by now. */
	wgm_doorman_note(doorman, NULL, WGM_VERDICT_MAC1);
	wgm_identity_suspect(mesh_of(doorman));
	return false;
}

/* Whether there was room in the line. */
static bool take(struct wgm_doorman *doorman, struct wgm_line *line, struct sk_buff *skb,
		 const struct nf_hook_state *state, const struct wgm_msg_initiation *msg,
		 const struct datagram *datagram)
{
	struct wgm_visitor *visitor;

	lockdep_assert_held(&doorman->lock);
	if (doorman->closed || !has_room(line, skb->truesize))
		return false;
	visitor = wgm_visitor_new(skb, state, msg, &datagram->from);
	if (visitor)
		add(line, visitor);
	return visitor;
}

/* In a flood those are preferred who are where a peer is, or receive where they send from. */
static bool is_preferred(struct wgm_doorman *doorman, const struct wgm_msg_initiation *msg,
			 const struct wgm_endpoint *from)
{
	bool known;

	rcu_read_lock();
	known = wgm_sources_have(rcu_dereference(doorman->sources), from);
	rcu_read_unlock();
	return known || (memchr_inv(msg->mac2, 0, sizeof(msg->mac2)) &&
			 wgm_cookie_check_mac2(&doorman->jar, msg, from,
					       ktime_get_coarse_boottime_ns()));
}

static bool may_send_cookie(struct wgm_doorman *doorman)
{
	bool may;

	spin_lock_bh(&doorman->lock);
	if (time_after_eq(jiffies, doorman->cookies_since + HZ)) {
		doorman->cookies_since = jiffies;
		doorman->cookies = 0;
	}
	may = doorman->cookies < WGM_COOKIES_PER_SECOND;
	doorman->cookies += may;
	spin_unlock_bh(&doorman->lock);
	return may;
}

static void send_cookie(struct wgm_doorman *doorman, const struct sk_buff *skb,
			const struct nf_hook_state *state, const struct wgm_msg_initiation *msg,
			const struct datagram *datagram)
{
	const struct wgm_noise_device *keys;
	struct wgm_msg_cookie cookie;
	bool made;

	if (!may_send_cookie(doorman))
		return;
	rcu_read_lock();
	keys = rcu_dereference(doorman->keys);
	made = keys;
	if (made)
		wgm_cookie_reply(&doorman->jar, keys, msg, &datagram->from,
				 ktime_get_coarse_boottime_ns(), &cookie);
	rcu_read_unlock();
	if (!made)
		return;
	wgm_reply(skb, state, &datagram->udp, READ_ONCE(doorman->mark), &cookie, sizeof(cookie));
	wgm_doorman_note(doorman, NULL, WGM_VERDICT_COOKIE);
}

/* Where the sender has to queue.  Under a flood, who is in the line of anybody may not be
 * opened in time: it is told how to come in sooner.
 */
static struct wgm_line *choose_line(struct wgm_doorman *doorman, const struct sk_buff *skb,
				    const struct nf_hook_state *state,
				    const struct wgm_msg_initiation *msg,
				    const struct datagram *datagram)
{
	struct wgm_line *anybody = &doorman->lines[WGM_LINE_ANYBODY];

	if (!wgm_doorman_is_pressed(doorman))
		return anybody;
	WRITE_ONCE(doorman->pressed, true);
	if (is_preferred(doorman, msg, &datagram->from))
		return &doorman->lines[WGM_LINE_PREFERRED];
	send_cookie(doorman, skb, state, msg, datagram);
	return anybody;
}

static unsigned int receive_initiation(struct wgm_doorman *doorman, struct sk_buff *skb,
				       const struct nf_hook_state *state,
				       const struct datagram *datagram)
{
	struct wgm_msg_initiation buf, *msg;
	struct wgm_line *line;
	bool taken;

	msg = skb_header_pointer(skb, datagram->payload, sizeof(buf), &buf);
	if (!msg || !check_mac1(doorman, msg))
		return NF_ACCEPT;
	line = choose_line(doorman, skb, state, msg, datagram);
	spin_lock_bh(&doorman->lock);
	taken = take(doorman, line, skb, state, msg, datagram);
	spin_unlock_bh(&doorman->lock);
	if (!taken) {
		wgm_doorman_note(doorman, NULL, WGM_VERDICT_OVERFLOW);
		return NF_DROP;
	}
	wgm_doorman_note(doorman, NULL, WGM_VERDICT_HELD);
	wgm_doorman_call(mesh_of(doorman), 0);
	return NF_STOLEN;
}

/* Handshakes are complete with a response, or, on the other side, with the first data.  Who
 * listens for them is told soon, and need not ask again and again.
 */
static void hint(struct wgm_doorman *doorman)
{
	if (READ_ONCE(doorman->hinted))
		return;
	WRITE_ONCE(doorman->hinted, true);
	wgm_doorman_call(mesh_of(doorman), HINT_PAUSE);
}

static void pass_data(struct wgm_doorman *doorman, const struct wgm_endpoint *from)
{
	if (READ_ONCE(doorman->curious)) {
		WRITE_ONCE(doorman->curious, false);
		hint(doorman);
	}
	if (!wgm_recall_is_empty(&doorman->recall) &&
	    wgm_recall_note_data(&doorman->recall, from))
		wgm_doorman_call(mesh_of(doorman), 0);
}

static unsigned int hook(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	struct wgm_doorman *doorman = priv;
	struct datagram datagram;

	if (!READ_ONCE(mesh_of(doorman)->table.on_demand) || !READ_ONCE(doorman->running) ||
	    !read_datagram(doorman, skb, state->pf, &datagram))
		return NF_ACCEPT;
	if (datagram.part || skb_is_gso(skb)) {
		if (!hides_initiation(skb, &datagram))
			return NF_ACCEPT;
		wgm_doorman_note(doorman, NULL, WGM_VERDICT_FRAGMENTED);
		return NF_DROP;
	}
	switch (read_type(skb, datagram.payload, datagram.len)) {
	case WGM_MESSAGE_INITIATION:
		return receive_initiation(doorman, skb, state, &datagram);
	case WGM_MESSAGE_RESPONSE:
		hint(doorman);
		break;
	case WGM_MESSAGE_DATA:
		pass_data(doorman, &datagram.from);
		break;
	default:
		break;
	}
	return NF_ACCEPT;
}

/* ---- beginning and end ---- */

void wgm_doorman_init(struct wgm_doorman *doorman)
{
	static const u32 max[] = { WGM_LINE_VISITORS, WGM_LINE_VISITORS, WGM_WAITING_VISITORS };
	static const u32 bytes[] = { WGM_LINE_BYTES, WGM_LINE_BYTES, WGM_WAITING_BYTES };
	int i;

	INIT_LIST_HEAD(&doorman->list);
	mutex_init(&doorman->keys_lock);
	spin_lock_init(&doorman->lock);
	wgm_cookie_init(&doorman->jar, ktime_get_coarse_boottime_ns());
	wgm_recall_init(&doorman->recall);
	INIT_DELAYED_WORK(&doorman->work, wgm_admit);
	for (i = 0; i < WGM_LINES; i++) {
		INIT_LIST_HEAD(&doorman->lines[i].visitors);
		doorman->lines[i].max = max[i];
		doorman->lines[i].max_bytes = bytes[i];
	}
}

int wgm_doorman_open(struct wgm_mesh *mesh, struct net *net, bool running)
{
	struct wgm_doorman *doorman = &mesh->doorman;
	int err, i;

	ASSERT_RTNL();
	WRITE_ONCE(doorman->running, running);
	for (i = 0; i < ARRAY_SIZE(doorman->ops); i++)
		doorman->ops[i] = (struct nf_hook_ops){
			.hook = hook,
			.priv = doorman,
			.pf = i ? NFPROTO_IPV6 : NFPROTO_IPV4,
			.hooknum = NF_INET_LOCAL_IN,
			/* After the firewall and NAT, before conntrack confirms. */
			.priority = INT_MAX - 1,
		};
	err = nf_register_net_hooks(net, doorman->ops, ARRAY_SIZE(doorman->ops));
	if (err)
		return err;
	mutex_lock(&doormen_lock);
	doorman->net = net;
	list_add_tail(&doorman->list, &doormen);
	mutex_unlock(&doormen_lock);
	return 0;
}

/* A doorman that is closed takes nobody in any more, and is not asked to. */
static void close(struct wgm_doorman *doorman)
{
	lockdep_assert_held(&doormen_lock);
	if (!doorman->net)
		return;
	nf_unregister_net_hooks(doorman->net, doorman->ops, ARRAY_SIZE(doorman->ops));
	doorman->net = NULL;
	list_del_init(&doorman->list);
	spin_lock_bh(&doorman->lock);
	doorman->closed = true;
	purge(doorman, NULL);
	spin_unlock_bh(&doorman->lock);
}

void wgm_doorman_close(struct wgm_doorman *doorman)
{
	mutex_lock(&doormen_lock);
	close(doorman);
	mutex_unlock(&doormen_lock);
}

void wgm_doorman_fini(struct wgm_doorman *doorman)
{
	cancel_delayed_work_sync(&doorman->work);
	wgm_noise_device_free(rcu_replace_pointer(doorman->keys, NULL, true));
	wgm_sources_free(rcu_replace_pointer(doorman->sources, NULL, true));
	wgm_cookie_wipe(&doorman->jar);
}

void wgm_doorman_leave(struct net *net)
{
	struct wgm_doorman *doorman, *next;

	mutex_lock(&doormen_lock);
	list_for_each_entry_safe(doorman, next, &doormen, list) {
		if (!net_eq(doorman->net, net))
			continue;
		close(doorman);
		/* What is in its hand would go on in the namespace. */
		flush_delayed_work(&doorman->work);
	}
	mutex_unlock(&doormen_lock);
}

void wgm_doorman_release_device(const struct net_device *dev)
{
	struct wgm_doorman *doorman;

	mutex_lock(&doormen_lock);
	list_for_each_entry(doorman, &doormen, list) {
		if (!net_eq(doorman->net, dev_net(dev)))
			continue;
		spin_lock_bh(&doorman->lock);
		purge(doorman, dev);
		spin_unlock_bh(&doorman->lock);
	}
	mutex_unlock(&doormen_lock);
}

void wgm_doorman_set_running(struct wgm_doorman *doorman, bool running)
{
	WRITE_ONCE(doorman->running, running);
	if (running)
		return;
	spin_lock_bh(&doorman->lock);
	purge(doorman, NULL);
	spin_unlock_bh(&doorman->lock);
}

int wgm_doorman_identify(struct wgm_doorman *doorman, const u8 *private_key, u16 port, u32 mark)
{
	struct wgm_noise_device *keys = rcu_dereference_protected(doorman->keys, true);

	WRITE_ONCE(doorman->port, port);
	WRITE_ONCE(doorman->mark, mark);
	if (keys && wgm_noise_device_has(keys, private_key))
		return 0;	/* it knows who is proven */
	keys = wgm_noise_device_new(private_key);
	if (IS_ERR(keys) && PTR_ERR(keys) != -ENOKEY)
		return PTR_ERR(keys);
	mutex_lock(&doorman->keys_lock);
	keys = rcu_replace_pointer(doorman->keys, IS_ERR(keys) ? NULL : keys,
				   lockdep_is_held(&doorman->keys_lock));
	mutex_unlock(&doorman->keys_lock);
	wgm_noise_device_free(keys);
	return 0;
}

int __init wgm_doorman_module_init(void)
{
	/* Not one for each mesh: a work that is busy opening is no reason for another's to wait. */
	queue = alloc_workqueue("wgmesh-doorman", WQ_UNBOUND, 0);
	return queue ? 0 : -ENOMEM;
}

void wgm_doorman_module_fini(void)
{
	destroy_workqueue(queue);
}
