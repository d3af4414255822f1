// SPDX-License-Identifier: Apache-2.0
/*
 * How completions reach the owner: watches of a channel's state complete on the pump's thread, and
 * the calls of a channel that leads nowhere at once, on the thread that starts them.
 */
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/slice.h>
#include <grpc/support/time.h>
#include <pthread.h>
#include <stdlib.h>

#include "../cmocka.h"
#include "rpc/event.h"
#include "rpc/pump.h"

enum { MANY = 200, TICK_MS = 5, DEADLINE_MS = 30 * 1000, LATER_MS = 200 };

struct scene {
	uv_loop_t loop;
	uv_timer_t tick;	/* ends each turn of the loop, and the test when it is too late */
	uint64_t deadline;
	struct rpc_pump *pump;
	grpc_channel *nowhere, *idle;
	pthread_t owner;
	unsigned int came, oks;
	unsigned int to_start;	/* calls that callbacks have still to start */
	unsigned int turns;	/* of the loop */
	bool starting;		/* inside rpc_pump_batch() */
	bool stopped;
};

/* Frees itself when it has come. */
struct item {
	struct rpc_event event;
	struct scene *scene;
	grpc_call *call;		/* NULL: a watch */
	grpc_status_code status;
	grpc_slice text;
	grpc_metadata_array trailing;
};

static void start_call(struct scene *s);

static void came(struct rpc_event *ev, bool ok)
{
	struct item *item = rpc_event_owner(ev, struct item, event);
	struct scene *s = item->scene;

	assert_true(pthread_equal(pthread_self(), s->owner));
	assert_false(s->starting);
	s->came++;
	s->oks += ok;
	if (item->call) {
		assert_int_not_equal(item->status, GRPC_STATUS_OK);
		grpc_slice_unref(item->text);
		grpc_metadata_array_destroy(&item->trailing);
		grpc_call_unref(item->call);
	}
	free(item);
	if (s->to_start) {
		s->to_start--;
		start_call(s);
	}
}

static struct item *new_item(struct scene *s)
{
	struct item *item = calloc(1, sizeof(*item));

	assert_non_null(item);
	item->scene = s;
	rpc_event_init(&item->event, came);
	return item;
}

/* Ends as a failure after @ms, and before that if the channel's state changes. */
static void start_watch(struct scene *s, unsigned int ms)
{
	struct item *item = new_item(s);
	gpr_timespec wait = gpr_time_from_millis(ms, GPR_TIMESPAN);

	rpc_event_arm(&item->event);
	grpc_channel_watch_connectivity_state(s->idle, GRPC_CHANNEL_IDLE,
					      gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), wait),
					      rpc_pump_queue(s->pump), &item->event);
}

static void start_call(struct scene *s)
{
	grpc_op op = { .op = GRPC_OP_RECV_STATUS_ON_CLIENT };
	struct item *item = new_item(s);

	grpc_metadata_array_init(&item->trailing);
	item->call = grpc_channel_create_call(s->nowhere, NULL, GRPC_PROPAGATE_DEFAULTS,
					      rpc_pump_queue(s->pump),
					      grpc_slice_from_static_string("/v1.Node/Join"), NULL,
					      gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
	op.data.recv_status_on_client.trailing_metadata = &item->trailing;
	op.data.recv_status_on_client.status = &item->status;
	op.data.recv_status_on_client.status_details = &item->text;
	s->starting = true;
	assert_true(rpc_pump_batch(s->pump, item->call, &op, 1, &item->event));
	s->starting = false;
}

static void on_tick(uv_timer_t *timer)
{
	const struct scene *s = timer->data;

	if (uv_now(timer->loop) > s->deadline)
		fail_msg("what was waited for has not happened");
}

static void turn(struct scene *s)
{
	uv_run(&s->loop, UV_RUN_ONCE);
	s->turns++;
}

static void open_scene(struct scene *s)
{
	grpc_channel_credentials *credentials;
	struct error err;

	*s = (struct scene){ .owner = pthread_self() };
	uv_loop_init(&s->loop);
	uv_timer_init(&s->loop, &s->tick);
	s->tick.data = s;
	s->deadline = uv_now(&s->loop) + DEADLINE_MS;
	uv_timer_start(&s->tick, on_tick, TICK_MS, TICK_MS);
	assert_int_equal(rpc_pump_new(&s->loop, &s->pump, &err), 0);
	s->nowhere = grpc_lame_client_channel_create("nowhere", GRPC_STATUS_UNAVAILABLE, "");
	credentials = grpc_insecure_credentials_create();
	s->idle = grpc_channel_create("ipv4:127.0.0.1:1", credentials, NULL);
	grpc_channel_credentials_release(credentials);
}

static void on_stopped(void *user)
{
	((struct scene *)user)->stopped = true;
}

static void close_scene(struct scene *s)
{
	grpc_channel_destroy(s->nowhere);
	grpc_channel_destroy(s->idle);
	rpc_pump_stop(s->pump, on_stopped, s);
	while (!s->stopped)
		turn(s);
	rpc_pump_free(s->pump);
	uv_close((uv_handle_t *)&s->tick, NULL);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&s->loop), 0);
}

