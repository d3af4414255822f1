// SPDX-License-Identifier: Apache-2.0
/*
 * One server with a real log and a real state: what Raft says is done, once, and after a restart
 * too.
 */
#include "fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "daemon/consensus.h"
#include "daemon/memberships.h"

enum { TICK_MS = 10, PROPOSALS = 64 };

struct server {
	struct consensus *consensus;
	struct fixture *f;
	bool closed;
	unsigned int failures, changes, messages;
	unsigned int answers, applied, wanted;
	struct error last;
};

static void on_send(void *data, const struct raft_message *message)
{
	((struct server *)data)->messages++;
}

static void on_changed(void *data, unsigned int changes)
{
}

static void on_state(void *data, const struct state_changes *changes)
{
	((struct server *)data)->changes++;
}

static void on_failed(void *data, const struct error *err)
{
	struct server *s = data;

	s->failures++;
	s->last = *err;
}

static void on_closed(void *data)
{
	((struct server *)data)->closed = true;
}

static void on_answer(void *data, const struct apply_result *result, const struct error *err)
{
	struct server *s = data;

	s->answers++;
	if (result && result->error.kind == ERR_NONE)
		s->applied++;
	s->last = result ? result->error : *err;
}

static void start(struct server *s, struct fixture *f, const char *bootstrap)
{
	const struct consensus_config config = {
		.loop = &f->loop, .writer = f->writer, .state = f->state, .server_id = 7,
		.tick_ms = TICK_MS, .listener = { .changed = on_state, .data = s },
		.send = on_send, .changed = on_changed, .failed = on_failed, .data = s,
	};
	struct error err;

	*s = (struct server){ .f = f };
	ok(consensus_new(&config, bootstrap, &s->consensus, &err), &err);
}

static bool is_closed(void *data)
{
	return ((struct server *)data)->closed;
}

static void stop(struct server *s)
{
	consensus_free(s->consensus, on_closed, s);
	run_until(s->f, is_closed, s);
	assert_int_equal(s->failures, 0);
}

static bool leads(void *data)
{
	struct server *s = data;
	struct raft_status status;

	consensus_status(s->consensus, &status);
	return status.role == RAFT_LEADER &&
	       state_store_applied_term(s->f->state) == status.term;
}

static bool all_answered(void *data)
{
	struct server *s = data;

	return s->answers >= s->wanted;
}

static int propose(struct server *s, const char *id, struct error *err)
{
	struct node node = make_node(id, NODE_OBSERVER, 0);
	struct entry *e = new_entry();
	const uint8_t *data;
	size_t len;
	int r;

	ok(command_register_node(e, &node, err), err);
	ok(entry_encode(e, &data, &len, err), err);
	r = consensus_propose(s->consensus, data, len, on_answer, s, err);
	entry_free(e);
	return r;
}

static void many(struct server *s, const char *prefix)
{
	struct error err;
	char id[16];

	for (int i = 0; i < PROPOSALS; i++) {
		snprintf(id, sizeof(id), "%s%d", prefix, i);
		ok(propose(s, id, &err), &err);
	}
	s->wanted += PROPOSALS;
}

static void a_founder_leads_alone_and_its_proposals_are_answered_once(void **state)
{
	struct fixture *f = *state;
	struct server s;
	uint64_t nodes;

	start(&s, f, "n1");
	run_until(f, leads, &s);
	many(&s, "a");
	run_until(f, all_answered, &s);
	run_for(f, 50);
	assert_int_equal(s.answers, PROPOSALS);
	assert_int_equal(s.applied, PROPOSALS);
	assert_int_equal(state_count_nodes(f->state, &nodes, NULL), 0);
	assert_int_equal(nodes, PROPOSALS);
	/* What came together was stored and applied together. */
	assert_true(s.changes < PROPOSALS);
	assert_int_equal(s.messages, 0);
	stop(&s);
}

static void what_was_answered_is_there_after_a_restart_and_applied_once(void **state)
{
	struct fixture *f = *state;
	uint64_t nodes, applied;
	struct server s;

	start(&s, f, "n1");
	run_until(f, leads, &s);
	many(&s, "a");
	run_until(f, all_answered, &s);
	applied = state_store_applied(f->state);
	stop(&s);
	reopen(f);
	start(&s, f, "n1");	/* the log is not empty: nothing is founded again */
	run_until(f, leads, &s);
	/* One more: the new term's own entry. */
	assert_int_equal(state_store_applied(f->state), applied + 1);
	assert_int_equal(state_count_nodes(f->state, &nodes, NULL), 0);
	assert_int_equal(nodes, PROPOSALS);
	assert_int_equal(consensus_configuration(s.consensus)->count, 1);
	stop(&s);
}

static void lose_state(struct fixture *f)
{
	static const char *const endings[] = { "", "-wal", "-shm" };
	char path[128];

	state_store_close(f->state);
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/state.db%s", f->dir, endings[i]);
		remove(path);
	}
	snprintf(path, sizeof(path), "%s/state.db", f->dir);
	assert_int_equal(state_store_open(path, &f->state, NULL), 0);
	assert_int_equal(state_store_applied(f->state), 0);
}

/* What is known to be committed without asking anybody: nobody could be reached. */
static void a_state_that_is_lost_is_rebuilt_from_the_log(void **state)
{
	static const char *const rounds[] = { "a", "b", "c", "d", "e", "f" };
	struct fixture *f = *state;
	struct server s;
	uint64_t nodes;

	start(&s, f, "n1");
	run_until(f, leads, &s);
	for (int i = 0; i < 6; i++) {
		many(&s, rounds[i]);
		run_until(f, all_answered, &s);
	}
	stop(&s);
	lose_state(f);
	start(&s, f, "n1");
	assert_in_range(state_store_applied(f->state), 256, 6 * PROPOSALS);
	run_until(f, leads, &s);
	assert_int_equal(state_count_nodes(f->state, &nodes, NULL), 0);
	assert_int_equal(nodes, 6 * PROPOSALS);
	stop(&s);
}

