// SPDX-License-Identifier: GPL-2.0
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/l3mdev.h>
#include <net/route.h>
#include <net/udp.h>

#include "reply.h"

#define HEADERS_MAX	(LL_MAX_HEADER + sizeof(struct ipv6hdr) + sizeof(struct udphdr))

/* The payload, and a UDP header without a checksum before it. */
static struct sk_buff *make_udp(const struct udphdr *to, u32 mark, const void *payload, size_t len)
{
	struct sk_buff *skb = alloc_skb(HEADERS_MAX + len, GFP_ATOMIC | __GFP_NOWARN);
	struct udphdr *udp;

	if (!skb)
		return NULL;
	skb_reserve(skb, HEADERS_MAX);
	skb_put_data(skb, payload, len);
	udp = skb_push(skb, sizeof(*udp));
	skb_reset_transport_header(skb);
	*udp = (struct udphdr){
		.source = to->dest,
		.dest = to->source,
		.len = htons(skb->len),
	};
	skb->mark = mark;
	return skb;
}

/* ---- what differs between the families ---- */

static struct dst_entry *route_v4(struct net *net, const struct sk_buff *skb,
				  const struct iphdr *to, int oif)
{
	struct flowi4 flow = {
		.daddr = to->saddr,
		.saddr = to->daddr,
		.fl4_sport = udp_hdr(skb)->source,
		.fl4_dport = udp_hdr(skb)->dest,
		.flowi4_proto = IPPROTO_UDP,
		.flowi4_mark = skb->mark,
		.flowi4_oif = oif,
	};
	struct rtable *route = ip_route_output_key(net, &flow);

	return IS_ERR(route) ? NULL : &route->dst;
}

static void send_v4(struct net *net, struct sk_buff *skb, const struct iphdr *to)
{
	struct iphdr *ip;

	udp_set_csum(false, skb, to->daddr, to->saddr, skb->len);
	ip = skb_push(skb, sizeof(*ip));
	skb_reset_network_header(skb);
	*ip = (struct iphdr){
		.version = 4,
		.ihl = sizeof(*ip) / 4,
		.frag_off = htons(IP_DF),
		.ttl = ip4_dst_hoplimit(skb_dst(skb)),
		.protocol = IPPROTO_UDP,
		.saddr = to->daddr,
		.daddr = to->saddr,
	};
	skb->protocol = htons(ETH_P_IP);
	ip_local_out(net, NULL, skb);
}

#if IS_ENABLED(CONFIG_IPV6)
static struct dst_entry *route_v6(struct net *net, const struct sk_buff *skb,
				  const struct ipv6hdr *to, int oif)
{
	struct flowi6 flow = {
		.daddr = to->saddr,
		.saddr = to->daddr,
		.fl6_sport = udp_hdr(skb)->source,
		.fl6_dport = udp_hdr(skb)->dest,
		.flowi6_proto = IPPROTO_UDP,
		.flowi6_mark = skb->mark,
		.flowi6_oif = oif,
	};
	struct dst_entry *dst = ip6_route_output(net, NULL, &flow);

	if (!dst->error)
		return dst;
	dst_release(dst);
	return NULL;
}

static void send_v6(struct net *net, struct sk_buff *skb, const struct ipv6hdr *to)
{
	struct ipv6hdr *ip;

	udp6_set_csum(false, skb, &to->daddr, &to->saddr, skb->len);
	ip = skb_push(skb, sizeof(*ip));
	skb_reset_network_header(skb);
	ip6_flow_hdr(ip, 0, 0);
	ip->payload_len = udp_hdr(skb)->len;
	ip->nexthdr = IPPROTO_UDP;
	ip->hop_limit = ip6_dst_hoplimit(skb_dst(skb));
	ip->saddr = to->daddr;
	ip->daddr = to->saddr;
	skb->protocol = htons(ETH_P_IPV6);
	ip6_local_out(net, NULL, skb);
}
#else
static struct dst_entry *route_v6(struct net *net, const struct sk_buff *skb,
				  const struct ipv6hdr *to, int oif)
{
	return NULL;
}

static void send_v6(struct net *net, struct sk_buff *skb, const struct ipv6hdr *to)
{
}
#endif

/* A link-local address is one of its link; others of a VRF are of the VRF. */
static int interface_of(const struct sk_buff *to, const struct nf_hook_state *state)
{
	if (state->pf == NFPROTO_IPV6 && ipv6_addr_type(&ipv6_hdr(to)->saddr) & IPV6_ADDR_LINKLOCAL)
		return to->skb_iif;
	return l3mdev_master_ifindex_rcu(state->in);
}

void wgm_reply(const struct sk_buff *to, const struct nf_hook_state *state,
	       const struct udphdr *udp, u32 mark, const void *payload, size_t len)
{
	struct sk_buff *skb = make_udp(udp, mark, payload, len);
	bool v4 = state->pf == NFPROTO_IPV4;
	int oif = interface_of(to, state);
	struct dst_entry *dst;

	if (!skb)
		return;
	dst = v4 ? route_v4(state->net, skb, ip_hdr(to), oif) :
		   route_v6(state->net, skb, ipv6_hdr(to), oif);
	if (!dst) {
		kfree_skb(skb);
		return;
	}
	skb_dst_set(skb, dst);
	if (v4)
		send_v4(state->net, skb, ip_hdr(to));
	else
		send_v6(state->net, skb, ipv6_hdr(to));
}
