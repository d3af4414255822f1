// SPDX-License-Identifier: Apache-2.0
/* The core's contract with its driver; what servers do among each other is for tests/sim. */
#include "../cmocka.h"

#include <stdlib.h>

#include "driver.h"

enum { SELF = 1, OTHER = 2, THIRD = 3 };

static void pump(struct driver *d)
{
	struct error err = { 0 };

	if (driver_pump(d, &err))
		fail_msg("%s", err.text);
}

static void tick(struct driver *d, unsigned int n)
{
	while (n--) {
		assert_int_equal(raft_tick(d->raft, NULL), 0);
		pump(d);
	}
}

static struct raft_status status(const struct driver *d)
{
	struct raft_status st;

	raft_status(d->raft, &st);
	return st;
}

static void init_new(struct driver *d)
{
	struct raft_start start = { .first_index = 1 };
	struct raft_log_reader reader = driver_reader(d);
	struct raft_config config;

	memset(d, 0, sizeof(*d));
	raft_config_defaults(&config, SELF, 7);
	config.uncommitted_bytes_max = 1000;
	assert_int_equal(raft_new(&config, &start, &reader, &d->raft, NULL), 0);
}

static void init_single(struct driver *d)
{
	init_new(d);
	assert_int_equal(raft_bootstrap(d->raft, "n1", NULL), 0);
	pump(d);
	tick(d, 20);
	assert_int_equal(status(d).role, RAFT_LEADER);
}

/* One of three voters, with the configuration as entry 1 and @last - 1 more entries of @term. */
static void init_voter(struct driver *d, uint64_t last, uint64_t term)
{
	struct raft_start start = {
		.term = term, .first_index = 1, .last_index = last, .last_term = term,
		.current = { .index = 1 },
	};
	struct raft_log_reader reader = driver_reader(d);
	struct buf data = BUF_INIT(RAFT_CONFIGURATION_BYTES_MAX);
	struct raft_config config;

	memset(d, 0, sizeof(*d));
	for (uint64_t id = 1; id <= 3; id++)
		raft_configuration_add(&start.current.configuration, id, RAFT_VOTER,
				       (const char[]){ 'n', (char)('0' + id), 0 }, NULL);
	assert_int_equal(raft_configuration_encode(&start.current.configuration, &data, NULL), 0);
	d->log[++d->last] = raft_entry_new(1, 1, RAFT_ENTRY_CONFIGURATION, data.data, data.len);
	while (d->last < last) {
		d->last++;
		d->log[d->last] = raft_entry_new(d->last, term, RAFT_ENTRY_DATA, "x", 1);
	}
	buf_fini(&data);
	raft_config_defaults(&config, SELF, 7);
	assert_int_equal(raft_new(&config, &start, &reader, &d->raft, NULL), 0);
}

static int step(struct driver *d, struct raft_message m)
{
	int rc;

	m.from = m.from ? m.from : OTHER;
	m.to = m.to ? m.to : SELF;
	rc = raft_step(d->raft, &m, NULL);
	if (!raft_failure(d->raft))
		pump(d);
	return rc;
}

/* An append of one entry after @prev. */
static int append(struct driver *d, uint64_t prev, uint64_t prev_term, uint64_t term,
		  uint64_t commit)
{
	struct raft_entry *e = raft_entry_new(prev + 1, term, RAFT_ENTRY_DATA, "y", 1);
	struct raft_message m = {
		.type = RAFT_APPEND, .term = term, .log_index = prev, .log_term = prev_term,
		.commit_index = commit, .entries = &e, .entry_count = 1,
	};
	int rc = step(d, m);

	raft_entry_unref(e);
	return rc;
}

static void become_leader(struct driver *d)
{
	struct raft_status st;

	tick(d, 20);
	st = status(d);
	step(d, (struct raft_message){ .type = RAFT_PRE_VOTE_REPLY, .term = st.term + 1 });
	step(d, (struct raft_message){ .type = RAFT_VOTE_REPLY, .term = st.term + 1 });
	assert_int_equal(status(d).role, RAFT_LEADER);
}

