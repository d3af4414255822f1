// SPDX-License-Identifier: Apache-2.0
/* The window of what a leader has sent and not heard of. */
#include "../cmocka.h"

#include "raft/progress.h"

static struct raft_config config_of(unsigned int messages, size_t bytes)
{
	struct raft_config c;

	raft_config_defaults(&c, 1, 0);
	c.inflight_messages_max = messages;
	c.inflight_bytes_max = bytes;
	return c;
}

static void a_probe_waits_for_its_answer(void **state)
{
	struct raft_config c = config_of(4, 1000);
	struct raft_progress p;

	(void)state;
	raft_progress_init(&p, 2, 10);
	assert_int_equal(p.next, 11);
	assert_true(raft_progress_may_send(&p, &c));
	raft_progress_sent(&p, 3, 30);
	assert_false(raft_progress_may_send(&p, &c));
	assert_int_equal(p.next, 11);
	raft_progress_probe(&p, 6);
	assert_true(raft_progress_may_send(&p, &c));
}

static void the_window_shuts_by_messages_and_opens_by_answers(void **state)
{
	struct raft_config c = config_of(2, 1000);
	struct raft_progress p;

	(void)state;
	raft_progress_init(&p, 2, 10);
	p.match = 10;
	raft_progress_replicate(&p);
	raft_progress_sent(&p, 1, 1);
	assert_true(raft_progress_may_send(&p, &c));
	raft_progress_sent(&p, 2, 1);
	assert_false(raft_progress_may_send(&p, &c));
	assert_int_equal(p.next, 14);
	raft_progress_landed(&p, 10);
	assert_false(raft_progress_may_send(&p, &c));
	raft_progress_landed(&p, 12);
	assert_int_equal(p.flight_count, 1);
	assert_true(raft_progress_may_send(&p, &c));
	raft_progress_landed(&p, 13);
	assert_int_equal(p.flight_count, 0);
	assert_int_equal(p.flight_bytes, 0);
}

static void the_window_shuts_by_bytes(void **state)
{
	struct raft_config c = config_of(RAFT_INFLIGHT_MAX, 100);
	struct raft_progress p;

	(void)state;
	raft_progress_init(&p, 2, 0);
	raft_progress_replicate(&p);
	raft_progress_sent(&p, 1, 99);
	assert_true(raft_progress_may_send(&p, &c));
	raft_progress_sent(&p, 1, 5000);
	assert_false(raft_progress_may_send(&p, &c));
	raft_progress_landed(&p, 2);
	assert_true(raft_progress_may_send(&p, &c));
}

static void one_answer_covers_all_before_it(void **state)
{
	struct raft_progress p;

	(void)state;
	raft_progress_init(&p, 2, 0);
	raft_progress_replicate(&p);
	for (int round = 0; round < 5; round++) {
		uint64_t last = p.next - 1;

		for (int i = 0; i < RAFT_INFLIGHT_MAX; i++)
			raft_progress_sent(&p, 1, 7);
		raft_progress_landed(&p, last + RAFT_INFLIGHT_MAX - 3);
		assert_int_equal(p.flight_count, 3);
		assert_int_equal(p.flight_bytes, 21);
		raft_progress_landed(&p, last + RAFT_INFLIGHT_MAX);
	}
}

static void what_may_be_lost_is_forgiven_one_by_one(void **state)
{
	struct raft_config c = config_of(2, 1000);
	struct raft_progress p;

	(void)state;
	raft_progress_init(&p, 2, 0);
	raft_progress_replicate(&p);
	raft_progress_forgive(&p);
	raft_progress_sent(&p, 1, 10);
	raft_progress_sent(&p, 1, 20);
	raft_progress_forgive(&p);
	assert_true(raft_progress_may_send(&p, &c));
	assert_int_equal(p.flight_bytes, 20);
}

static void who_is_behind_is_sent_nothing(void **state)
{
	struct raft_config c = config_of(2, 1000);
	struct raft_progress p;

	(void)state;
	raft_progress_init(&p, 2, 0);
	p.state = RAFT_PEER_BEHIND;
	assert_false(raft_progress_may_send(&p, &c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_probe_waits_for_its_answer),
		cmocka_unit_test(the_window_shuts_by_messages_and_opens_by_answers),
		cmocka_unit_test(the_window_shuts_by_bytes),
		cmocka_unit_test(one_answer_covers_all_before_it),
		cmocka_unit_test(what_may_be_lost_is_forgiven_one_by_one),
		cmocka_unit_test(who_is_behind_is_sent_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
