// SPDX-License-Identifier: Apache-2.0
/*
 * wgmesh dump: one line per mesh and per peer, tab-separated.  The columns are
 * a contract (wgmesh(8)): new ones come at the end only.
 */
#include <stdio.h>

#include "netlink/mesh_peers.h"
#include "wgmesh/format.h"
#include "wgmesh/refresh.h"
#include "wgmesh/tool.h"

struct dump {
	struct mesh_client *client;
	const char *ifname;
	struct error err;
};

static void dump_prefixes(const struct wg_peer *peer)
{
	char text[PREFIX_TEXT_MAX];

	printf("\t%s", peer->prefix_count ? "" : "-");
	for (size_t i = 0; i < peer->prefix_count; i++)
		printf("%s%s@%u", i ? "," : "",
		       prefix_format(&peer->prefixes[i].prefix, text), peer->prefixes[i].metric);
}

static int dump_peer(void *data, const struct wg_peer *peer)
{
	char key[KEY_TEXT_MAX], endpoint[ENDPOINT_TEXT_MAX], flags[FORMAT_MAX], floor[FORMAT_MAX];
	const struct dump *d = data;

	printf("peer\t%s\t%s\t%s", d->ifname, key_format(&peer->public_key, key),
	       peer->fields & WG_PEER_ENDPOINT ? endpoint_format(&peer->endpoint, endpoint) : "-");
	dump_prefixes(peer);
	printf("\t%s\t%llu\t%llu\t%llu\t%u\t%s\t%llu\t%s\n", format_state(peer->state),
	       (unsigned long long)(peer->last_handshake / 1000000000u),
	       (unsigned long long)peer->rx_bytes, (unsigned long long)peer->tx_bytes,
	       peer->keepalive, format_peer_flags(peer->flags, "-", flags),
	       (unsigned long long)peer->generation, format_floor(peer, "-", floor));
	return 0;
}

static int dump_mesh(void *data, const struct mesh_info *m)
{
	char flags[FORMAT_MAX], features[FORMAT_MAX];
	struct dump *d = data;

	printf("mesh\t%s\t%u\t%llu\t%s\t%s\t%u\t%u\t%u\t%u\t%llu\n", m->ifname, m->ifindex,
	       (unsigned long long)m->generation, format_mesh_flags(m->flags, "-", flags),
	       format_mesh_features(m->features, "-", features), m->peers_max, m->active_max,
	       m->transaction_timeout, m->idle_timeout, (unsigned long long)m->removal_generation);
	d->ifname = m->ifname;
	refresh_counters(d->client, m->ifname);
	return mesh_peer_list(d->client, m->ifname, NULL, dump_peer, d, NULL, &d->err);
}

int dump_main(const struct command *self, int argc, char **argv)
{
	struct dump d = { 0 };
	char **args;
	int count, r = tool_options(self, argc, argv, NULL, &args, &count);

	if (r)
		return r;
	if (count > 1)
		return tool_usage(self, "too many arguments");
	if (mesh_client_open(&d.client, &d.err))
		return tool_fail(&d.err);
	r = tool_each_mesh(d.client, count ? args[0] : NULL, dump_mesh, &d, &d.err);
	mesh_client_close(d.client);
	return tool_finish(r ? tool_fail(&d.err) : TOOL_OK);
}
