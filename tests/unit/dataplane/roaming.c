// SPDX-License-Identifier: Apache-2.0
#include "../cmocka.h"

#include "roaming.h"

#include <string.h>
#include <time.h>

#include "dataplane/dataplane.h"

enum { PORT_A = 51001, PORT_B = 51002, PATIENCE_SECONDS = 30 };

/* 32 bytes of one value, and the public keys that belong to them. */
enum { SECRET_A = 0x48, SECRET_B = 0x50 };
static const char public_a[] = "kXeyMnjL8PPRfDbyrMm1XpyF+HsiClOG7DcNZj4g4zc=";
static const char public_b[] = "7zi0q9FLCpGcvmg59hhbl9MmB77jWcbFPBLMdZeGfVk=";

static struct dataplane *open_dataplane(const char *backend, const char *ifname, uint8_t secret,
					uint16_t port)
{
	struct dataplane_config config = {
		.backend = backend, .ifname = ifname, .listen_port = port,
	};
	struct dataplane *dp = NULL;
	struct error err;

	memset(config.private_key.bytes, secret, KEY_BYTES);
	if (dataplane_open(&config, &dp, &err))
		fail_msg("%s", err.text);
	return dp;
}

/* One peer with a prefix, as all have that do not wait, or none when @key is NULL. */
static void apply(struct dataplane *dp, const char *key, const char *endpoint, uint16_t keepalive)
{
	struct peer_set *set = peer_set_new();
	struct prefix prefix;
	struct endpoint e;
	struct error err;
	struct key k;
	uint32_t peer;

	assert_true(prefix_parse("10.9.0.1/32", &prefix));
	if (endpoint)
		assert_true(endpoint_parse(endpoint, &e));
	if (key) {
		assert_true(key_parse(key, &k));
		assert_int_equal(peer_set_add(set, &k, endpoint ? &e : NULL, keepalive, &peer,
					      NULL), 0);
		assert_int_equal(peer_set_add_prefix(set, peer, &prefix, 0, NULL), 0);
	}
	assert_int_equal(peer_set_seal(set, NULL), 0);
	if (dataplane_apply(dp, set, NULL, &err))
		fail_msg("%s", err.text);
}

struct seen {
	uint64_t last_handshake;
	char endpoint[ENDPOINT_TEXT_MAX];
};

static int keep(void *data, const struct wg_peer *peer)
{
	struct seen *s = data;

	s->last_handshake = peer->last_handshake;
	if (peer->fields & WG_PEER_ENDPOINT)
		endpoint_format(&peer->endpoint, s->endpoint);
	return 0;
}

static struct seen look(struct dataplane *dp)
{
	struct seen s = { 0 };

	assert_int_equal(dataplane_list(dp, keep, &s, NULL), 0);
	return s;
}

/* Looks again and again until there is a handshake and the endpoint is the given one. */
static struct seen wait_for(struct dataplane *dp, const char *endpoint)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	struct seen s;

	for (int i = 0; i < PATIENCE_SECONDS * 50; i++) {
		s = look(dp);
		if (s.last_handshake && strcmp(s.endpoint, endpoint) == 0)
			return s;
		nanosleep(&pause, NULL);
	}
	fail_msg("no handshake and endpoint %s within %d s, but %s", endpoint, PATIENCE_SECONDS,
		 s.endpoint);
	return s;
}

void roaming_test(const char *backend)
{
	struct dataplane *a = open_dataplane(backend, "wgta", SECRET_A, PORT_A);
	struct dataplane *b = open_dataplane(backend, "wgtb", SECRET_B, PORT_B);
	struct dataplane_stats stats;
	struct seen before, after;

	apply(b, public_a, NULL, 0);
	apply(a, public_b, "127.0.0.1:51002", 1);
	before = wait_for(b, "127.0.0.1:51001");
	dataplane_close(b);
	b = open_dataplane(backend, "wgtb", SECRET_B, PORT_B);
	apply(b, public_a, "192.0.2.9:9", 0);
	after = look(b);
	assert_string_equal(after.endpoint, "127.0.0.1:51001");
	assert_true(after.last_handshake >= before.last_handshake);
	assert_int_equal(dataplane_stats(b, &stats, NULL), 0);
	assert_int_equal(stats.peers_known, 1);
	assert_int_equal(stats.peers_active, 1);
	assert_true(stats.rx_bytes > 0);
	assert_int_equal(stats.last_handshake, after.last_handshake);
	/*
	 * What the operator changes does count; the other end is silenced, it would move it back.
	 */
	apply(a, NULL, NULL, 0);
	apply(b, public_a, "192.0.2.10:9", 0);
	apply(b, public_a, "192.0.2.11:9", 0);
	wait_for(b, "192.0.2.11:9");
	dataplane_close(a);
	dataplane_close(b);
}
