// SPDX-License-Identifier: Apache-2.0
#include "dataplane/found.h"

#include <string.h>
#include <time.h>

uint64_t found_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* A clock that was set back makes handshakes of the future: those are young too. */
bool found_active(uint64_t last_handshake, uint64_t now)
{
	return last_handshake && (last_handshake > now ||
		now - last_handshake < DATAPLANE_ACTIVE_SECONDS * 1000000000ull);
}

void found_count(struct dataplane_stats *stats, const struct wg_peer *peer, uint64_t now)
{
	stats->peers_active += found_active(peer->last_handshake, now);
	if (peer->last_handshake > stats->last_handshake)
		stats->last_handshake = peer->last_handshake;
	stats->rx_bytes += peer->rx_bytes;
	stats->tx_bytes += peer->tx_bytes;
}

struct reading {
	const struct peer_set *wanted;
	struct peer_set *set;
	uint64_t now;
	struct error *err;
};

static const struct endpoint *endpoint_of(const struct reading *r, const struct wg_peer *peer)
{
	const struct peer *wanted = peer_set_lookup(r->wanted, &peer->public_key);

	if (!(peer->fields & WG_PEER_ENDPOINT))
		return NULL;
	if (wanted && wanted->endpoint.ip.family && found_active(peer->last_handshake, r->now))
		return &wanted->endpoint;
	return &peer->endpoint;
}

static bool has_waiting_key(const struct wg_peer *peer)
{
	return memcmp(peer->preshared_key.bytes, WG_WAITING_KEY, KEY_BYTES) == 0;
}

static bool has_foreign_secret(const struct wg_peer *peer)
{
	return peer->fields & WG_PEER_PRESHARED_KEY && !key_is_zero(&peer->preshared_key) &&
	       !has_waiting_key(peer);
}

/* A table does not tell it; there, one without prefixes is begun anew when it is to wait no more. */
static bool waits(const struct wg_peer *peer)
{
	return peer->fields & WG_PEER_PRESHARED_KEY ? has_waiting_key(peer) : !peer->prefix_count;
}

static int add(void *data, const struct wg_peer *peer)
{
	struct reading *r = data;
	uint32_t index;
	int result;

	if (has_foreign_secret(peer))
		return 0;
	result = peer_set_add(r->set, &peer->public_key, endpoint_of(r, peer), peer->keepalive,
			      &index, r->err);
	if (!result && waits(peer))
		peer_set_make_wait(r->set, index);
	for (size_t i = 0; !result && i < peer->prefix_count; i++)
		result = peer_set_add_prefix(r->set, index, &peer->prefixes[i].prefix,
					     peer->prefixes[i].metric, r->err);
	return result;
}

int found_read(const struct backend_ops *ops, struct backend *b, const struct peer_set *wanted,
	       struct peer_set **ret, struct error *err)
{
	struct reading reading = {
		.wanted = wanted, .set = peer_set_new(), .now = found_now(), .err = err,
	};
	int r;

	if (!reading.set)
		return error_set(err, ERR_MEMORY, "no memory for the peers of the device");
	r = ops->list(b, add, &reading, err);
	if (!r)
		r = peer_set_seal(reading.set, err);
	if (r)
		peer_set_free(reading.set);
	else
		*ret = reading.set;
	return r;
}

static int copy_peer(struct peer_set *to, const struct peer *peer, struct error *err)
{
	const struct endpoint *endpoint = peer->endpoint.ip.family ? &peer->endpoint : NULL;
	uint32_t index;
	int r = peer_set_add(to, &peer->public_key, endpoint, peer->keepalive, &index, err);

	if (!r && peer->waiting)
		peer_set_make_wait(to, index);
	for (size_t i = 0; !r && i < peer->n_prefixes; i++)
		if (!peer->prefixes[i].metric)
			r = peer_set_add_prefix(to, index, &peer->prefixes[i].prefix, 0, err);
	return r;
}

int found_flatten(const struct peer_set *set, struct peer_set **ret, struct error *err)
{
	struct peer_set *flat = peer_set_new();
	int r = 0;

	if (!flat)
		return error_set(err, ERR_MEMORY, "no memory for the wanted peers");
	for (size_t i = 0; !r && i < peer_set_count(set); i++)
		r = copy_peer(flat, peer_set_at(set, i), err);
	if (!r)
		r = peer_set_seal(flat, err);
	if (r)
		peer_set_free(flat);
	else
		*ret = flat;
	return r;
}
