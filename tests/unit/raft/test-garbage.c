// SPDX-License-Identifier: Apache-2.0
/*
 * Well-formed nonsense from a member gone mad: it may stop the core, with an error, but never
 * crash it, make it read what is not stored, or move it backwards.
 */
#include "../cmocka.h"

#include "driver.h"

enum { RUNS = 4000, MESSAGES = 300, ENTRIES_MAX = 3 };

static uint64_t draw(uint64_t *state, uint64_t below)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (z ^ (z >> 31)) % below;
}

/* Mostly near @about, where it hurts; now and then anything. */
static uint64_t draw_near(uint64_t *state, uint64_t about)
{
	uint64_t value = about + draw(state, 5);

	if (draw(state, 50) == 0)
		return draw(state, 2) ? UINT64_MAX - draw(state, 3) : draw(state, 1000);
	return value < 2 ? 0 : value - 2;
}

static enum raft_message_type draw_type(uint64_t *state, bool only_replies)
{
	static const enum raft_message_type replies[] = {
		RAFT_PRE_VOTE_REPLY, RAFT_VOTE_REPLY, RAFT_APPEND_REPLY, RAFT_HEARTBEAT_REPLY,
	};

	return only_replies ? replies[draw(state, 4)] : 1 + draw(state, RAFT_MESSAGE_TYPES - 1);
}

static struct raft_message draw_message(uint64_t *state, const struct raft_status *st,
					bool only_replies)
{
	enum raft_message_type type = draw_type(state, only_replies);
	bool reject = draw(state, 3) == 0;
	bool ahead = draw(state, only_replies ? 100 : 4) == 0;

	return (struct raft_message){
		.type = type,
		.from = 2 + draw(state, 3),
		.to = 1,
		.term = st->term + (type == RAFT_PRE_VOTE_REPLY ? !reject : ahead),
		.log_index = draw_near(state, st->last_index),
		.log_term = draw_near(state, st->term),
		.commit_index = draw_near(state, st->commit_index),
		.round = draw_near(state, 2),
		.reject = reject,
		.transfer = draw(state, 8) == 0,
		.hint_index = draw_near(state, st->last_index),
		.hint_term = draw_near(state, st->term),
	};
}

static void add_entries(uint64_t *state, struct raft_message *m, struct raft_entry *entries[])
{
	uint64_t term = m->log_term;

	m->entries = entries;
	m->entry_count = m->type == RAFT_APPEND ? draw(state, ENTRIES_MAX + 1) : 0;
	for (size_t i = 0; i < m->entry_count; i++) {
		term += term < m->term && draw(state, 3) == 0;
		entries[i] = raft_entry_new(m->log_index + 1 + i, term, RAFT_ENTRY_DATA, "gggg", 4);
	}
}

/* False when the core has stopped. */
static bool feed(uint64_t *state, struct driver *d, bool only_replies)
{
	struct raft_entry *entries[ENTRIES_MAX];
	struct raft_status before, after;
	struct raft_position pos;
	struct raft_message m;
	struct error err;

	raft_status(d->raft, &before);
	m = draw_message(state, &before, only_replies);
	add_entries(state, &m, entries);
	raft_step(d->raft, &m, &err);
	for (size_t i = 0; i < m.entry_count; i++)
		raft_entry_unref(entries[i]);
	if (draw(state, 4) == 0)
		raft_tick(d->raft, &err);
	if (draw(state, 8) == 0)
		raft_propose(d->raft, "wwww", 4, &pos, &err);
	d->sent_count = 0;
	driver_pump(d, &err);
	raft_status(d->raft, &after);
	assert_true(after.term >= before.term);
	assert_true(after.commit_index >= before.commit_index);
	assert_true(after.commit_index <= after.last_index);
	assert_true(after.applied_index <= after.stored_index);
	return !raft_failure(d->raft);
}

static void start(struct driver *d, uint64_t seed)
{
	struct raft_start s = { .term = 1, .first_index = 1, .last_index = 1, .last_term = 1,
				.current = { .index = 1 } };
	struct raft_log_reader reader = driver_reader(d);
	struct buf data = BUF_INIT(RAFT_CONFIGURATION_BYTES_MAX);
	struct raft_config config;

	memset(d, 0, sizeof(*d));
	for (uint64_t id = 1; id <= 3; id++)
		raft_configuration_add(&s.current.configuration, id, RAFT_VOTER,
				       (const char[]){ 'n', (char)('0' + id), 0 }, NULL);
	raft_configuration_encode(&s.current.configuration, &data, NULL);
	d->log[++d->last] = raft_entry_new(1, 1, RAFT_ENTRY_CONFIGURATION, data.data, data.len);
	buf_fini(&data);
	raft_config_defaults(&config, 1, seed);
	config.tail_bytes_max = 100;
	assert_int_equal(raft_new(&config, &s, &reader, &d->raft, NULL), 0);
}

/* Returns the highest commit index that was reached. */
static uint64_t run(uint64_t seed, bool only_replies, unsigned int *stopped)
{
	uint64_t rng = seed;
	struct raft_status st;
	struct driver d;
	bool goes_on = true;

	start(&d, seed);
	for (int i = 0; goes_on && i < MESSAGES && d.last < DRIVER_LOG_MAX - ENTRIES_MAX; i++)
		goes_on = feed(&rng, &d, only_replies);
	raft_status(d.raft, &st);
	*stopped += !goes_on;
	driver_fini(&d);
	return st.commit_index;
}

static void a_mad_leader_never_crashes_the_core(void **state)
{
	unsigned int stopped = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= RUNS; seed++)
		run(seed, false, &stopped);
	assert_true(stopped > 0);	/* it asked to overwrite what is committed */
}

static void mad_followers_neither_crash_nor_stop_the_core(void **state)
{
	unsigned int stopped = 0;
	uint64_t committed = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= RUNS; seed++)
		committed += run(seed, true, &stopped);
	assert_int_equal(stopped, 0);
	assert_true(committed > 5 * RUNS);	/* some of the nonsense is fine */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mad_leader_never_crashes_the_core),
		cmocka_unit_test(mad_followers_neither_crash_nor_stop_the_core),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