static void a_cluster_of_one_commits_alone(void **state)
{
	struct raft_position pos;
	struct driver d;

	(void)state;
	init_single(&d);
	assert_int_equal(raft_propose(d.raft, "abc", 3, &pos, NULL), 0);
	assert_int_equal(pos.index, 3);
	assert_int_equal(pos.term, 2);
	assert_int_equal(d.applied, 2);
	pump(&d);
	assert_int_equal(d.applied, 3);
	assert_int_equal(d.sent_count, 0);
	assert_int_equal(d.log[1]->kind, RAFT_ENTRY_CONFIGURATION);
	assert_int_equal(d.log[2]->kind, RAFT_ENTRY_NOOP);
	assert_memory_equal(d.log[3]->data, "abc", 3);
	driver_fini(&d);
}

static void only_a_new_server_bootstraps(void **state)
{
	struct driver d;

	(void)state;
	init_single(&d);
	assert_int_equal(raft_bootstrap(d.raft, "n1", NULL), -ERR_PRECONDITION);
	driver_fini(&d);
	init_voter(&d, 3, 1);
	assert_int_equal(raft_bootstrap(d.raft, "n1", NULL), -ERR_PRECONDITION);
	driver_fini(&d);
	init_new(&d);
	assert_int_equal(raft_bootstrap(d.raft, "", NULL), -ERR_INVALID);
	driver_fini(&d);
}

static void nothing_counts_before_it_is_stored(void **state)
{
	struct raft_position pos;
	struct driver d;

	(void)state;
	init_single(&d);
	d.hold = true;
	assert_int_equal(raft_propose(d.raft, "abc", 3, &pos, NULL), 0);
	pump(&d);
	assert_int_equal(status(&d).commit_index, 2);
	assert_int_equal(raft_stored(d.raft, d.held + 1, NULL), -ERR_INVALID);
	assert_int_equal(status(&d).commit_index, 2);
	assert_int_equal(raft_stored(d.raft, d.held, NULL), 0);
	assert_int_equal(status(&d).commit_index, 3);
	assert_int_equal(raft_stored(d.raft, d.held, NULL), -ERR_INVALID);
	driver_fini(&d);
}

static void what_comes_during_a_store_is_the_next_one(void **state)
{
	struct raft_actions a;
	struct raft_position pos;
	struct driver d;
	uint64_t first;

	(void)state;
	init_single(&d);
	raft_propose(d.raft, "a", 1, &pos, NULL);
	raft_take_actions(d.raft, &a, NULL);
	first = a.store.sequence;
	assert_int_equal(a.store.entry_count, 1);
	driver_store(&d, &a.store);
	raft_actions_release(&a);
	raft_propose(d.raft, "b", 1, &pos, NULL);
	raft_propose(d.raft, "c", 1, &pos, NULL);
	raft_take_actions(d.raft, &a, NULL);
	assert_true(raft_actions_empty(&a));
	raft_actions_release(&a);
	assert_int_equal(raft_stored(d.raft, first, NULL), 0);
	raft_take_actions(d.raft, &a, NULL);
	assert_int_equal(a.store.entry_count, 2);
	assert_int_equal(a.store.entries[0]->index, 4);
	assert_false(a.store.hard_state);
	raft_actions_release(&a);
	driver_fini(&d);
}

static void a_failed_store_is_handed_out_again_after_a_tick(void **state)
{
	struct raft_actions a;
	struct raft_position pos;
	struct driver d;

	(void)state;
	init_single(&d);
	raft_propose(d.raft, "a", 1, &pos, NULL);
	raft_take_actions(d.raft, &a, NULL);
	raft_actions_release(&a);
	assert_int_equal(raft_store_failed(d.raft, NULL), 0);
	assert_int_equal(status(&d).role, RAFT_FOLLOWER);
	assert_true(status(&d).store_failing);
	assert_int_equal(raft_store_failed(d.raft, NULL), -ERR_INVALID);
	raft_take_actions(d.raft, &a, NULL);
	assert_int_equal(a.store.sequence, 0);
	raft_actions_release(&a);
	raft_tick(d.raft, NULL);
	raft_take_actions(d.raft, &a, NULL);
	assert_int_equal(a.store.entry_count, 1);
	assert_int_equal(a.store.truncate_from, 3);	/* it may be there after all */
	driver_store(&d, &a.store);
	assert_int_equal(raft_stored(d.raft, a.store.sequence, NULL), 0);
	raft_actions_release(&a);
	assert_false(status(&d).store_failing);
	driver_fini(&d);
}

