// SPDX-License-Identifier: Apache-2.0
/* A loop that is held up for a known time, and one that only waits. */
#include "../cmocka.h"

#include <stdlib.h>
#include <time.h>

#include "daemon/turns.h"

enum { MS = 1000000, STALL_MS = 60, WAIT_MS = 300 };

struct fixture {
	uv_loop_t loop;
	uv_timer_t timer;
	struct turns turns;
	uint64_t held_up;	/* ns, as found in the callback */
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	uv_loop_init(&f->loop);
	turns_start(&f->turns, &f->loop);
	uv_timer_init(&f->loop, &f->timer);
	f->timer.data = f;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	turns_stop(&f->turns);
	uv_close((uv_handle_t *)&f->timer, NULL);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	free(f);
	return 0;
}

static void stall(uv_timer_t *timer)
{
	const struct timespec time = { .tv_nsec = STALL_MS * MS };
	struct fixture *f = timer->data;
	uint64_t began = uv_hrtime();

	nanosleep(&time, NULL);
	f->held_up = uv_hrtime() - began;
}

static void do_nothing(uv_timer_t *timer)
{
	(void)timer;
}

static void run_in(struct fixture *f, uv_timer_cb fn, uint64_t ms)
{
	uv_update_time(&f->loop);
	uv_timer_start(&f->timer, fn, ms, 0);
	uv_run(&f->loop, UV_RUN_DEFAULT);
}

/* Before the first turn has ended none is timed; the last timer has that of the one before end. */
static void run(struct fixture *f, uv_timer_cb fn)
{
	run_in(f, do_nothing, 1);
	run_in(f, fn, 1);
	run_in(f, do_nothing, WAIT_MS);
}

static void a_stall_is_the_longest_turn_with_its_length(void **state)
{
	struct fixture *f = *state;
	uint64_t began = uv_hrtime();

	run(f, stall);
	assert_true(f->held_up >= STALL_MS * MS);
	assert_true(f->turns.durations.longest >= f->held_up);
	/* Not what it has waited besides, which is no turn of any. */
	assert_true(f->turns.durations.sum <= uv_hrtime() - began - WAIT_MS / 2 * MS);
}

static void waiting_is_no_turn(void **state)
{
	struct fixture *f = *state;
	uint64_t began = uv_hrtime();

	run(f, do_nothing);
	run_in(f, do_nothing, WAIT_MS);
	assert_true(f->turns.durations.count >= 2);
	assert_true(f->turns.durations.sum <= uv_hrtime() - began - WAIT_MS * MS);
	assert_true(f->turns.durations.longest <= f->turns.durations.sum);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_stall_is_the_longest_turn_with_its_length, set_up, tear_down),
		cmocka_unit_test_setup_teardown(waiting_is_no_turn, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
