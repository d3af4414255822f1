// SPDX-License-Identifier: Apache-2.0
/*
 * How long the planner rests, and the counting of peers.  Time is the test's own: plans take what it says, and timers, whose
 * delays it reads, are over at once.
 */
#include "fixture.h"

#include <string.h>

#include "daemon/converge.h"
#include "daemon/plan_state.h"

static const uint64_t MS = 1000000;	/* ns */

static bool frozen;			/* time is ours, and the fixture's no more */
static uint64_t now, plan_takes;	/* ns */
static unsigned int plans, timers;
static uint64_t delay;			/* ms, of the last timer */
static unsigned int counts;
static uint64_t count_takes;		/* ns */
static bool count_fails;

int __real_plan_from_state(struct state_store *state, const struct node *self,
			   const struct key_watch *keys, const struct settings *settings,
			   struct taken_routes *routes, struct plan_families *ret_families,
			   struct peer_set **ret_set, struct error *err);
int __real_uv_timer_start(uv_timer_t *timer, uv_timer_cb fn, uint64_t timeout, uint64_t repeat);
uint64_t __real_uv_hrtime(void);
int __wrap_plan_from_state(struct state_store *state, const struct node *self,
			   const struct key_watch *keys, const struct settings *settings,
			   struct taken_routes *routes, struct plan_families *ret_families,
			   struct peer_set **ret_set, struct error *err);
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb fn, uint64_t timeout, uint64_t repeat);
uint64_t __wrap_uv_hrtime(void);
int __wrap_dataplane_stats(struct dataplane *dp, struct dataplane_stats *ret, struct error *err);

/* It tells how often it was asked. */
int __wrap_dataplane_stats(struct dataplane *dp, struct dataplane_stats *ret, struct error *err)
{
	now += count_takes;
	ret->peers_known = ++counts;
	return count_fails ? error_set(err, ERR_IO, "no count") : 0;
}

uint64_t __wrap_uv_hrtime(void)
{
	return frozen ? now : __real_uv_hrtime();
}

int __wrap_plan_from_state(struct state_store *state, const struct node *self,
			   const struct key_watch *keys, const struct settings *settings,
			   struct taken_routes *routes, struct plan_families *ret_families,
			   struct peer_set **ret_set, struct error *err)
{
	plans++;
	now += plan_takes;
	return __real_plan_from_state(state, self, keys, settings, routes, ret_families, ret_set,
				      err);
}

int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb fn, uint64_t timeout, uint64_t repeat)
{
	if (frozen) {
		timers++;
		delay = timeout;
		timeout = 0;
	}
	return __real_uv_timer_start(timer, fn, timeout, repeat);
}

/* ---- a node that converges ---- */

struct bench {
	struct fixture *f;
	struct settings settings;
	struct converge *converge;
	bool closed;
};

static void begin(struct bench *b, struct fixture *f)
{
	const struct key key = { .bytes = { 1 } };
	struct node self = make_node("n1", NODE_OBSERVER, 0);
	struct entry *e = new_entry();
	struct mesh mesh = { 0 };
	struct error err = { 0 };

	memset(b, 0, sizeof(*b));
	b->f = f;
	settings_init(&b->settings);
	strcpy(b->settings.id, "n1");
	strcpy(b->settings.backend, "none");
	prefix_parse("fd00:1:2::/48", &mesh.ula);
	prefix_parse("172.16.0.0/12", &mesh.ipv4);
	strcpy(mesh.domain, "webmesh.internal");
	ok(command_set_mesh(e, &mesh, &err), &err);
	apply(f, e);
	add_node(f, &self);
	frozen = true;
	now = 1000000 * MS;
	plans = timers = 0;
	ok(converge_new(&f->loop, &b->settings, f->state, f->local, &key, &b->converge, &err), &err);
}

/* All timers are due: some turns of the loop do what there is to do. */
static void turn(struct bench *b)
{
	for (int i = 0; i < 20; i++)
		uv_run(&b->f->loop, UV_RUN_NOWAIT);
}