static void batches_outlive_the_core(void **state)
{
	struct raft_actions a;
	struct raft_position pos;
	struct driver d;

	(void)state;
	init_single(&d);
	raft_propose(d.raft, "abc", 3, &pos, NULL);
	raft_take_actions(d.raft, &a, NULL);
	driver_fini(&d);
	assert_memory_equal(a.store.entries[0]->data, "abc", 3);
	raft_actions_release(&a);
	raft_actions_release(&a);
}

static void who_does_not_lead_names_the_leader(void **state)
{
	struct raft_position pos = { 77, 77 };
	struct raft_change change = { .kind = RAFT_REMOVE, .id = 2 };
	struct error err;
	struct driver d;

	(void)state;
	init_voter(&d, 1, 1);
	assert_int_equal(raft_propose(d.raft, "a", 1, &pos, &err), -ERR_PRECONDITION);
	assert_non_null(strstr(err.text, "none is known"));
	step(&d, (struct raft_message){ .type = RAFT_HEARTBEAT, .term = 2 });
	assert_int_equal(raft_propose(d.raft, "a", 1, &pos, &err), -ERR_PRECONDITION);
	assert_non_null(strstr(err.text, "n2 (server 2)"));
	assert_int_equal(raft_read_index(d.raft, 1, &err), -ERR_PRECONDITION);
	assert_int_equal(raft_transfer(d.raft, 0, &err), -ERR_PRECONDITION);
	assert_int_equal(raft_change_membership(d.raft, &change, &pos, &err), -ERR_PRECONDITION);
	assert_int_equal(pos.index, 77);
	driver_fini(&d);
}

static void proposals_are_bounded_until_they_are_committed(void **state)
{
	static const uint8_t big[RAFT_ENTRY_BYTES_MAX + 1];
	struct raft_position pos;
	struct driver d;

	(void)state;
	init_single(&d);
	d.hold = true;
	assert_int_equal(raft_propose(d.raft, big, 600, &pos, NULL), 0);
	assert_int_equal(raft_propose(d.raft, big, 600, &pos, NULL), -ERR_EXHAUSTED);
	assert_int_equal(raft_propose(d.raft, big, 400, &pos, NULL), 0);
	assert_int_equal(raft_propose(d.raft, big, 1, &pos, NULL), -ERR_EXHAUSTED);
	assert_int_equal(raft_propose(d.raft, big, sizeof(big), &pos, NULL), -ERR_INVALID);
	d.hold = false;
	pump(&d);
	assert_int_equal(raft_stored(d.raft, d.held, NULL), -ERR_INVALID);
	assert_int_equal(status(&d).commit_index, 4);
	assert_int_equal(raft_propose(d.raft, big, 1000, &pos, NULL), 0);
	driver_fini(&d);
}

static void a_promise_of_an_older_term_is_not_given(void **state)
{
	struct raft_actions a;
	struct error err;
	struct driver d;

	(void)state;
	init_voter(&d, 1, 1);
	d.hold = true;
	assert_int_equal(append(&d, 1, 1, 2, 0), 0);
	step(&d,
	     (struct raft_message){ .type = RAFT_VOTE, .from = THIRD, .term = 3, .transfer = true,
					.log_index = 9, .log_term = 2 });
	assert_int_equal(raft_store_failed(d.raft, &err), 0);
	raft_take_actions(d.raft, &a, &err);
	assert_true(raft_actions_empty(&a));
	raft_tick(d.raft, &err);
	pump(&d);
	assert_null(driver_last_sent(&d, RAFT_VOTE_REPLY));
	assert_int_equal(raft_stored(d.raft, d.held, &err), 0);
	pump(&d);
	assert_null(driver_last_sent(&d, RAFT_APPEND_REPLY));
	assert_int_equal(driver_last_sent(&d, RAFT_VOTE_REPLY)->term, 3);
	driver_fini(&d);
}

