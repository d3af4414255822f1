// SPDX-License-Identifier: Apache-2.0
/*
 * mesh-bench: what a mesh table costs, seen by a client of its netlink family.  Each command
 * prints the seconds that it took.
 *
 *	load DEV -n N [-p PINNED]	peers 0 to N-1, in transactions of 20000
 *	replace DEV -n N [-p PINNED] -d D	the same as a whole new table, in which the last D of
 *					the pinned peers have another endpoint
 *	remove DEV -f FIRST -n N	peers FIRST to FIRST+N-1, in one batch
 *	change DEV -n N -r ROUNDS	the endpoint of one of N peers, again and again: the median
 *
 * Peer I has a key made from I, an endpoint, 11.0.0.0/32 + 2I and fd01::/128 + 2I; the addresses
 * in between are nobody's.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "netlink/mesh.h"
#include "netlink/mesh_apply.h"

enum { ROUNDS_MAX = 10000, LOAD_PART = 20000, V4_BASE = 11 << 24, PORT = 51820 };

struct plan {
	const char *dev;
	uint32_t peers, pinned, differing, first, rounds;
	bool replace;
};

struct made_peer {
	struct wg_peer peer;
	struct wg_prefix prefixes[2];
};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* splitmix64: keys are spread over the hash table as real ones are. */
static uint64_t scramble(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static void put_be32(uint8_t *to, uint32_t value)
{
	value = htonl(value);
	memcpy(to, &value, sizeof(value));
}

static void make_key(struct key *ret, uint32_t i)
{
	for (uint64_t part = 0; part < 4; part++) {
		uint64_t word = scramble((uint64_t)i << 2 | part);

		memcpy(ret->bytes + 8 * part, &word, sizeof(word));
	}
}

static void make_peer(struct made_peer *ret, uint32_t i, uint16_t port)
{
	struct prefix v4 = { .ip.family = AF_INET, .len = 32 };
	struct prefix v6 = { .ip = { AF_INET6, { 0xfd, 1 } }, .len = 128 };

	*ret = (struct made_peer){ .peer = { .fields = WG_PEER_ENDPOINT, .prefix_count = 2 } };
	make_key(&ret->peer.public_key, i);
	put_be32(v4.ip.bytes, V4_BASE + 2 * i);
	put_be32(v6.ip.bytes + 12, 2 * i);
	ret->prefixes[0].prefix = v4;
	ret->prefixes[1].prefix = v6;
	ret->peer.prefixes = ret->prefixes;
	ret->peer.endpoint = (struct endpoint){ { AF_INET, { 127, 0, 0, 1 } }, port };
}

static int put_peers(struct mesh_apply *batch, const struct plan *plan, struct error *err)
{
	struct made_peer made;
	int r = 0;

	for (uint32_t i = plan->first; !r && i < plan->first + plan->peers; i++) {
		bool pinned = i < plan->pinned;
		bool differs = pinned && i >= plan->pinned - plan->differing;

		make_peer(&made, i, differs ? PORT + 1 : PORT);
		if (pinned) {
			made.peer.fields |= WG_PEER_FLAGS;
			made.peer.flags = WGMESH_PEER_FLAGS_PINNED;
		}
		r = mesh_apply_peer(batch, &made.peer, err);
	}
	return r;
}

static int put_removals(struct mesh_apply *batch, const struct plan *plan, struct error *err)
{
	struct wg_peer peer = { .flags = WGMESH_PEER_FLAGS_REMOVE };
	int r = 0;

	for (uint32_t i = plan->first; !r && i < plan->first + plan->peers; i++) {
		make_key(&peer.public_key, i);
		r = mesh_apply_peer(batch, &peer, err);
	}
	return r;
}

/* Another endpoint for the peer that the round of @plan falls on. */
static int put_change(struct mesh_apply *batch, const struct plan *plan, struct error *err)
{
	struct made_peer made;

	make_peer(&made, (uint32_t)(scramble(plan->rounds) % plan->peers),
		  (uint16_t)(PORT + 1 + plan->rounds));
	made.peer.prefix_count = 0;
	return mesh_apply_peer(batch, &made.peer, err);
}

typedef int put_fn(struct mesh_apply *batch, const struct plan *plan, struct error *err);

/* One batch, and the seconds that it takes until it is acknowledged. */
static int run_batch(struct mesh_client *c, const struct plan *plan, put_fn *put,
		     double *ret_seconds, struct error *err)
{
	struct mesh_apply_options options = { .replace = plan->replace };
	struct mesh_apply_result result;
	struct mesh_apply *batch;
	double start = now();
	int r = mesh_apply_begin(c, plan->dev, &options, &batch, err);

	if (r)
		return r;
	r = put(batch, plan, err);
	if (r) {
		mesh_apply_abort(batch);
		return r;
	}
	r = mesh_apply_commit(batch, &result, err);
	if (!r)
		*ret_seconds = now() - start;
	return r;
}

static int print_batch(struct mesh_client *c, const struct plan *plan, put_fn *put,
		       struct error *err)
{
	double seconds;
	int r = run_batch(c, plan, put, &seconds, err);

	if (!r)
		printf("%.6f\n", seconds);
	return r;
}

/* In parts, each of which an emulated machine answers in time. */
static int run_load(struct mesh_client *c, const struct plan *plan, struct error *err)
{
	struct plan part = *plan;
	double seconds = 0, sum = 0;
	uint32_t end = plan->first + plan->peers;
	int r = 0;

	for (; !r && part.first < end; part.first += part.peers) {
		part.peers = end - part.first < LOAD_PART ? end - part.first : LOAD_PART;
		r = run_batch(c, &part, put_peers, &seconds, err);
		sum += seconds;
	}
	if (!r)
		printf("%.6f\n", sum);
	return r;
}

static int run_replace(struct mesh_client *c, const struct plan *plan, struct error *err)
{
	struct plan whole = *plan;

	whole.replace = true;
	return print_batch(c, &whole, put_peers, err);
}

static int run_remove(struct mesh_client *c, const struct plan *plan, struct error *err)
{
	return print_batch(c, plan, put_removals, err);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int run_change(struct mesh_client *c, const struct plan *plan, struct error *err)
{
	static double seconds[ROUNDS_MAX];
	struct plan round = *plan;
	int r = 0;

	for (round.rounds = 0; !r && round.rounds < plan->rounds; round.rounds++)
		r = run_batch(c, &round, put_change, &seconds[round.rounds], err);
	if (r)
		return r;
	qsort(seconds, plan->rounds, sizeof(seconds[0]), by_value);
	printf("%.9f\n", seconds[plan->rounds / 2]);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(struct mesh_client *c, const struct plan *plan, struct error *err);
} commands[] = {
	{ "load", run_load }, { "replace", run_replace }, { "remove", run_remove },
	{ "change", run_change },
};

static int parse_options(int argc, char **argv, struct plan *ret)
{
	int option;

	*ret = (struct plan){ .dev = argv[2], .peers = 1, .rounds = 100 };
	optind = 3;
	while ((option = getopt(argc, argv, "n:p:d:f:r:")) != -1) {
		uint32_t value = optarg ? (uint32_t)strtoul(optarg, NULL, 10) : 0;

		switch (option) {
		case 'n': ret->peers = value; break;
		case 'p': ret->pinned = value; break;
		case 'd': ret->differing = value; break;
		case 'f': ret->first = value; break;
		case 'r': ret->rounds = value; break;
		default: return -1;
		}
	}
	return ret->peers > 0 && ret->rounds > 0 && ret->rounds <= ROUNDS_MAX ? 0 : -1;
}

static int run(const char *name, const struct plan *plan, struct error *err)
{
	struct mesh_client *client;
	int r = error_set(err, ERR_INVALID, "no command \"%s\"", name);

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(name, commands[i].name))
			continue;
		r = mesh_client_open(&client, err);
		if (r)
			return r;
		r = commands[i].run(client, plan, err);
		mesh_client_close(client);
	}
	return r;
}

int main(int argc, char **argv)
{
	struct error err;
	struct plan plan;

	if (argc < 3 || parse_options(argc, argv, &plan)) {
		fprintf(stderr, "usage: mesh-bench load|replace|remove|change DEV [-n PEERS] "
			"[-p PINNED] [-d DIFFERING] [-f FIRST] [-r ROUNDS]\n");
		return 2;
	}
	if (!run(argv[1], &plan, &err))
		return 0;
	fprintf(stderr, "mesh-bench: %s\n", err.text);
	return 1;
}
