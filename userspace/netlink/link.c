// SPDX-License-Identifier: Apache-2.0
#include "netlink/link.h"

#include <stdlib.h>
#include <string.h>

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "netlink/link_client.h"

enum { SMALL_MESSAGE = 512 };

int link_client_open(struct link_client **ret, struct error *err)
{
	struct link_client *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return error_set(err, ERR_MEMORY, "no memory for a netlink client");
	r = nlsocket_open(NETLINK_ROUTE, NULL, 0, &c->socket, err);
	if (r)
		free(c);
	else
		*ret = c;
	return r;
}

void link_client_close(struct link_client *c)
{
	if (!c)
		return;
	nlsocket_close(c->socket);
	free(c);
}

int link_request(struct link_client *c, struct message *m, answer_fn *fn, void *data,
		 struct error *err)
{
	int r = nlsocket_request(c->socket, m, fn, data, err);

	message_fini(m);
	return r;
}

static struct message link_message(uint16_t type, uint16_t flags, const char *ifname)
{
	struct message m = message_new(SMALL_MESSAGE, type, flags);

	message_put_header(&m, sizeof(struct ifinfomsg));
	message_put_text(&m, IFLA_IFNAME, ifname);
	return m;
}

static void decode_kind(struct nlattr *linkinfo, struct link_info *info)
{
	struct nlattr *tb[IFLA_INFO_MAX + 1] = { 0 };

	if (nla_parse(tb, IFLA_INFO_MAX, nla_data(linkinfo), nla_len(linkinfo), NULL) ||
	    !tb[IFLA_INFO_KIND])
		return;
	nla_strlcpy(info->kind, tb[IFLA_INFO_KIND], sizeof(info->kind));
}

static int keep_link(void *data, const struct nlmsghdr *answer)
{
	static const struct nla_policy policy[IFLA_MAX + 1] = { [IFLA_MTU] = { .type = NLA_U32 } };
	struct nlattr *tb[IFLA_MAX + 1] = { 0 };
	const struct ifinfomsg *i = NLMSG_DATA(answer);
	struct link_info *info = data;

	if (nlmsg_parse((struct nlmsghdr *)answer, sizeof(*i), tb, IFLA_MAX, policy))
		return -ERR_IO;
	info->ifindex = (uint32_t)i->ifi_index;
	info->up = i->ifi_flags & IFF_UP;
	if (tb[IFLA_MTU])
		info->mtu = nla_get_u32(tb[IFLA_MTU]);
	if (tb[IFLA_LINKINFO])
		decode_kind(tb[IFLA_LINKINFO], info);
	return 0;
}

int link_get(struct link_client *c, const char *ifname, struct link_info *ret, struct error *err)
{
	struct message m = link_message(RTM_GETLINK, 0, ifname);
	struct link_info info = { 0 };
	int r = link_request(c, &m, keep_link, &info, err);

	if (r)
		error_prefix(err, "device %s", ifname);
	else
		*ret = info;
	return r;
}

int link_add(struct link_client *c, const char *ifname, const char *kind, struct error *err)
{
	struct message m = link_message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifname);
	size_t nest = message_nest(&m, IFLA_LINKINFO);
	int r;

	message_put_text(&m, IFLA_INFO_KIND, kind);
	message_nest_end(&m, nest);
	r = link_request(c, &m, NULL, NULL, err);
	if (r)
		error_prefix(err, "cannot add device %s of kind %s", ifname, kind);
	return r;
}

int link_delete(struct link_client *c, const char *ifname, struct error *err)
{
	struct message m = link_message(RTM_DELLINK, 0, ifname);
	int r = link_request(c, &m, NULL, NULL, err);

	if (r)
		error_prefix(err, "cannot delete device %s", ifname);
	return r;
}

int link_set_up(struct link_client *c, const char *ifname, bool up, uint32_t mtu,
		struct error *err)
{
	struct message m = link_message(RTM_NEWLINK, 0, ifname);
	struct ifinfomsg *i;
	int r;