static void a_follower_commits_no_further_than_it_agrees(void **state)
{
	struct driver d;

	(void)state;
	init_voter(&d, 6, 2);	/* 2 … 6 are of a leader that has lost */
	step(&d, (struct raft_message){ .type = RAFT_APPEND, .term = 4, .log_index = 1,
					.log_term = 1, .commit_index = 5 });
	assert_int_equal(status(&d).commit_index, 1);
	assert_int_equal(status(&d).last_index, 6);
	assert_int_equal(driver_last_sent(&d, RAFT_APPEND_REPLY)->log_index, 1);
	append(&d, 1, 1, 4, 5);
	assert_int_equal(status(&d).commit_index, 2);
	assert_int_equal(status(&d).last_index, 2);
	assert_int_equal(d.last, 2);
	driver_fini(&d);
}

static void a_refusal_skips_whole_terms(void **state)
{
	const struct raft_message *reply;
	struct driver d;

	(void)state;
	init_voter(&d, 20, 5);
	step(&d, (struct raft_message){ .type = RAFT_APPEND, .term = 6, .log_index = 30,
				       .log_term = 4 });
	reply = driver_last_sent(&d, RAFT_APPEND_REPLY);
	assert_true(reply->reject);
	assert_int_equal(reply->log_index, 30);
	assert_int_equal(reply->hint_index, 1);
	assert_int_equal(reply->hint_term, 1);
	driver_fini(&d);
}

static void a_committed_entry_that_differs_stops_the_core(void **state)
{
	struct raft_position pos;
	struct driver d;

	(void)state;
	init_voter(&d, 1, 1);
	assert_int_equal(append(&d, 1, 1, 2, 2), 0);
	assert_int_equal(status(&d).commit_index, 2);
	assert_int_equal(append(&d, 1, 1, 3, 2), -ERR_CORRUPT);
	assert_non_null(raft_failure(d.raft));
	assert_int_equal(raft_tick(d.raft, NULL), -ERR_CORRUPT);
	assert_int_equal(raft_propose(d.raft, "a", 1, &pos, NULL), -ERR_CORRUPT);
	driver_fini(&d);
}

static void a_failing_log_reader_stops_the_core(void **state)
{
	struct error err;
	struct driver d;

	(void)state;
	init_voter(&d, 6, 2);
	driver_truncate(&d, 2);
	assert_int_equal(append(&d, 4, 2, 3, 0), -ERR_NOT_FOUND);
	assert_non_null(raft_failure(d.raft));
	assert_int_equal(driver_pump(&d, &err), -ERR_NOT_FOUND);
	assert_non_null(strstr(err.text, "no entry 4 on disk"));
	driver_fini(&d);
}

static void refused(struct driver *d, struct raft_message m)
{
	struct raft_status before = status(d), after;
	struct error err = { 0 };

	m.from = m.from ? m.from : OTHER;
	m.to = m.to ? m.to : SELF;
	m.term = m.term ? m.term : 9;
	assert_int_equal(raft_step(d->raft, &m, &err), -ERR_INVALID);
	assert_true(err.text[0]);
	after = status(d);
	assert_memory_equal(&before, &after, sizeof(before));
}

static void malformed_messages_change_nothing(void **state)
{
	struct raft_message m = { .type = RAFT_HEARTBEAT, .from = OTHER, .to = SELF };
	struct driver d;

	(void)state;
	init_voter(&d, 3, 1);
	assert_int_equal(raft_step(d.raft, &m, NULL), -ERR_INVALID);	/* term 0 */
	refused(&d, (struct raft_message){ .type = RAFT_MESSAGE_NONE });
	refused(&d, (struct raft_message){ .type = RAFT_MESSAGE_TYPES });
	refused(&d, (struct raft_message){ .type = -1 });
	refused(&d, (struct raft_message){ .type = RAFT_HEARTBEAT, .to = THIRD });
	refused(&d, (struct raft_message){ .type = RAFT_HEARTBEAT, .from = SELF });
	driver_fini(&d);
}

