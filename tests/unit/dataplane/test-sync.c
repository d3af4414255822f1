// SPDX-License-Identifier: Apache-2.0
/*
 * Steps for a WireGuard without batches, against a model of it: after every
 * single step no prefix that has a peer before and after is without one.
 */
#include "../cmocka.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/sync.h"
#include "peers.h"

enum { PEERS = 7, PREFIXES = 14, ROUNDS = 3000 };

/* Owner of each prefix (10.0.0.n/32): a letter, or 0. */
struct table {
	bool exists[PEERS];
	char owner[PREFIXES];
	uint16_t keepalive[PEERS];
};

struct model {
	struct table now, old, new;
	bool can_drop;
	unsigned int replacements;	/* of a live peer's list */
	int fail_after;			/* steps; -1: never */
};

static int index_of(const struct key *key)
{
	return key->bytes[1] - 'a';
}

static int number_of(const struct wg_prefix *p)
{
	return p->prefix.ip.bytes[3];
}

static void assert_no_gap(const struct model *m)
{
	for (int i = 0; i < PREFIXES; i++) {
		if (!m->old.owner[i] || !m->new.owner[i])
			continue;
		if (m->now.owner[i] != m->old.owner[i])
			assert_int_equal(m->now.owner[i], m->new.owner[i]);
	}
}

/* As the kernel does it: the list is emptied first, then the prefixes come one by one. */
static void set_one(struct model *m, const struct wg_peer *peer)
{
	char letter = (char)peer->public_key.bytes[1];
	int index = index_of(&peer->public_key);

	if (peer->flags & WGMESH_PEER_FLAGS_UPDATE_ONLY && !m->now.exists[index])
		return;
	if (peer->flags & WGMESH_PEER_FLAGS_REPLACE_PREFIXES) {
		m->replacements += m->now.exists[index];
		for (int i = 0; i < PREFIXES; i++)
			if (m->now.owner[i] == letter)
				m->now.owner[i] = 0;
	}
	m->now.exists[index] = true;
	if (peer->fields & WG_PEER_KEEPALIVE)
		m->now.keepalive[index] = peer->keepalive;
	for (size_t i = 0; i < peer->prefix_count; i++) {
		assert_false(peer->prefixes[i].flags & WGMESH_PREFIX_FLAGS_REMOVE);
		m->now.owner[number_of(&peer->prefixes[i])] = letter;
	}
}

static int step(struct model *m, struct error *err)
{
	if (m->fail_after == 0)
		return error_set(err, ERR_IO, "out of steps");
	m->fail_after -= m->fail_after > 0;
	return 0;
}

static int model_set(void *data, const struct wg_peer *peers, size_t count, struct error *err)
{
	struct model *m = data;
	int r = step(m, err);

	for (size_t i = 0; !r && i < count; i++) {
		set_one(m, &peers[i]);
		assert_no_gap(m);
	}
	return r;
}

static int model_remove(void *data, const struct key *keys, size_t count, struct error *err)
{
	struct model *m = data;
	int r = step(m, err);

	for (size_t i = 0; !r && i < count; i++) {
		m->now.exists[index_of(&keys[i])] = false;
		m->now.keepalive[index_of(&keys[i])] = 0;
		for (int j = 0; j < PREFIXES; j++)
			if (m->now.owner[j] == keys[i].bytes[1])
				m->now.owner[j] = 0;
		assert_no_gap(m);
	}
	return r;
}

static int model_drop(void *data, const struct wg_peer *peer, struct error *err)
{
	struct model *m = data;

	if (!m->can_drop)
		return error_set(err, ERR_INVALID, "unknown attribute");
	for (size_t i = 0; i < peer->prefix_count; i++) {
		char *owner = &m->now.owner[number_of(&peer->prefixes[i])];

		assert_int_equal(peer->prefixes[i].flags, WGMESH_PREFIX_FLAGS_REMOVE);
		if (*owner == (char)peer->public_key.bytes[1])
			*owner = 0;
	}
	assert_no_gap(m);
	return 0;
}

static struct table table_random(unsigned int *seed)
{
	struct table t = { 0 };

	for (int i = 0; i < PEERS; i++) {
		t.exists[i] = rand_r(seed) % 4;
		t.keepalive[i] = t.exists[i] ? (uint16_t)(rand_r(seed) % 2 * 25) : 0;
	}
	for (int i = 0; i < PREFIXES; i++) {
		int peer = rand_r(seed) % (PEERS + 2);

		if (peer < PEERS && t.exists[peer])
			t.owner[i] = (char)('a' + peer);
	}
	return t;
}

