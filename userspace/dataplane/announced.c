// SPDX-License-Identifier: Apache-2.0
/* Routes that other nodes announce: a table of their own, and the rules that lead to it. */
#include "dataplane/announced.h"

#include "netlink/rule.h"

static int list(struct link_client *c, uint32_t ifindex, link_prefix_fn *fn, void *data,
		struct error *err)
{
	return link_route_list(c, ifindex, LINK_TABLE_ANNOUNCED, fn, data, err);
}

static int add(struct link_client *c, uint32_t ifindex, const struct prefix *p,
	       struct error *err)
{
	return link_route_add(c, ifindex, LINK_TABLE_ANNOUNCED, p, err);
}

static int delete(struct link_client *c, uint32_t ifindex, const struct prefix *p,
		  struct error *err)
{
	return link_route_delete(c, ifindex, LINK_TABLE_ANNOUNCED, p, err);
}

static const struct prefix_ops announced = { .list = list, .add = add, .delete = delete };

struct found {
	bool ipv4, ipv6;
};

static int note_family(void *data, const struct prefix *p)
{
	struct found *found = data;

	if (p->ip.family == AF_INET)
		found->ipv4 = true;
	else
		found->ipv6 = true;
	return 0;
}

static int set_rules(struct link_client *c, sa_family_t family, bool wanted, struct error *err)
{
	return wanted ? rules_add(c, family, err) : rules_delete(c, family, err);
}

int announced_settle(struct link_client *link, struct error *err)
{
	struct found found = { 0 };
	int r = link_route_list(link, 0, LINK_TABLE_ANNOUNCED, note_family, &found, err);

	if (!r)
		r = set_rules(link, AF_INET, found.ipv4, err);
	return r ? r : set_rules(link, AF_INET6, found.ipv6, err);
}

int announced_set(struct link_client *link, const char *ifname, const struct prefix *routes,
		  size_t count, struct error *err)
{
	int r = device_set_prefixes(link, ifname, &announced, routes, count, err);

	return r ? r : announced_settle(link, err);
}