static void malformed_entries_change_nothing(void **state)
{
	static const struct {
		uint64_t index, term;
		int kind;
		enum raft_message_type type;
	} bad[] = {
		{ 5, 9, 0, RAFT_APPEND },	/* a gap */
		{ 3, 9, 0, RAFT_APPEND },	/* a repetition */
		{ 4, 0, 0, RAFT_APPEND },	/* no term */
		{ 4, 10, 0, RAFT_APPEND },	/* a term of the future */
		{ 4, 1, 0, RAFT_APPEND },	/* a term before that of the entry before */
		{ 4, 9, 3, RAFT_APPEND },	/* an unknown kind */
		{ 4, 9, 2, RAFT_APPEND },	/* a configuration that is none */
		{ 4, 9, 0, RAFT_HEARTBEAT },	/* entries where none belong */
	};
	struct driver d;

	(void)state;
	init_voter(&d, 3, 2);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct raft_entry *e = raft_entry_new(bad[i].index, bad[i].term, bad[i].kind, "z",
						      1);

		refused(&d, (struct raft_message){ .type = bad[i].type, .log_index = 3,
						  .log_term = 2,
						   .entries = &e, .entry_count = 1 });
		assert_int_equal(e->refs, 1);
		raft_entry_unref(e);
	}
	driver_fini(&d);
}

static int start_with(struct raft_start start, unsigned int heartbeat_ticks)
{
	struct driver d = { 0 };
	struct raft_log_reader reader = driver_reader(&d);
	struct raft_config config;
	struct raft *r = NULL;
	int rc;

	raft_config_defaults(&config, SELF, 0);
	config.heartbeat_ticks = heartbeat_ticks;
	rc = raft_new(&config, &start, &reader, &r, NULL);
	raft_free(r);
	return rc;
}

static void a_disk_that_contradicts_itself_is_refused(void **state)
{
	const struct raft_start good = {
		.term = 5, .first_index = 1, .last_index = 9, .last_term = 5, .applied = 9,
		.current.index = 9,
	};
	struct raft_start s;

	(void)state;
	assert_int_equal(start_with(good, 2), 0);
	assert_int_equal(start_with(good, 0), -ERR_INVALID);
	assert_int_equal(start_with(good, 10), -ERR_INVALID);
	s = good, s.first_index = 0;
	assert_int_equal(start_with(s, 2), -ERR_CORRUPT);
	s = good, s.first_index = 11;
	assert_int_equal(start_with(s, 2), -ERR_CORRUPT);
	s = good, s.applied = 10;
	assert_int_equal(start_with(s, 2), -ERR_CORRUPT);
	s = good, s.first_index = 5, s.applied = 3;
	assert_int_equal(start_with(s, 2), -ERR_CORRUPT);
	s = good, s.last_term = 6;
	assert_int_equal(start_with(s, 2), -ERR_CORRUPT);
	s = good, s.current.index = 10;
	assert_int_equal(start_with(s, 2), -ERR_CORRUPT);
	s = good, s.previous.index = 10;
	assert_int_equal(start_with(s, 2), -ERR_CORRUPT);
}

static void a_vote_in_this_term_survives_a_restart(void **state)
{
	struct raft_start start = { .term = 4, .vote = THIRD, .first_index = 1 };
	struct driver d = { 0 };
	struct raft_log_reader reader = driver_reader(&d);
	struct raft_config config;

	(void)state;
	raft_config_defaults(&config, SELF, 0);
	assert_int_equal(raft_new(&config, &start, &reader, &d.raft, NULL), 0);
	step(&d, (struct raft_message){ .type = RAFT_VOTE, .term = 4, .log_index = 5,
				       .log_term = 3 });
	assert_true(driver_last_sent(&d, RAFT_VOTE_REPLY)->reject);
	step(&d, (struct raft_message){ .type = RAFT_VOTE, .from = THIRD, .term = 4, .log_index = 5,
					.log_term = 3 });
	assert_false(driver_last_sent(&d, RAFT_VOTE_REPLY)->reject);
	driver_fini(&d);
}

