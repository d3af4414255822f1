/* SPDX-License-Identifier: Apache-2.0 */
/* Real stores in a folder of their own, and a loop that runs until something is so. */
#ifndef WGMESH_TESTS_DAEMON_FIXTURE_H
#define WGMESH_TESTS_DAEMON_FIXTURE_H

#include "../cmocka.h"

#include <stdbool.h>
#include <uv.h>

#include "daemon/log_writer.h"
#include "store/commands.h"
#include "store/local_store.h"
#include "store/state_query.h"

enum { WAIT_MS = 30 * 1000 };	/* no condition of these tests takes that long */

struct fixture {
	char dir[64];
	uv_loop_t loop;
	struct log_store *log;
	struct state_store *state;
	struct local_store *local;
	struct log_writer *writer;
};

/* cmocka's setup and teardown; *state is the fixture. */
int setup(void **state);
int teardown(void **state);
#define with_stores(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

/* As after a crash: stores and writer anew, on the same files. */
void reopen(struct fixture *f);

/* Fails the test with the text of the error. */
void ok(int r, const struct error *err);

/* Runs the loop until @condition is true of @data. */
void run_until(struct fixture *f, bool (*condition)(void *data), void *data);
/* Runs what is ready, and what follows from it, for @ms. */
void run_for(struct fixture *f, unsigned int ms);

/* A log entry with @e as data; frees @e, and the data is the caller's. */
struct log_entry entry_of(struct entry *e, uint64_t index, uint64_t term);
struct entry *new_entry(void);
/* Apply @e to the state as its next entry, of term 1; frees it. */
void apply(struct fixture *f, struct entry *e);

struct node make_node(const char *id, enum node_role role, uint64_t server_id);
/* Into the state: the node, and its row among the members if it votes. */
void add_node(struct fixture *f, const struct node *node);
void remove_node(struct fixture *f, const char *id);

#endif