static struct peer_set *set_of(const struct table *t)
{
	char text[4096] = "";
	size_t n = 0;

	for (int i = 0; i < PEERS; i++) {
		if (!t->exists[i])
			continue;
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%c ~%u", 'a' + i,
				      t->keepalive[i]);
		for (int j = 0; j < PREFIXES; j++)
			if (t->owner[j] == 'a' + i)
				n += (size_t)snprintf(text + n, sizeof(text) - n, " 10.0.0.%d/32",
						      j);
		n += (size_t)snprintf(text + n, sizeof(text) - n, "\n");
	}
	return peers_of(text);
}

static int run(struct model *m, bool with_drop)
{
	struct sync_ops ops = { .set = model_set, .remove = model_remove,
				.drop = with_drop ? model_drop : NULL };
	struct peer_set *old = set_of(&m->old), *new = set_of(&m->new);
	struct peer_diff diff;
	struct error err;
	int r;

	assert_int_equal(peer_set_diff(old, new, &diff, NULL), 0);
	r = sync_apply(&ops, m, &diff, &err);
	peer_diff_fini(&diff);
	peer_set_free(old);
	peer_set_free(new);
	return r;
}

static void no_prefix_is_without_its_peer(void **state)
{
	unsigned int seed = 4;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct model m = { .can_drop = true, .fail_after = -1 };

		m.old = m.now = table_random(&seed);
		m.new = table_random(&seed);
		assert_int_equal(run(&m, true), 0);
		assert_memory_equal(&m.now, &m.new, sizeof(m.now));
		assert_int_equal(m.replacements, 0);
	}
}

/* Where one prefix cannot be dropped, the list of the peer that loses one to nobody is replaced. */
static unsigned int replacements_needed(const struct model *m)
{
	unsigned int n = 0;

	for (int i = 0; i < PEERS; i++) {
		bool orphan = false;

		for (int j = 0; j < PREFIXES; j++)
			orphan |= m->old.owner[j] == 'a' + i && !m->new.owner[j];
		n += orphan && m->old.exists[i] && m->new.exists[i];
	}
	return n;
}

static void lists_are_replaced_only_where_needed(void **state)
{
	unsigned int seed = 5;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct model m = { .can_drop = false, .fail_after = -1 };

		m.old = m.now = table_random(&seed);
		m.new = table_random(&seed);
		assert_int_equal(run(&m, round % 2), 0);
		assert_memory_equal(&m.now, &m.new, sizeof(m.now));
		assert_int_equal(m.replacements, replacements_needed(&m));
	}
}

static void failure_is_told_and_ends_it(void **state)
{
	struct model m = { .fail_after = 1 };
	unsigned int seed = 6;

	(void)state;
	do {
		m.old = m.now = table_random(&seed);
		m.new = table_random(&seed);
	} while (!m.old.exists[0] || m.new.exists[0] || !m.new.exists[1] || m.old.exists[1]);
	assert_int_equal(run(&m, false), -ERR_IO);
	assert_true(m.now.exists[0]);	/* removals were not reached */
	assert_true(m.now.exists[1]);
}

/* What is done to which peer: - removed, + set, ? with the key of those that wait, n prefixes. */
static int trace_set(void *data, const struct wg_peer *peers, size_t count, struct error *err)
{
	char *trace = data;

	(void)err;
	for (size_t i = 0; i < count; i++) {
		bool waits = memcmp(peers[i].preshared_key.bytes, WG_WAITING_KEY, KEY_BYTES) == 0;

		trace += strlen(trace);
		snprintf(trace, 8, "+%c%s%zu ", peers[i].public_key.bytes[1], waits ? "?" : "",
			 peers[i].prefix_count);
		if (peers[i].flags & WGMESH_PEER_FLAGS_REPLACE_PREFIXES)
			assert_true(peers[i].fields & WG_PEER_PRESHARED_KEY);
	}
	return 0;
}

static int trace_remove(void *data, const struct key *keys, size_t count, struct error *err)
{
	char *trace = data;

	(void)err;
	for (size_t i = 0; i < count; i++)
		snprintf(trace + strlen(trace), 8, "-%c ", keys[i].bytes[1]);
	return 0;
}

