// SPDX-License-Identifier: Apache-2.0
/*
 * state-fill STATE_DIR COUNT
 *
 * Registers so many nodes in the state of a wgmeshd that is stopped, as its leader would: the next free
 * address by index, one entry each, a hundred entries in a batch.  Then its log begins behind them, as
 * after a snapshot.  Tells the rates: "first-thousand last-thousand", entries per second, the latter with
 * COUNT nodes there.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/commands.h"
#include "store/snapshot.h"
#include "store/state_query.h"

enum { BATCH = 100, MEASURED = 1000 };

static void check(int r, const struct error *err)
{
	if (r >= 0)
		return;
	fprintf(stderr, "state-fill: %s\n", err->text);
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct entry *make_join(struct state_store *state, struct ipam_reservations *none, unsigned int i)
{
	struct node node = { .role = NODE_OBSERVER, .raft_port = 9443, .grpc_port = 8443,
			     .wireguard_port = 51820, .created_at = i, .updated_at = i };
	uint8_t random[8] = { (uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i, 1 };
	struct entry *e = entry_new(NULL);
	unsigned int number = i + 1;	/* no key is all zero */
	struct error err;

	snprintf(node.id, sizeof(node.id), "filled-%u", i);
	memcpy(&node.public_key, &number, sizeof(number));
	check(state_next_ipv4(state, none, &node.ipv4, &err), &err);
	check(state_next_ipv6(state, none, random, &node.ipv6, &err), &err);
	check(e ? command_register_node(e, &node, &err) : -1, &err);
	return e;
}

static void apply_one(struct state_store *state, struct ipam_reservations *none, unsigned int i)
{
	struct log_entry entry = { .index = state_store_applied(state) + 1,
				   .term = state_store_applied_term(state), .kind = LOG_ENTRY_DATA };
	struct entry *e = make_join(state, none, i);
	struct apply_result result;
	const uint8_t *data;
	struct error err;
	size_t len;

	check(entry_encode(e, &data, &len, &err), &err);
	entry.data = data;
	entry.len = (uint32_t)len;
	check(state_store_apply(state, &entry, &result, &err), &err);
	if (result.error.kind != ERR_NONE)
		check(-1, &result.error);
	entry_free(e);
}

/* Entries per second. */
static double fill(struct state_store *state, struct ipam_reservations *none, unsigned int from,
		   unsigned int to)
{
	double began = now();
	struct error err;

	for (unsigned int i = from; i < to; i++) {
		if ((i - from) % BATCH == 0)
			check(state_store_begin(state, &err), &err);
		apply_one(state, none, i);
		if ((i - from) % BATCH == BATCH - 1 || i + 1 == to)
			check(state_store_commit(state, NULL, &err), &err);
	}
	return (to - from) / (now() - began);
}

static void move_log(const char *dir, struct state_store *state)
{
	struct log_store *log;
	char path[PATH_MAX];
	struct error err;

	snprintf(path, sizeof(path), "%s/raft.db", dir);
	check(log_store_open(path, &log, &err), &err);
	check(log_store_install(log, state_store_applied(state), state_store_applied_term(state), &err), &err);
	log_store_close(log);
}

int main(int argc, char *argv[])
{
	unsigned int count = argc == 3 ? (unsigned int)atoi(argv[2]) : 0;
	struct ipam_reservations *none = ipam_reservations_new(16);
	struct state_store *state;
	char path[PATH_MAX];
	double first, last;
	struct error err;
	uint64_t synced;

	if (count < 3 * MEASURED) {
		fputs("usage: state-fill STATE_DIR COUNT (3000 or more)\n", stderr);
		return 2;
	}
	snprintf(path, sizeof(path), "%s/state.db", argv[1]);
	check(state_store_open(path, &state, &err), &err);
	first = fill(state, none, 0, MEASURED);
	fill(state, none, MEASURED, count - MEASURED);
	check(state_sync(path, &synced, &err), &err);
	last = fill(state, none, count - MEASURED, count);
	move_log(argv[1], state);
	state_store_close(state);
	ipam_reservations_free(none);
	printf("%.0f %.0f\n", first, last);
	return 0;
}
