// SPDX-License-Identifier: Apache-2.0
/* wgmesh lookup: which peer carries an address, and why that one. */
#include <stdio.h>

#include "netlink/mesh_peers.h"
#include "wgmesh/format.h"
#include "wgmesh/json.h"
#include "wgmesh/refresh.h"
#include "wgmesh/tool.h"

struct lookup {
	struct mesh_client *client;
	struct ip address;
	bool json;
	unsigned int found;
	const char *ifname;	/* the mesh that is being looked at */
	struct error err;
};

static const struct mesh_hop *chosen_of(const struct mesh_prefix *p)
{
	for (size_t i = 0; i < p->hop_count; i++)
		if (p->hops[i].flags & WGMESH_PREFIX_FLAGS_CHOSEN)
			return &p->hops[i];
	return NULL;
}

static void print_why(const struct mesh_prefix *p)
{
	const struct mesh_hop *chosen = chosen_of(p);
	char text[PREFIX_TEXT_MAX];

	printf("  why: %s is the longest matching prefix; ", prefix_format(&p->prefix, text));
	if (!chosen)
		printf("none of its next hops is in use\n");
	else if (p->hop_count == 1)
		printf("it has one next hop\n");
	else if (chosen == &p->hops[0])
		printf("metric %u is the lowest of %zu next hops\n", chosen->metric, p->hop_count);
	else
		printf("the next hops of lower metric do not work now\n");
}

static void print_route(const struct lookup *l, const struct mesh_prefix *p)
{
	char ip[IP_TEXT_MAX], key[KEY_TEXT_MAX];

	printf("%s in mesh %s\n", ip_format(&l->address, ip), l->ifname);
	for (size_t i = 0; i < p->hop_count; i++) {
		const struct mesh_hop *hop = &p->hops[i];
		bool chosen = hop->flags & WGMESH_PREFIX_FLAGS_CHOSEN;

		printf("  %s peer %s metric %u %s\n", chosen ? "->" : "  ",
		       key_format(&hop->public_key, key), hop->metric, format_state(hop->state));
	}
	print_why(p);
}

static int print_chosen(void *data, const struct wg_peer *peer)
{
	char endpoint[ENDPOINT_TEXT_MAX], ago[FORMAT_MAX];

	printf("  endpoint: %s\n  latest handshake: %s\n",
	       peer->fields & WG_PEER_ENDPOINT ? endpoint_format(&peer->endpoint, endpoint) :
						 "(not known yet)",
	       format_ago(peer->last_handshake, now_realtime(), ago));
	return 0;
}

static int print_json(struct lookup *l, const struct mesh_prefix *p)
{
	json_t *o = json_of_prefix(p);
	char ip[IP_TEXT_MAX];
	int r;

	json_object_set_new(o, "ifname", json_string(l->ifname));
	json_object_set_new(o, "address", json_string(ip_format(&l->address, ip)));
	r = json_write(o, &l->err);
	printf("\n");
	return r;
}

static int lookup_in(void *data, const struct mesh_info *m)
{
	struct lookup *l = data;
	const struct mesh_hop *chosen;
	struct mesh_prefix p;
	int r = mesh_prefix_get(l->client, m->ifname, &l->address, &p, &l->err);

	if (r == -ERR_NOT_FOUND)
		return 0;
	if (r)
		return r;
	l->found++;
	l->ifname = m->ifname;
	if (l->json)
		return print_json(l, &p);
	print_route(l, &p);
	chosen = chosen_of(&p);
	if (!chosen)
		return 0;
	refresh_counters(l->client, m->ifname);
	/* The peer may have gone since: then there is nothing to add. */
	mesh_peer_get(l->client, m->ifname, &chosen->public_key, print_chosen, NULL, NULL);
	return 0;
}

int lookup_main(const struct command *self, int argc, char **argv)
{
	struct lookup l = { 0 };
	char **args, text[IP_TEXT_MAX];
	int count, r = tool_options(self, argc, argv, &l.json, &args, &count);

	if (r)
		return r;
	if (count < 1 || count > 2)
		return tool_usage(self, "an address is needed, and at most one device");
	if (!ip_parse(args[0], &l.address))
		return tool_usage(self, "\"%s\" is not an IPv4 or IPv6 address", args[0]);
	if (mesh_client_open(&l.client, &l.err))
		return tool_fail(&l.err);
	r = tool_each_mesh(l.client, count == 2 ? args[1] : NULL, lookup_in, &l, &l.err);
	mesh_client_close(l.client);
	if (!r && !l.found)
		r = error_set(&l.err, ERR_NOT_FOUND, "no prefix of %s matches %s",
			      count == 2 ? args[1] : "any mesh", ip_format(&l.address, text));
	return tool_finish(r ? tool_fail(&l.err) : TOOL_OK);
}