static void proposals_under_way_at_the_end_are_failed_once(void **state)
{
	struct fixture *f = *state;
	struct server s;

	start(&s, f, "n1");
	run_until(f, leads, &s);
	many(&s, "a");
	uv_run(&f->loop, UV_RUN_NOWAIT);	/* the batch is on its way to the disk */
	assert_true(log_writer_busy(f->writer));
	stop(&s);
	assert_int_equal(s.answers, PROPOSALS);
	assert_int_equal(s.applied, 0);
	assert_int_equal(s.last.kind, ERR_UNAVAILABLE);
	run_for(f, 50);
	assert_int_equal(s.answers, PROPOSALS);
}

static void who_does_not_lead_takes_no_proposals(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct server s;

	start(&s, f, NULL);
	assert_int_equal(propose(&s, "a", &err), -ERR_PRECONDITION);
	run_for(f, TICK_MS * 50);
	assert_int_equal(consensus_silence(s.consensus), UINT64_MAX);
	/* A server without a configuration is quiet. */
	assert_int_equal(s.answers + s.messages, 0);
	stop(&s);
}

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static bool is_stuck(void *data)
{
	return consensus_state_is_stuck(((struct server *)data)->consensus);
}

/* The log's journal has its room already; the state's has to grow. */
static void a_state_that_finds_no_room_is_waited_for(void **state)
{
	struct fixture *f = *state;
	struct server s;
	struct error err;
	struct stat st;
	char path[96];

	signal(SIGXFSZ, SIG_IGN);
	start(&s, f, "n1");
	run_until(f, leads, &s);
	snprintf(path, sizeof(path), "%s/state.db-wal", f->dir);
	assert_int_equal(stat(path, &st), 0);
	limit_files((rlim_t)st.st_size);
	ok(propose(&s, "a", &err), &err);
	run_until(f, is_stuck, &s);
	run_for(f, TICK_MS * 5);
	assert_int_equal(s.answers + s.failures, 0);
	limit_files(RLIM_INFINITY);
	s.wanted = 1;
	run_until(f, all_answered, &s);
	assert_int_equal(s.applied, 1);
	assert_false(consensus_state_is_stuck(s.consensus));
	stop(&s);
}

static void on_read(void *data, const struct error *err)
{
	struct server *s = data;

	s->answers++;
	s->last = *err;
}

static void reads_are_answered_once_and_in_order_and_at_the_end_refused(void **state)
{
	struct fixture *f = *state;
	struct server s;
	struct error err;

	start(&s, f, NULL);
	assert_int_equal(consensus_read(s.consensus, on_read, &s, &err), -ERR_PRECONDITION);
	stop(&s);
	start(&s, f, "n1");
	run_until(f, leads, &s);
	for (int i = 0; i < 3; i++)
		ok(consensus_read(s.consensus, on_read, &s, &err), &err);
	assert_int_equal(s.answers, 0);
	s.wanted = 3;
	run_until(f, all_answered, &s);
	assert_int_equal(s.last.kind, ERR_NONE);
	ok(consensus_read(s.consensus, on_read, &s, &err), &err);
	stop(&s);
	assert_int_equal(s.answers, 4);
	assert_int_equal(s.last.kind, ERR_UNAVAILABLE);
}

static void store_configuration(struct fixture *f, uint64_t index, unsigned int servers)
{
	struct buf bytes = BUF_INIT(RAFT_CONFIGURATION_BYTES_MAX);
	struct raft_configuration c = { 0 };
	struct log_entry entry = { .index = index, .term = 1, .kind = LOG_ENTRY_CONFIGURATION };
	struct log_batch batch = { .entries = &entry, .n_entries = 1 };
	struct error err;
	char name[8];

	for (unsigned int i = 1; i <= servers; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		ok(raft_configuration_add(&c, i, RAFT_VOTER, name, &err), &err);
	}
	ok(raft_configuration_encode(&c, &bytes, &err), &err);
	entry.data = bytes.data;
	entry.len = (uint32_t)bytes.len;
	ok(log_store_append(f->log, &batch, &err), &err);
	buf_fini(&bytes);
}

static void the_two_newest_configurations_of_a_log_are_found(void **state)
{
	struct raft_membership current, previous;
	struct fixture *f = *state;
	struct error err;

	ok(memberships_read(f->writer, f->state, &current, &previous, &err), &err);
	assert_int_equal(current.index + previous.index, 0);
	for (unsigned int i = 1; i <= 3; i++)
		store_configuration(f, i, i);
	ok(memberships_read(f->writer, f->state, &current, &previous, &err), &err);
	assert_int_equal(current.index, 3);
	assert_int_equal(current.configuration.count, 3);
	assert_int_equal(previous.index, 2);
	assert_int_equal(previous.configuration.count, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_stores(a_founder_leads_alone_and_its_proposals_are_answered_once),
		with_stores(what_was_answered_is_there_after_a_restart_and_applied_once),
		with_stores(a_state_that_is_lost_is_rebuilt_from_the_log),
		with_stores(proposals_under_way_at_the_end_are_failed_once),
		with_stores(who_does_not_lead_takes_no_proposals),
		with_stores(a_state_that_finds_no_room_is_waited_for),
		with_stores(reads_are_answered_once_and_in_order_and_at_the_end_refused),
		with_stores(the_two_newest_configurations_of_a_log_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