static void a_peer_below_the_logs_start_is_told_of(void **state)
{
	struct raft_start start = { .term = 3, .first_index = 5, .base_term = 2, .last_index = 4,
				    .last_term = 2, .applied = 4, .current.index = 1 };
	struct raft_peer_status peers[RAFT_SERVERS_MAX];
	struct driver d = { 0 };
	struct raft_log_reader reader = driver_reader(&d);
	struct raft_config config;

	(void)state;
	for (uint64_t id = 1; id <= 2; id++)
		raft_configuration_add(&start.current.configuration, id, RAFT_VOTER,
				       id == 1 ? "a" : "b", NULL);
	raft_config_defaults(&config, SELF, 0);
	assert_int_equal(raft_new(&config, &start, &reader, &d.raft, NULL), 0);
	d.last = 4;	/* compacted: nothing of it can be read */
	become_leader(&d);
	step(&d, (struct raft_message){ .type = RAFT_APPEND_REPLY, .term = 4, .reject = true,
					.log_index = 4, .hint_index = 1, .hint_term = 1 });
	assert_int_equal(raft_peers(d.raft, peers, RAFT_SERVERS_MAX), 1);
	assert_int_equal(peers[0].state, RAFT_PEER_BEHIND);
	step(&d, (struct raft_message){ .type = RAFT_HEARTBEAT_REPLY, .term = 4, .log_index = 4 });
	raft_peers(d.raft, peers, RAFT_SERVERS_MAX);
	assert_int_equal(peers[0].state, RAFT_PEER_PROBE);
	step(&d, (struct raft_message){ .type = RAFT_APPEND_REPLY, .term = 4, .log_index = 5 });
	assert_int_equal(status(&d).commit_index, 5);
	d.last = 0;
	raft_entry_unref(d.log[5]);
	driver_fini(&d);
}

static void reads_of_one_are_answered_when_applied(void **state)
{
	struct driver d;

	(void)state;
	init_single(&d);
	assert_int_equal(raft_read_index(d.raft, 42, NULL), 0);
	pump(&d);
	assert_int_equal(d.read.id, 42);
	assert_true(d.read.ok);
	driver_fini(&d);
}

static void waiting_reads_are_bounded(void **state)
{
	struct driver d;

	(void)state;
	init_voter(&d, 1, 1);
	become_leader(&d);
	for (uint64_t id = 0; id < RAFT_READS_MAX; id++)
		assert_int_equal(raft_read_index(d.raft, id, NULL), 0);
	assert_int_equal(raft_read_index(d.raft, 1, NULL), -ERR_EXHAUSTED);
	step(&d, (struct raft_message){ .type = RAFT_HEARTBEAT, .term = 9 });
	assert_int_equal(d.read.id, RAFT_READS_MAX - 1);
	assert_false(d.read.ok);
	driver_fini(&d);
}

static void membership_errors_name_their_cause(void **state)
{
	struct raft_change add = { .kind = RAFT_ADD_LEARNER, .id = 2, .name = "n2" };
	struct raft_change change = { .kind = RAFT_REMOVE, .id = SELF };
	struct raft_position pos;
	struct driver d;

	(void)state;
	init_single(&d);
	assert_int_equal(raft_change_membership(d.raft, &change, &pos, NULL), -ERR_PRECONDITION);
	change.id = 9;
	assert_int_equal(raft_change_membership(d.raft, &change, &pos, NULL), -ERR_NOT_FOUND);
	change.kind = RAFT_PROMOTE;
	assert_int_equal(raft_change_membership(d.raft, &change, &pos, NULL), -ERR_NOT_FOUND);
	change.id = SELF;
	assert_int_equal(raft_change_membership(d.raft, &change, &pos, NULL), -ERR_EXISTS);
	assert_int_equal(raft_change_membership(d.raft, &add, &pos, NULL), 0);
	add.id = 3;
	assert_int_equal(raft_change_membership(d.raft, &add, &pos, NULL), -ERR_UNAVAILABLE);
	pump(&d);
	/* The name is taken. */
	assert_int_equal(raft_change_membership(d.raft, &add, &pos, NULL), -ERR_EXISTS);
	change.id = 2;
	d.sent_count = 0;
	tick(&d, 10);
	assert_int_equal(raft_change_membership(d.raft, &change, &pos, NULL), -ERR_UNAVAILABLE);
	assert_int_equal(raft_configuration(d.raft)->count, 2);
	driver_fini(&d);
}

