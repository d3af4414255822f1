// SPDX-License-Identifier: Apache-2.0
/*
 * state-fill STATE_DIR COUNT [JOINERS]
 *
 * Registers so many nodes in the state of a wgmeshd that is stopped, as its leader would: the
 * next free address by index, one entry each, a hundred entries in a batch.  Then its log begins
 * behind them, as after a snapshot.  Tells two rates, entries per second of CPU: with about 1000
 * nodes there, and with COUNT.  JOINERS nodes, joiner-0 and so on, are let in besides, as if each
 * had used a token, and may join; then COUNT may be 0, and no rates are told.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/commands.h"
#include "store/snapshot.h"
#include "store/state_query.h"

enum {
	BATCH = 100,
	MEASURED = 4000,	/* from 1000 on, and the last ones */
	START = 1000,
	SYNC_PAGES = 4096,
	SUBNETS = 60000,	/* a mesh's /48 has 65536 of them: the rest have IPv4 alone */
};

static char path[PATH_MAX];	/* of the state */

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

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);	/* others run here, too */
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The entry number @i. */
typedef struct entry *(*make_fn)(struct state_store *state, struct ipam_reservations *none,
				 unsigned int i);

static struct entry *make_join(struct state_store *state, struct ipam_reservations *none,
			       unsigned int i)
{
	struct node node = { .role = NODE_OBSERVER, .raft_port = 9443, .grpc_port = 8443,
			     .wireguard_port = 51820, .created_at = i, .updated_at = i };
	uint8_t random[8] = { (uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i,
			      1 };
	struct entry *e = entry_new(NULL);
	unsigned int number = i + 1;	/* no key is all zero */
	struct error err;

	snprintf(node.id, sizeof(node.id), "filled-%u", i);
	memcpy(&node.public_key, &number, sizeof(number));
	check(state_next_ipv4(state, none, &node.ipv4, &err), &err);
	if (i < SUBNETS)
		check(state_next_ipv6(state, none, random, &node.ipv6, &err), &err);
	check(e ? command_register_node(e, &node, &err) : -1, &err);
	return e;
}

static struct entry *let_in(struct state_store *state, struct ipam_reservations *none,
			    unsigned int i)
{
	struct certificate cert = { .role = NODE_OBSERVER, .expires_at = INT64_MAX };
	struct entry *e = entry_new(NULL);
	struct error err;

	(void)state;
	(void)none;
	snprintf(cert.serial, sizeof(cert.serial), "%032x", i);
	snprintf(cert.node_id, sizeof(cert.node_id), "joiner-%u", i);
	check(e ? command_put_certificate(e, &cert, &err) : -1, &err);
	return e;
}

static void apply_one(struct state_store *state, struct ipam_reservations *none, make_fn make,
		      unsigned int i)
{
	struct log_entry entry = { .index = state_store_applied(state) + 1,
				   .term = state_store_applied_term(state), .kind = LOG_ENTRY_DATA };
	struct entry *e = make(state, none, i);
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

/* Seconds of CPU; the daemon syncs on another thread. */
static double apply_batch(struct state_store *state, struct ipam_reservations *none, make_fn make,
			  unsigned int from, unsigned int to)
{
	double began = now(), took;
	struct error err;
	uint64_t synced;

	check(state_store_begin(state, &err), &err);
	for (unsigned int i = from; i < to; i++)
		apply_one(state, none, make, i);
	check(state_store_commit(state, NULL, &err), &err);
	took = now() - began;
	if (state_store_journal(state) > SYNC_PAGES)
		check(state_sync(path, &synced, &err), &err);
	return took;
}

/* Entries per second. */
static double fill(struct state_store *state, struct ipam_reservations *none, make_fn make,
		   unsigned int from, unsigned int to)
{
	double took = 0;

	for (unsigned int i = from; i < to; i += BATCH)
		took += apply_batch(state, none, make, i, to - i < BATCH ? to : i + BATCH);
	return (to - from) / took;
}

static void move_log(const char *dir, struct state_store *state)
{
	struct log_store *log;
	char name[PATH_MAX];
	struct error err;

	snprintf(name, sizeof(name), "%s/raft.db", dir);
	check(log_store_open(name, &log, &err), &err);
	check(log_store_install(log, state_store_applied(state), state_store_applied_term(state),
				&err), &err);
	log_store_close(log);
}

static void register_nodes(struct state_store *state, struct ipam_reservations *none,
			   unsigned int count)
{
	double first, last;

	fill(state, none, make_join, 0, START);
	first = fill(state, none, make_join, START, START + MEASURED);
	fill(state, none, make_join, START + MEASURED, count - MEASURED);
	last = fill(state, none, make_join, count - MEASURED, count);
	printf("%.0f %.0f\n", first, last);
}

int main(int argc, char *argv[])
{
	unsigned int count = argc >= 3 ? (unsigned int)atoi(argv[2]) : 0;
	unsigned int joiners = argc == 4 ? (unsigned int)atoi(argv[3]) : 0;
	struct ipam_reservations *none = ipam_reservations_new(16);
	struct state_store *state;
	struct error err;

	if (argc < 3 || (count < 3 * MEASURED && !(joiners && !count))) {
		fputs("usage: state-fill STATE_DIR COUNT [JOINERS] (COUNT 12000 or more, or 0)\n", stderr);
		return 2;
	}
	snprintf(path, sizeof(path), "%s/state.db", argv[1]);
	check(state_store_open(path, &state, &err), &err);
	if (count)
		register_nodes(state, none, count - count % BATCH);
	fill(state, none, let_in, 0, joiners);
	move_log(argv[1], state);
	state_store_close(state);
	ipam_reservations_free(none);
	return 0;
}