/* The peers a and b: one has the prefix, the other waits unless it is 0. */
static struct peer_set *changing(char has, char waits)
{
	struct prefix p = { .ip = { .family = AF_INET, .bytes = { 10, 0, 0, 1 } }, .len = 32 };
	struct peer_set *set = peer_set_new();
	uint32_t peer;

	for (char letter = 'a'; letter <= 'b'; letter++) {
		struct key key = key_of(letter);

		if (letter != has && letter != waits && waits != '-')
			continue;
		assert_int_equal(peer_set_add(set, &key, NULL, 0, &peer, NULL), 0);
		if (letter == has)
			assert_int_equal(peer_set_add_prefix(set, peer, &p, 0, NULL), 0);
		if (letter == waits)
			peer_set_make_wait(set, peer);
	}
	assert_int_equal(peer_set_seal(set, NULL), 0);
	return set;
}

static void a_peer_that_waits_no_more_begins_anew_with_its_prefixes(void **state)
{
	static const struct sync_ops ops = { .set = trace_set, .remove = trace_remove };
	struct peer_set *steps[] = { changing('a', 0), changing('a', 'b'), changing('b', '-'),
				     changing('b', 0) };
	char trace[256] = "";
	struct peer_diff diff;

	(void)state;
	for (int i = 1; i < 4; i++) {
		assert_int_equal(peer_set_diff(steps[i - 1], steps[i], &diff, NULL), 0);
		assert_int_equal(sync_apply(&ops, trace, &diff, NULL), 0);
		peer_diff_fini(&diff);
		strcat(trace, "| ");
	}
	assert_string_equal(trace, "+b?0 | -b +a0 +b1 | -a | ");
	for (int i = 0; i < 4; i++)
		peer_set_free(steps[i]);
}

/* More peers than one hand-over takes: none is forgotten at the seams. */
static int count_set(void *data, const struct wg_peer *peers, size_t count, struct error *err)
{
	size_t *counts = data;

	(void)err;
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(peers[i].prefix_count, 2);
		assert_memory_equal(peers[i].prefixes[0].prefix.ip.bytes + 1,
				    peers[i].public_key.bytes + 1, 3);
	}
	counts[0] += count;
	return 0;
}

static int count_removed(void *data, const struct key *keys, size_t count, struct error *err)
{
	size_t *counts = data;

	(void)keys;
	(void)err;
	counts[1] += count;
	return 0;
}

static struct peer_set *many(uint32_t first, uint32_t count)
{
	struct peer_set *set = peer_set_new();

	for (uint32_t i = first; i < first + count; i++) {
		struct key key = { { 9, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i } };
		struct prefix p = { .ip = { .family = AF_INET, .bytes = { 10 } }, .len = 32 };
		uint32_t peer;

		memcpy(p.ip.bytes + 1, key.bytes + 1, 3);
		assert_int_equal(peer_set_add(set, &key, NULL, 0, &peer, NULL), 0);
		assert_int_equal(peer_set_add_prefix(set, peer, &p, 0, NULL), 0);
		p.ip.bytes[0] = 11;
		assert_int_equal(peer_set_add_prefix(set, peer, &p, 0, NULL), 0);
	}
	assert_int_equal(peer_set_seal(set, NULL), 0);
	return set;
}

static void thousands_of_peers_are_handed_over(void **state)
{
	static const struct sync_ops ops = { .set = count_set, .remove = count_removed };
	struct peer_set *old = many(0, 5000), *new = many(4000, 5000);
	size_t counts[2] = { 0 };
	struct peer_diff diff;

	(void)state;
	assert_int_equal(peer_set_diff(old, new, &diff, NULL), 0);
	assert_int_equal(sync_apply(&ops, counts, &diff, NULL), 0);
	assert_int_equal(counts[0], 4000);
	assert_int_equal(counts[1], 4000);
	peer_diff_fini(&diff);
	peer_set_free(old);
	peer_set_free(new);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_prefix_is_without_its_peer),
		cmocka_unit_test(lists_are_replaced_only_where_needed),
		cmocka_unit_test(failure_is_told_and_ends_it),
		cmocka_unit_test(a_peer_that_waits_no_more_begins_anew_with_its_prefixes),
		cmocka_unit_test(thousands_of_peers_are_handed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