/* In so short a log nobody lags: that alone does not make a voter. */
static void a_learner_that_has_stored_nothing_is_not_promoted(void **state)
{
	struct raft_change change = { .kind = RAFT_ADD_LEARNER, .id = 2, .name = "n2" };
	struct raft_position pos;
	struct driver d;

	init_single(&d);
	assert_int_equal(raft_change_membership(d.raft, &change, &pos, NULL), 0);
	pump(&d);
	change.kind = RAFT_PROMOTE;
	assert_int_equal(raft_change_membership(d.raft, &change, &pos, NULL), -ERR_UNAVAILABLE);
	step(&d,
	     (struct raft_message){ .type = RAFT_APPEND_REPLY, .from = 2, .term = status(&d).term,
					.log_index = d.last });
	assert_int_equal(raft_change_membership(d.raft, &change, &pos, NULL), 0);
	driver_fini(&d);
}

static void only_what_is_applied_can_be_compacted(void **state)
{
	struct raft_position pos;
	struct raft_status st;
	struct driver d;

	init_single(&d);
	d.hold = true;
	assert_int_equal(raft_propose(d.raft, "x", 1, &pos, NULL), 0);
	pump(&d);
	assert_int_equal(raft_compact(d.raft, pos.index, NULL), -ERR_INVALID);
	assert_int_equal(raft_compact(d.raft, d.applied, NULL), 0);
	assert_int_equal(raft_compact(d.raft, 1, NULL), 0);	/* long gone: nothing to do */
	raft_status(d.raft, &st);
	assert_int_equal(st.first_index, d.applied + 1);
	assert_int_equal(st.last_index, pos.index);
	driver_fini(&d);
}

/* A leader's heartbeat says what it has dropped; it is ours already, or we lack it. */
static void who_lacks_what_the_leader_dropped_is_behind(void **state)
{
	struct raft_message beat = { .type = RAFT_HEARTBEAT, .term = 5, .log_index = 3,
				     .log_term = 1 };
	struct raft_status st;
	struct driver d;

	init_voter(&d, 3, 1);
	step(&d, beat);
	raft_status(d.raft, &st);
	assert_false(st.behind);
	assert_int_equal(driver_last_sent(&d, RAFT_HEARTBEAT_REPLY)->log_index, 3);
	beat.log_term = 2;
	step(&d, beat);
	raft_status(d.raft, &st);
	assert_true(st.behind);
	assert_int_equal(driver_last_sent(&d, RAFT_HEARTBEAT_REPLY)->log_index, 0);
	beat.log_term = 1;
	beat.log_index = 4;
	step(&d, beat);
	raft_status(d.raft, &st);
	assert_true(st.behind);
	driver_fini(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cluster_of_one_commits_alone),
		cmocka_unit_test(only_a_new_server_bootstraps),
		cmocka_unit_test(nothing_counts_before_it_is_stored),
		cmocka_unit_test(what_comes_during_a_store_is_the_next_one),
		cmocka_unit_test(a_failed_store_is_handed_out_again_after_a_tick),
		cmocka_unit_test(batches_outlive_the_core),
		cmocka_unit_test(who_does_not_lead_names_the_leader),
		cmocka_unit_test(proposals_are_bounded_until_they_are_committed),
		cmocka_unit_test(a_promise_of_an_older_term_is_not_given),
		cmocka_unit_test(a_follower_commits_no_further_than_it_agrees),
		cmocka_unit_test(a_refusal_skips_whole_terms),
		cmocka_unit_test(a_committed_entry_that_differs_stops_the_core),
		cmocka_unit_test(a_failing_log_reader_stops_the_core),
		cmocka_unit_test(malformed_messages_change_nothing),
		cmocka_unit_test(malformed_entries_change_nothing),
		cmocka_unit_test(a_disk_that_contradicts_itself_is_refused),
		cmocka_unit_test(a_vote_in_this_term_survives_a_restart),
		cmocka_unit_test(a_peer_below_the_logs_start_is_told_of),
		cmocka_unit_test(reads_of_one_are_answered_when_applied),
		cmocka_unit_test(waiting_reads_are_bounded),
		cmocka_unit_test(membership_errors_name_their_cause),
		cmocka_unit_test(a_learner_that_has_stored_nothing_is_not_promoted),
		cmocka_unit_test(only_what_is_applied_can_be_compacted),
		cmocka_unit_test(who_lacks_what_the_leader_dropped_is_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
