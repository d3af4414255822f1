// SPDX-License-Identifier: Apache-2.0
/* Followers that only count how often they were served. */
#include "../cmocka.h"

#include "daemon/rounds.h"

enum { FOLLOWERS_MAX = 200, TICK_MS = 5, DEADLINE_MS = 30 * 1000 };

struct crowd {
	uv_loop_t loop;
	uv_timer_t tick;	/* ends each turn of the loop, and the test when it is too late */
	uint64_t deadline;
	struct rounds rounds;
	unsigned int count, next;
	unsigned int begun;
	unsigned int served[FOLLOWERS_MAX];
	/* in one call from outside, at most */
	unsigned int turn, longest_turn;
	unsigned int busy_until;	/* while fewer rounds were begun there is always more */
};

static bool begin(void *data)
{
	struct crowd *c = data;

	c->begun++;
	c->next = 0;
	return c->count;
}

static bool serve(void *data)
{
	struct crowd *c = data;

	if (++c->turn > c->longest_turn)
		c->longest_turn = c->turn;
	if (c->next == c->count)
		return false;
	c->served[c->next++]++;
	if (c->begun < c->busy_until)
		rounds_want(&c->rounds, c->count);
	return c->next < c->count;
}

static void on_tick(uv_timer_t *timer)
{
	const struct crowd *c = timer->data;

	if (uv_now(timer->loop) > c->deadline)
		fail_msg("what was waited for has not happened");
}

static void gather(struct crowd *c, unsigned int count)
{
	static const struct rounds_ops ops = { .begin = begin, .serve = serve };

	*c = (struct crowd){ .count = count };
	uv_loop_init(&c->loop);
	uv_timer_init(&c->loop, &c->tick);
	c->tick.data = c;
	c->deadline = uv_now(&c->loop) + DEADLINE_MS;
	uv_timer_start(&c->tick, on_tick, TICK_MS, TICK_MS);
	rounds_init(&c->rounds, &c->loop, &ops, c);
	/* Long ago was the last one. */
	c->rounds.began = uv_now(&c->loop) - DEADLINE_MS;
}

static void disperse(struct crowd *c)
{
	rounds_stop(&c->rounds);
	uv_close((uv_handle_t *)&c->tick, NULL);
	uv_run(&c->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&c->loop), 0);
}

static void turn(struct crowd *c)
{
	c->turn = 0;
	uv_run(&c->loop, UV_RUN_ONCE);
}

/* Until the last follower was served @times times. */
static void run_until_served(struct crowd *c, unsigned int times)
{
	while (c->served[c->count - 1] < times)
		turn(c);
}

static void a_few_are_served_at_once_after_a_pause(void **state)
{
	struct crowd c;

	gather(&c, 3);
	rounds_want(&c.rounds, c.count);
	for (unsigned int i = 0; i < c.count; i++)
		assert_int_equal(c.served[i], 1);
	assert_false(uv_is_active((uv_handle_t *)&c.rounds.timer));
	disperse(&c);
}

static void many_are_served_a_few_in_each_turn_and_all_in_the_end(void **state)
{
	struct crowd c;

	gather(&c, 2 * ROUNDS_TURN + 1);
	rounds_want(&c.rounds, c.count);
	assert_int_equal(c.served[ROUNDS_TURN - 1], 1);
	assert_int_equal(c.served[ROUNDS_TURN], 0);
	run_until_served(&c, 1);
	for (unsigned int i = 0; i < c.count; i++)
		assert_int_equal(c.served[i], 1);
	assert_int_equal(c.begun, 1);
	assert_int_equal(c.longest_turn, ROUNDS_TURN);
	disperse(&c);
}

static void changes_that_follow_each_other_share_a_round(void **state)
{
	struct crowd c;
	uint64_t first;

	gather(&c, 50);
	rounds_want(&c.rounds, c.count);
	first = c.rounds.began;
	run_until_served(&c, 1);
	for (int i = 0; i < 100; i++)
		rounds_want(&c.rounds, c.count);
	run_until_served(&c, 2);
	assert_in_range(c.begun, 2, 3);	/* the second round may have taken longer than a pause */
	assert_true(c.rounds.began - first >= c.count * ROUNDS_PAUSE_US / 1000);
	disperse(&c);
}

static void what_changes_during_a_round_is_served_by_one_more(void **state)
{
	struct crowd c;

	gather(&c, 2 * ROUNDS_TURN);
	c.busy_until = 3;
	rounds_want(&c.rounds, c.count);
	run_until_served(&c, 3);
	for (unsigned int i = 0; i < c.count; i++)
		assert_int_equal(c.served[i], 3);
	assert_int_equal(c.begun, 3);
	assert_false(uv_is_active((uv_handle_t *)&c.rounds.timer));
	disperse(&c);
}

/* They all go while the rest of a round is still to come; then somebody follows again. */
static void a_round_ends_with_the_last_one_who_is_there(void **state)
{
	struct crowd c;

	gather(&c, 2 * ROUNDS_TURN);
	rounds_want(&c.rounds, c.count);
	c.count = c.next;
	while (uv_is_active((uv_handle_t *)&c.rounds.timer))
		turn(&c);
	assert_int_equal(c.served[ROUNDS_TURN], 0);
	c.count = 1;
	rounds_want(&c.rounds, c.count);
	run_until_served(&c, 2);
	disperse(&c);
}

static void for_nobody_there_is_no_round(void **state)
{
	struct rounds early = { 0 };
	struct crowd c;

	rounds_want(&early, 0);
	gather(&c, 0);
	rounds_want(&c.rounds, 0);
	assert_int_equal(c.begun, 0);
	assert_false(uv_is_active((uv_handle_t *)&c.rounds.timer));
	disperse(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_few_are_served_at_once_after_a_pause),
		cmocka_unit_test(many_are_served_a_few_in_each_turn_and_all_in_the_end),
		cmocka_unit_test(changes_that_follow_each_other_share_a_round),
		cmocka_unit_test(what_changes_during_a_round_is_served_by_one_more),
		cmocka_unit_test(a_round_ends_with_the_last_one_who_is_there),
		cmocka_unit_test(for_nobody_there_is_no_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