	if (!m.failed) {
		i = NLMSG_DATA(message_header(&m));
		i->ifi_change = IFF_UP;
		i->ifi_flags = up ? IFF_UP : 0;
	}
	if (mtu)
		message_put_u32(&m, IFLA_MTU, mtu);
	r = link_request(c, &m, NULL, NULL, err);
	if (r)
		error_prefix(err, "cannot set device %s %s", ifname, up ? "up" : "down");
	return r;
}

static struct message address_message(uint16_t type, uint16_t flags, uint32_t ifindex,
				      const struct prefix *address)
{
	struct message m = message_new(SMALL_MESSAGE, type, flags);
	struct ifaddrmsg *a = message_put_header(&m, sizeof(*a));

	if (a) {
		a->ifa_family = (uint8_t)address->ip.family;
		a->ifa_prefixlen = address->len;
		a->ifa_index = ifindex;
	}
	message_put_ip(&m, IFA_LOCAL, &address->ip);
	message_put_ip(&m, IFA_ADDRESS, &address->ip);
	return m;
}

/*
 * No prefix route: the mesh's routes are ours, with our protocol number.  No duplicate
 * address detection: nobody else is on the link, and the address must serve at once.
 */
int link_address_add(struct link_client *c, uint32_t ifindex, const struct prefix *address,
		     struct error *err)
{
	struct message m = address_message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, ifindex,
					   address);
	char text[PREFIX_TEXT_MAX];
	int r;

	message_put_u32(&m, IFA_FLAGS, IFA_F_NOPREFIXROUTE | IFA_F_NODAD);
	r = link_request(c, &m, NULL, NULL, err);
	if (r)
		error_prefix(err, "cannot add address %s", prefix_format(address, text));
	return r;
}

int link_address_delete(struct link_client *c, uint32_t ifindex, const struct prefix *address,
			struct error *err)
{
	struct message m = address_message(RTM_DELADDR, 0, ifindex, address);
	struct error cause = { 0 };
	char text[PREFIX_TEXT_MAX];
	int r = link_request(c, &m, NULL, NULL, &cause);

	if (!r || r == -ERR_NOT_FOUND)
		return 0;
	return error_set(err, cause.kind, "cannot delete address %s: %s",
			 prefix_format(address, text), cause.text);
}

struct listing {
	uint32_t ifindex;	/* 0: of every device */
	uint32_t table;		/* of routes */
	link_prefix_fn *fn;
	void *data;
};

static bool decode_prefix(struct nlattr *a, sa_family_t family, uint8_t len, struct prefix *ret)
{
	struct prefix p = { .ip.family = family, .len = len };
	unsigned int bits = ip_bits(&p.ip);

	if (!bits || len > bits || (a && nla_len(a) != (int)bits / 8))
		return false;
	if (a)
		memcpy(p.ip.bytes, nla_data(a), bits / 8);
	*ret = p;
	return true;
}

static int tell_address(void *data, const struct nlmsghdr *answer)
{
	struct nlattr *tb[IFA_MAX + 1] = { 0 }, *local;
	const struct ifaddrmsg *a = NLMSG_DATA(answer);
	struct listing *l = data;
	struct prefix p;

	if (nlmsg_parse((struct nlmsghdr *)answer, sizeof(*a), tb, IFA_MAX, NULL))
		return -ERR_IO;
	local = tb[IFA_LOCAL] ? tb[IFA_LOCAL] : tb[IFA_ADDRESS];
	if (a->ifa_index != l->ifindex || a->ifa_scope == RT_SCOPE_LINK || !local ||
	    !decode_prefix(local, a->ifa_family, a->ifa_prefixlen, &p))
		return 0;
	return l->fn(l->data, &p);
}

int link_address_list(struct link_client *c, uint32_t ifindex, link_prefix_fn *fn, void *data,
		      struct error *err)
{
	struct message m = message_new(SMALL_MESSAGE, RTM_GETADDR, NLM_F_DUMP);
	struct ifaddrmsg *a = message_put_header(&m, sizeof(*a));
	struct listing l = { .ifindex = ifindex, .fn = fn, .data = data };
	int r;

	if (a)
		a->ifa_index = ifindex;	/* kernels from 4.20 tell only these */
	r = link_request(c, &m, tell_address, &l, err);
	if (r < 0)
		error_prefix(err, "cannot list the addresses of device %u", ifindex);
	return r;
}

