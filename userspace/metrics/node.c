// SPDX-License-Identifier: Apache-2.0
#include "metrics/node.h"

#include <stdio.h>
#include <time.h>

#include "dataplane/peek.h"
#include "metrics/host.h"
#include "metrics/traffic.h"

enum {
	PROTOCOL_VERSION = 1,	/* WGPEER_A_PROTOCOL_VERSION of linux/wireguard.h: there is one */
	PEER_BYTES = 160,	/* of a peer, packed, without its prefixes */
};

struct gathering {
	struct draft draft;
	V1__NodeMetrics *metrics;
	size_t bytes;
	uint32_t left_out;
};

/* RFC 3339, with what WireGuard knows of the second. */
static void put_time(struct draft *m, char **field, uint64_t ns)
{
	time_t seconds = (time_t)(ns / 1000000000);
	char text[32];
	struct tm tm;

	if (ns && gmtime_r(&seconds, &tm) &&
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm))
		draft_printf(m, field, "%s.%09uZ", text, (unsigned int)(ns % 1000000000));
}

static void fill_peer(struct draft *m, V1__PeerMetrics *out, const struct wg_peer *peer)
{
	char key[KEY_TEXT_MAX], endpoint[ENDPOINT_TEXT_MAX], prefix[PREFIX_TEXT_MAX];

	draft_text(m, &out->public_key, key_format(&peer->public_key, key));
	if (peer->fields & WG_PEER_ENDPOINT)
		draft_text(m, &out->endpoint, endpoint_format(&peer->endpoint, endpoint));
	draft_printf(m, &out->persistent_keep_alive, "%us", peer->keepalive);
	put_time(m, &out->last_handshake_time, peer->last_handshake);
	for (size_t i = 0; i < peer->prefix_count; i++)
		draft_add_text(m, &out->allowed_ips, &out->n_allowed_ips,
				 prefix_format(&peer->prefixes[i].prefix, prefix));
	out->protocol_version = PROTOCOL_VERSION;
	out->receive_bytes = peer->rx_bytes;
	out->transmit_bytes = peer->tx_bytes;
}

static int gather(void *data, const struct wg_peer *peer)
{
	struct gathering *g = data;
	size_t bytes = PEER_BYTES + peer->prefix_count * PREFIX_TEXT_MAX;
	V1__PeerMetrics *out;

	if (g->bytes + bytes > NODE_METRICS_BYTES_MAX) {
		g->left_out++;
		return 0;
	}
	g->bytes += bytes;
	out = draft_add(&g->draft, &v1__peer_metrics__descriptor, &g->metrics->peers,
			  &g->metrics->n_peers);
	if (out)
		fill_peer(&g->draft, out, peer);
	return 0;
}

/* Traffic is the device's: WireGuard forgets that of peers that leave it. */
static void read_device(struct gathering *g, const struct metrics_snapshot *s,
			struct error *ret_trouble)
{
	struct metrics_traffic traffic = { 0 };
	struct dataplane_peek peek = { 0 };

	if (dataplane_peek(s->backend, s->device, gather, g, &peek, ret_trouble) == 0 &&
	    peek.listen_port)
		metrics_traffic_read(s->device, &traffic, ret_trouble);
	g->metrics->listen_port = peek.listen_port;
	g->metrics->total_receive_bytes = traffic.rx_bytes;
	g->metrics->total_transmit_bytes = traffic.tx_bytes;
}

static void fill_node(struct draft *m, V1__NodeMetrics *out, const struct metrics_snapshot *s)
{
	char key[KEY_TEXT_MAX];

	draft_text(m, &out->device_name, s->device);
	draft_text(m, &out->public_key, key_format(&s->public_key, key));
	draft_text(m, &out->address_v4, s->ipv4);
	draft_text(m, &out->address_v6, s->ipv6);
	draft_text(m, &out->type, s->backend);
}

int node_metrics_read(const struct metrics_snapshot *s, V1__NodeMetrics **ret,
		      uint32_t *ret_left_out, struct error *ret_trouble, struct error *err)
{
	struct gathering g = { 0 };

	g.metrics = draft_new(&g.draft, &v1__node_metrics__descriptor);
	if (!g.metrics)
		return error_set(err, ERR_MEMORY, "no memory for the metrics");
	*ret_trouble = (struct error){ 0 };
	fill_node(&g.draft, g.metrics, s);
	read_device(&g, s, ret_trouble);
	g.metrics->system = draft_new(&g.draft, &v1__host_metrics__descriptor);
	if (g.metrics->system)
		host_read(&g.draft, g.metrics->system);
	if (g.draft.failed) {
		v1__node_metrics__free_unpacked(g.metrics, NULL);
		return error_set(err, ERR_MEMORY, "no memory for the metrics");
	}
	*ret = g.metrics;
	*ret_left_out = g.left_out;
	return 0;
}
