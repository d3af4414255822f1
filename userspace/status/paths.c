// SPDX-License-Identifier: Apache-2.0
#include "status/paths.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dataplane/dataplane.h"
#include "dataplane/peek.h"
#include "metrics/traffic.h"

static bool is_active(const struct wg_peer *peer, uint64_t now)
{
	const uint64_t while_active = (uint64_t)DATAPLANE_ACTIVE_SECONDS * 1000000000;

	return peer->last_handshake && peer->last_handshake + while_active > now;
}

/* A path of its own goes before those by others, whichever is told first. */
static void relay(struct paths *p, const struct roster *r, const struct wg_peer *peer, int via)
{
	for (size_t i = 0; i < peer->prefix_count; i++) {
		int number = roster_find_prefix(r, &peer->prefixes[i].prefix);

		if (number == ROSTER_NONE || number == via || p->items[number].kind != PATH_DORMANT)
			continue;
		p->items[number].kind = PATH_RELAYED;
		p->items[number].via = via;
		p->relayed++;
	}
}

static void note_unnamed(struct paths *p, const struct key *key)
{
	p->unnamed++;
	if (p->wanted_count < PATHS_WANTED_MAX)
		p->wanted[p->wanted_count++] = *key;
}

void paths_add(struct paths *p, const struct roster *r, const struct wg_peer *peer, uint64_t now)
{
	int number = roster_find_key(r, &peer->public_key);
	bool active = is_active(peer, now);
	struct path *path;

	if (number == ROSTER_NONE) {
		if (active)
			note_unnamed(p, &peer->public_key);
		return;
	}
	path = &p->items[number];
	if (active) {
		p->relayed -= path->kind == PATH_RELAYED;
		p->direct++;
		path->kind = PATH_DIRECT;
		relay(p, r, peer, number);
	}
	if (peer->fields & WG_PEER_ENDPOINT)
		path->endpoint = peer->endpoint;
	path->last_handshake = peer->last_handshake;
	path->rx_bytes = peer->rx_bytes;
	path->tx_bytes = peer->tx_bytes;
}

struct reading {
	struct paths *paths;
	const struct roster *roster;
	uint64_t now;
};

static int read_peer(void *data, const struct wg_peer *peer)
{
	struct reading *reading = data;

	paths_add(reading->paths, reading->roster, peer, reading->now);
	return 0;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

struct paths *paths_read(const struct roster *r, const char *backend, const char *device)
{
	struct paths *p = calloc(1, sizeof(*p));
	struct reading reading = { .paths = p, .roster = r, .now = now_ns() };
	struct metrics_traffic traffic = { 0 };
	struct dataplane_peek peek;

	if (!p || strcmp(backend, "none") == 0)
		return p;
	p->known = dataplane_peek(backend, device, read_peer, &reading, &peek, &p->trouble) == 0;
	if (p->known && metrics_traffic_read(device, &traffic, &p->trouble) == 0) {
		p->rx_bytes = traffic.rx_bytes;
		p->tx_bytes = traffic.tx_bytes;
	}
	return p;
}