static struct message route_message(uint16_t type, uint16_t flags, uint32_t ifindex,
				    enum link_table table, const struct prefix *destination)
{
	struct message m = message_new(SMALL_MESSAGE, type, flags);
	struct rtmsg *rt = message_put_header(&m, sizeof(*rt));

	if (rt) {
		rt->rtm_family = (uint8_t)destination->ip.family;
		rt->rtm_dst_len = destination->len;
		rt->rtm_table = (uint8_t)table;
		rt->rtm_protocol = LINK_ROUTE_PROTOCOL;
		rt->rtm_scope = destination->ip.family == AF_INET ? RT_SCOPE_LINK :
								   RT_SCOPE_UNIVERSE;
		rt->rtm_type = RTN_UNICAST;
	}
	message_put_ip(&m, RTA_DST, &destination->ip);
	message_put_u32(&m, RTA_OIF, ifindex);
	return m;
}

int link_route_add(struct link_client *c, uint32_t ifindex, enum link_table table,
		   const struct prefix *destination, struct error *err)
{
	struct message m = route_message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, ifindex,
					 table, destination);
	char text[PREFIX_TEXT_MAX];
	int r = link_request(c, &m, NULL, NULL, err);

	if (r)
		error_prefix(err, "cannot add route %s", prefix_format(destination, text));
	return r;
}

int link_route_delete(struct link_client *c, uint32_t ifindex, enum link_table table,
		      const struct prefix *destination, struct error *err)
{
	struct message m = route_message(RTM_DELROUTE, 0, ifindex, table, destination);
	struct error cause = { 0 };
	char text[PREFIX_TEXT_MAX];
	int r = link_request(c, &m, NULL, NULL, &cause);

	if (!r || r == -ERR_NOT_FOUND)
		return 0;
	return error_set(err, cause.kind, "cannot delete route %s: %s",
			 prefix_format(destination, text), cause.text);
}

static int tell_route(void *data, const struct nlmsghdr *answer)
{
	struct nlattr *tb[RTA_MAX + 1] = { 0 };
	const struct rtmsg *rt = NLMSG_DATA(answer);
	struct listing *l = data;
	struct prefix p;

	if (nlmsg_parse((struct nlmsghdr *)answer, sizeof(*rt), tb, RTA_MAX, NULL))
		return -ERR_IO;
	if (rt->rtm_protocol != LINK_ROUTE_PROTOCOL || rt->rtm_table != l->table ||
	    !tb[RTA_OIF] || nla_len(tb[RTA_OIF]) < 4 ||
	    (l->ifindex && nla_get_u32(tb[RTA_OIF]) != l->ifindex) ||
	    !decode_prefix(tb[RTA_DST], rt->rtm_family, rt->rtm_dst_len, &p))
		return 0;
	return l->fn(l->data, &p);
}

/*
 * Filtered by the kernel: a host may hold a million routes that are not ours.  A table comes into
 * being with its first route.
 */
static int list_routes(struct link_client *c, sa_family_t family, struct listing *l,
		       struct error *err)
{
	struct message m = message_new(SMALL_MESSAGE, RTM_GETROUTE, NLM_F_DUMP);
	struct rtmsg *rt = message_put_header(&m, sizeof(*rt));
	struct error cause = { 0 };
	int r;

	if (rt) {
		rt->rtm_family = (uint8_t)family;
		rt->rtm_table = (uint8_t)l->table;
		rt->rtm_protocol = LINK_ROUTE_PROTOCOL;
	}
	if (l->ifindex)
		message_put_u32(&m, RTA_OIF, l->ifindex);
	r = link_request(c, &m, tell_route, l, &cause);
	if (r == -ERR_NOT_FOUND)
		return 0;
	return r < 0 ? error_set(err, cause.kind, "cannot list the routes of device %u: %s",
				 l->ifindex, cause.text) : r;
}

int link_route_list(struct link_client *c, uint32_t ifindex, enum link_table table,
		    link_prefix_fn *fn, void *data, struct error *err)
{
	struct listing l = { .ifindex = ifindex, .table = table, .fn = fn, .data = data };
	int r = list_routes(c, AF_INET, &l, err);

	return r ? r : list_routes(c, AF_INET6, &l, err);
}
