// SPDX-License-Identifier: Apache-2.0
/* wgmesh show: meshes and their peers, for people or as JSON. */
#include <stdio.h>

#include "netlink/mesh_peers.h"
#include "wgmesh/format.h"
#include "wgmesh/json.h"
#include "wgmesh/refresh.h"
#include "wgmesh/tool.h"

struct show {
	struct mesh_client *client;
	bool json;
	uint64_t now;
	size_t meshes, peers;	/* shown so far; peers: of this mesh */
	struct error err;
};

static void print_mesh(const struct mesh_info *m)
{
	const uint64_t *stat = m->stats.value;
	char flags[FORMAT_MAX], features[FORMAT_MAX], memory[FORMAT_MAX];

	printf("mesh: %s\n", m->ifname);
	printf("  generation: %llu\n", (unsigned long long)m->generation);
	printf("  peers: %llu known, %llu active, at most %u\n",
	       (unsigned long long)stat[WGMESH_A_STATS_PEERS],
	       (unsigned long long)stat[WGMESH_A_STATS_PEERS_ACTIVE], m->peers_max);
	printf("  prefixes: %llu\n", (unsigned long long)stat[WGMESH_A_STATS_PREFIXES]);
	if (stat[WGMESH_A_STATS_PENDING])
		printf("  on their way to WireGuard: %llu peers\n",
		       (unsigned long long)stat[WGMESH_A_STATS_PENDING]);
	printf("  mode: %s\n", format_mesh_flags(m->flags, "eager", flags));
	printf("  features: %s\n", format_mesh_features(m->features, "(none)", features));
	printf("  memory: %s\n", format_bytes(stat[WGMESH_A_STATS_MEMORY], memory));
}

static void print_prefixes(const struct wg_peer *peer)
{
	char text[PREFIX_TEXT_MAX];

	printf("  prefixes:%s", peer->prefix_count ? "" : " (none)");
	for (size_t i = 0; i < peer->prefix_count; i++) {
		const struct wg_prefix *p = &peer->prefixes[i];

		printf("%s %s", i ? "," : "", prefix_format(&p->prefix, text));
		if (p->metric)
			printf(" (metric %u)", p->metric);
	}
	printf("\n");
}

static void print_peer(const struct wg_peer *peer, uint64_t now)
{
	char key[KEY_TEXT_MAX], endpoint[ENDPOINT_TEXT_MAX], a[FORMAT_MAX], b[FORMAT_MAX];

	printf("\npeer: %s\n", key_format(&peer->public_key, key));
	if (peer->fields & WG_PEER_ENDPOINT)
		printf("  endpoint: %s\n", endpoint_format(&peer->endpoint, endpoint));
	print_prefixes(peer);
	printf("  state: %s\n", format_state(peer->state));
	if (peer->flags)
		printf("  flags: %s\n", format_peer_flags(peer->flags, "", a));
	printf("  latest handshake: %s\n", format_ago(peer->last_handshake, now, a));
	if (peer->rx_bytes || peer->tx_bytes)
		printf("  transfer: %s received, %s sent\n", format_bytes(peer->rx_bytes, a),
		       format_bytes(peer->tx_bytes, b));
	if (peer->keepalive)
		printf("  persistent keepalive: every %u seconds\n", peer->keepalive);
}

static int show_peer(void *data, const struct wg_peer *peer)
{
	struct show *s = data;

	if (!s->json) {
		print_peer(peer, s->now);
		return 0;
	}
	printf("%s", s->peers++ ? ",\n " : "\n ");
	return json_write(json_of_peer(peer), &s->err);
}

static int show_mesh(void *data, const struct mesh_info *info)
{
	struct show *s = data;
	int r = 0;

	s->peers = 0;
	refresh_counters(s->client, info->ifname);
	if (!s->json) {
		printf("%s", s->meshes++ ? "\n" : "");
		print_mesh(info);
		return mesh_peer_list(s->client, info->ifname, NULL, show_peer, s, NULL, &s->err);
	}
	printf("%s", s->meshes++ ? ",\n" : "\n");
	r = json_write_open(json_of_mesh(info), &s->err);
	if (r)
		return r;
	printf(",\"peers\":[");
	r = mesh_peer_list(s->client, info->ifname, NULL, show_peer, s, NULL, &s->err);
	if (!r)
		printf("]}");
	return r;
}

int show_main(const struct command *self, int argc, char **argv)
{
	struct show s = { .now = now_realtime() };
	char **args;
	int count, r = tool_options(self, argc, argv, &s.json, &args, &count);

	if (r)
		return r;
	if (count > 1)
		return tool_usage(self, "too many arguments");
	if (mesh_client_open(&s.client, &s.err))
		return tool_fail(&s.err);
	if (s.json)
		printf("{\"meshes\":[");
	r = tool_each_mesh(s.client, count ? args[0] : NULL, show_mesh, &s, &s.err);
	if (!r && s.json)
		printf("]}\n");
	mesh_client_close(s.client);
	return tool_finish(r ? tool_fail(&s.err) : TOOL_OK);
}