static void what_completes_elsewhere_comes_on_the_owner_with_its_outcome(void **state)
{
	struct scene s;

	open_scene(&s);
	start_watch(&s, 0);
	while (s.came < 1)
		turn(&s);
	assert_int_equal(s.oks, 0);
	start_watch(&s, DEADLINE_MS);
	grpc_channel_check_connectivity_state(s.idle, true);	/* it is idle no longer */
	while (s.came < 2)
		turn(&s);
	assert_int_equal(s.oks, 1);
	close_scene(&s);
}

/* Each one's memory goes with its callback: what comes behind it must have been read before. */
static void many_at_once_come_each_of_them_once(void **state)
{
	struct scene s;

	open_scene(&s);
	for (int i = 0; i < MANY; i++)
		start_watch(&s, 0);
	while (s.came < MANY)
		turn(&s);
	assert_int_equal(s.oks, 0);
	close_scene(&s);
	assert_int_equal(s.came, MANY);
}

static void what_completes_while_it_is_started_comes_later_from_the_loop(void **state)
{
	struct scene s;

	open_scene(&s);
	start_call(&s);
	start_call(&s);
	assert_int_equal(s.came, 0);
	while (s.came < 2)
		turn(&s);
	close_scene(&s);
}

/* A callback's own start completes at once, too, and its callback starts the next. */
static void a_chain_of_completions_lets_others_have_their_turn(void **state)
{
	struct scene s;

	open_scene(&s);
	s.to_start = MANY;
	start_call(&s);
	while (s.came < MANY + 1)
		turn(&s);
	assert_true(s.turns >= MANY / 4);
	close_scene(&s);
}

static void both_ways_at_the_same_time_lose_nothing(void **state)
{
	struct scene s;

	open_scene(&s);
	for (int i = 0; i < MANY; i++) {
		start_watch(&s, (unsigned int)i % 3);
		start_call(&s);
	}
	s.to_start = MANY;
	while (s.came < 3 * MANY)
		turn(&s);
	assert_int_equal(s.came, 3 * MANY);
	close_scene(&s);
}

static void the_end_waits_for_what_is_under_way(void **state)
{
	struct scene s;

	open_scene(&s);
	start_watch(&s, LATER_MS);
	close_scene(&s);
	assert_int_equal(s.came, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_completes_elsewhere_comes_on_the_owner_with_its_outcome),
		cmocka_unit_test(many_at_once_come_each_of_them_once),
		cmocka_unit_test(what_completes_while_it_is_started_comes_later_from_the_loop),
		cmocka_unit_test(a_chain_of_completions_lets_others_have_their_turn),
		cmocka_unit_test(both_ways_at_the_same_time_lose_nothing),
		cmocka_unit_test(the_end_waits_for_what_is_under_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