static void set(void *data)
{
	*(bool *)data = true;
}

static void end(struct bench *b)
{
	converge_free(b->converge, set, &b->closed);
	turn(b);
	assert_true(b->closed);
}

/* One plan that takes @ms, up to its end. */
static void plan_for(struct bench *b, unsigned int ms)
{
	unsigned int before = plans;

	plan_takes = ms * MS;
	converge_kick(b->converge);
	turn(b);
	assert_int_equal(plans, before + 1);
}

/* What a change that comes @ms after the last plan has to wait, in ms. */
static uint64_t wait_after(struct bench *b, unsigned int ms)
{
	now += ms * MS;
	converge_kick(b->converge);
	return delay;
}

static int thaw(void **state)
{
	frozen = false;
	return teardown(state);
}

#define with_frozen_time(test) cmocka_unit_test_setup_teardown(test, setup, thaw)

/* ---- tests ---- */

static void a_short_plan_needs_no_rest(void **state)
{
	struct bench b;

	begin(&b, *state);
	plan_for(&b, 9);
	assert_int_equal(wait_after(&b, 0), 20);
	end(&b);
}

static void a_long_plan_is_followed_by_nineteen_times_as_long_a_rest(void **state)
{
	struct bench b;

	begin(&b, *state);
	plan_for(&b, 10);
	assert_int_equal(wait_after(&b, 0), 190);
	plan_for(&b, 40);
	assert_int_equal(wait_after(&b, 100), 660);
	end(&b);
}

static void a_rest_that_is_nearly_over_gathers_changes_as_ever(void **state)
{
	struct bench b;

	begin(&b, *state);
	plan_for(&b, 10);
	assert_int_equal(wait_after(&b, 185), 20);
	plan_for(&b, 10);
	assert_int_equal(wait_after(&b, 100000), 20);
	end(&b);
}

static void no_rest_is_longer_than_five_seconds(void **state)
{
	struct bench b;

	begin(&b, *state);
	plan_for(&b, 3000);
	assert_int_equal(wait_after(&b, 0), 5000);
	end(&b);
}

static void changes_during_a_rest_are_one_plan(void **state)
{
	struct bench b;
	unsigned int before;

	begin(&b, *state);
	plan_for(&b, 100);
	before = timers;
	for (int i = 0; i < 100; i++)
		wait_after(&b, 1);
	assert_int_equal(timers, before + 1);
	assert_int_equal(delay, 1899);	/* from the first of them on */
	before = plans;
	turn(&b);
	assert_int_equal(plans, before + 1);
	end(&b);
}

static uint64_t known(struct bench *b)
{
	struct converge_status status;

	converge_status(b->converge, &status);
	assert_string_equal(status.trouble, count_fails ? "no count" : "");
	return status.peers_known;
}

static void few_peers_are_counted_for_everybody_and_many_for_some(void **state)
{
	struct bench b;

	begin(&b, *state);
	counts = 0;
	count_takes = 1 * MS;
	assert_int_equal(known(&b), 1);
	assert_int_equal(known(&b), 2);
	count_takes = 50 * MS;
	assert_int_equal(known(&b), 3);
	now += 949 * MS;
	assert_int_equal(known(&b), 3);
	now += 1 * MS;
	count_fails = true;
	assert_int_equal(known(&b), 4);
	now += 500 * MS;
	assert_int_equal(known(&b), 4);
	count_fails = false;
	now += 450 * MS;
	assert_int_equal(known(&b), 5);
	end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_frozen_time(a_short_plan_needs_no_rest),
		with_frozen_time(a_long_plan_is_followed_by_nineteen_times_as_long_a_rest),
		with_frozen_time(a_rest_that_is_nearly_over_gathers_changes_as_ever),
		with_frozen_time(no_rest_is_longer_than_five_seconds),
		with_frozen_time(changes_during_a_rest_are_one_plan),
		with_frozen_time(few_peers_are_counted_for_everybody_and_many_for_some),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
