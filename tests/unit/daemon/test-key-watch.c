// SPDX-License-Identifier: Apache-2.0
/*
 * Who changes his key, as seen from here.  The state is a real one; what WireGuard says, and the
 * time, are the test's own.
 */
#include "fixture.h"

#include <string.h>
#include <time.h>

#include "daemon/key_watch.h"
#include "store/entry.h"
#include "store/schema.h"

enum { MS = 1000000, PEERS = 4 };	/* ns */

static const struct key next = { { 0xa1 } }, after_next = { { 0xa2 } };

static bool frozen;
static uint64_t now;			/* ns, while it is frozen */

/* ---- instead of WireGuard and the planner ---- */

static struct wg_peer peers[PEERS];	/* what it has */
static size_t peer_count;
static uint64_t look_takes;		/* ns */
static int look_fails;
static unsigned int calls;
static struct key called;
static struct plan_rotation planned[PEERS];
static size_t planned_count;

int __real_clock_gettime(clockid_t clock, struct timespec *ret);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret);
int __wrap_dataplane_list_sessions(struct dataplane *dp, wg_peer_fn *fn, void *data,
				   struct error *err);
int __wrap_dataplane_call(struct dataplane *dp, const struct key *key, struct error *err);
int __wrap_planner_rotate(struct planner *p, const struct plan_rotation *rotation,
			  struct error *err);

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret)
{
	if (!frozen || clock != CLOCK_MONOTONIC)
		return __real_clock_gettime(clock, ret);
	*ret = (struct timespec){ (time_t)(now / 1000 / MS), (long)(now % ((uint64_t)1000 * MS)) };
	return 0;
}

int __wrap_dataplane_list_sessions(struct dataplane *dp, wg_peer_fn *fn, void *data,
				   struct error *err)
{
	int r = look_fails;

	now += look_takes;
	for (size_t i = 0; r == 0 && i < peer_count; i++)
		r = fn(data, &peers[i]);
	return r;
}

int __wrap_dataplane_call(struct dataplane *dp, const struct key *key, struct error *err)
{
	calls++;
	called = *key;
	return 0;
}

int __wrap_planner_rotate(struct planner *p, const struct plan_rotation *rotation,
			  struct error *err)
{
	planned[planned_count++] = *rotation;
	return 0;
}

/* ---- a mesh in which n1 and n2 may change their keys ---- */

struct bench {
	struct fixture *f;
	struct key_watch *watch;
};

static void begin(struct bench *b, struct fixture *f)
{
	struct node n1 = make_node("n1", NODE_OBSERVER, 0), n2 = make_node("n2", NODE_OBSERVER, 0);
	struct entry *schema = entry_new_schema(SCHEMA_ROTATIONS);

	assert_non_null(schema);
	apply(f, schema);
	add_node(f, &n1);
	add_node(f, &n2);
	*b = (struct bench){ f, key_watch_new() };
	assert_non_null(b->watch);
	frozen = true;
	now = (uint64_t)1000000 * MS;
	peer_count = planned_count = calls = 0;
	look_takes = 0;
	look_fails = 0;
}

static void end(struct bench *b)
{
	frozen = false;
	key_watch_free(b->watch);
}

static void refresh(struct bench *b)
{
	struct error err;

	ok(key_watch_refresh(b->watch, b->f->state, &err), &err);
}

static void announce(struct bench *b, const char *id, const struct key *key, int64_t at)
{
	struct entry *e = new_entry();
	struct error err;

	ok(command_announce_key(e, id, key, at, &err), &err);
	apply(b->f, e);
	refresh(b);
}

/* The node's row has its next key: it is done, as far as the state knows. */
static void join_with(struct bench *b, const char *id, const struct key *key)
{
	struct node node = make_node(id, NODE_OBSERVER, 0);

	node.public_key = *key;
	add_node(b->f, &node);
	refresh(b);
}

static struct wg_peer *wireguard_has(const struct key *key, uint64_t rx_bytes, size_t prefixes)
{
	peers[0] = (struct wg_peer){ .public_key = *key, .rx_bytes = rx_bytes,
				     .prefix_count = prefixes };
	peer_count = 1;
	return &peers[0];
}

static bool look(struct bench *b)
{
	bool spoken = false;
	struct error err;

	ok(key_watch_look(b->watch, NULL, &spoken, &err), &err);
	return spoken;
}

static void plan(struct bench *b)
{
	struct error err;

	planned_count = 0;
	ok(key_watch_plan(b->watch, NULL, &err), &err);
}

static void pass(unsigned int seconds)
{
	now += (uint64_t)seconds * 1000 * MS;
}

/* ---- tests ---- */

static void who_announces_is_looked_for_often_and_after_a_minute_seldom(void **state)
{
	struct bench b;

	begin(&b, *state);
	refresh(&b);
	assert_int_equal(key_watch_pause(b.watch), 0);
	announce(&b, "n1", &next, 5);
	assert_int_equal(key_watch_pause(b.watch), 10);
	pass(59);
	refresh(&b);	/* tells nothing new */
	assert_int_equal(key_watch_pause(b.watch), 10);
	pass(2);
	assert_int_equal(key_watch_pause(b.watch), 1000);
	announce(&b, "n1", &next, 6);	/* once more: it comes soon */
	assert_int_equal(key_watch_pause(b.watch), 10);
	end(&b);
}

static void a_look_that_takes_long_is_followed_by_a_long_rest(void **state)
{
	struct bench b;

	begin(&b, *state);
	announce(&b, "n1", &next, 5);
	look_takes = 20 * MS;
	look(&b);
	assert_int_equal(key_watch_pause(b.watch), 180);
	look_takes = 500 * MS;
	look(&b);
	assert_int_equal(key_watch_pause(b.watch), 1000);
	end(&b);
}

static void an_initiation_under_the_next_key_is_noticed_once(void **state)
{
	struct bench b;

	begin(&b, *state);
	announce(&b, "n1", &next, 5);
	wireguard_has(&next, 0, 0);
	assert_false(look(&b));
	wireguard_has(&after_next, 148, 0);	/* nobody's */
	assert_false(look(&b));
	wireguard_has(&next, 148, 0);
	assert_true(look(&b));
	assert_false(look(&b));
	end(&b);
}

/* It had prefixes before we looked: an earlier run of the daemon has given them. */
static void one_that_has_prefixes_has_spoken_to_an_earlier_run(void **state)
{
	struct bench b;

	begin(&b, *state);
	announce(&b, "n1", &next, 5);
	wireguard_has(&next, 0, 1);
	assert_true(look(&b));
	end(&b);
}

static void who_has_spoken_is_called_until_there_is_a_session(void **state)
{
	struct wg_peer *peer;
	struct bench b;

	begin(&b, *state);
	announce(&b, "n1", &next, 5);
	peer = wireguard_has(&next, 148, 0);
	look(&b);
	assert_int_equal(calls, 0);	/* first it is planned anew */
	look(&b);
	assert_int_equal(calls, 0);	/* WireGuard has it as it was when it waited */
	peer->prefix_count = 1;
	look(&b);
	look(&b);
	assert_int_equal(calls, 2);
	assert_true(key_equal(&called, &next));
	peer->last_handshake = 1;
	look(&b);
	assert_int_equal(calls, 2);
	end(&b);
}

static void the_planner_is_told_who_changes_and_whence_he_spoke(void **state)
{
	struct node n1 = make_node("n1", NODE_OBSERVER, 0);
	struct wg_peer *peer;
	struct bench b;

	begin(&b, *state);
	announce(&b, "n1", &next, 5);
	announce(&b, "n2", &after_next, 6);
	plan(&b);
	assert_int_equal(planned_count, 2);
	assert_true(key_equal(&planned[0].current, &n1.public_key));
	assert_true(key_equal(&planned[0].next, &next));
	assert_false(planned[0].spoken || planned[1].spoken);
	peer = wireguard_has(&after_next, 148, 0);
	peer->fields = WG_PEER_ENDPOINT;
	assert_true(endpoint_parse("192.0.2.7:4000", &peer->endpoint));
	assert_true(look(&b));
	plan(&b);
	assert_int_equal(planned_count, 2);
	assert_true(!planned[0].spoken && planned[1].spoken);
	assert_memory_equal(&planned[1].endpoint, &peer->endpoint, sizeof(peer->endpoint));
	end(&b);
}

static void who_is_done_and_has_no_session_is_called_for_ten_seconds_more(void **state)
{
	struct bench b;

	begin(&b, *state);
	announce(&b, "n1", &next, 5);
	wireguard_has(&next, 148, 1);
	assert_true(look(&b));
	join_with(&b, "n1", &next);
	plan(&b);
	assert_int_equal(planned_count, 0);	/* the state says it all */
	look(&b);
	assert_int_equal(calls, 1);
	pass(10);
	refresh(&b);
	look(&b);
	assert_int_equal(calls, 2);
	pass(1);
	refresh(&b);
	look(&b);
	assert_int_equal(calls, 2);
	assert_int_equal(key_watch_pause(b.watch), 0);
	end(&b);
}

static void who_is_done_and_has_a_session_or_never_spoke_is_forgotten(void **state)
{
	struct bench b;

	begin(&b, *state);
	announce(&b, "n1", &next, 5);
	wireguard_has(&next, 148, 1)->last_handshake = 1;
	look(&b);
	look(&b);
	join_with(&b, "n1", &next);
	assert_int_equal(key_watch_pause(b.watch), 0);
	announce(&b, "n2", &after_next, 6);
	assert_int_equal(key_watch_pause(b.watch), 10);
	join_with(&b, "n2", &after_next);
	assert_int_equal(key_watch_pause(b.watch), 0);
	end(&b);
}

static void a_look_that_fails_tells_nothing_and_calls_nobody(void **state)
{
	struct error err = { 0 };
	bool spoken = true;
	struct bench b;

	begin(&b, *state);
	announce(&b, "n1", &next, 5);
	wireguard_has(&next, 148, 1);
	look(&b);
	look_fails = -ERR_UNAVAILABLE;
	assert_int_equal(key_watch_look(b.watch, NULL, &spoken, &err), -ERR_UNAVAILABLE);
	assert_true(spoken);	/* as it was */
	assert_int_equal(calls, 0);
	end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_stores(who_announces_is_looked_for_often_and_after_a_minute_seldom),
		with_stores(a_look_that_takes_long_is_followed_by_a_long_rest),
		with_stores(an_initiation_under_the_next_key_is_noticed_once),
		with_stores(one_that_has_prefixes_has_spoken_to_an_earlier_run),
		with_stores(who_has_spoken_is_called_until_there_is_a_session),
		with_stores(the_planner_is_told_who_changes_and_whence_he_spoke),
		with_stores(who_is_done_and_has_no_session_is_called_for_ten_seconds_more),
		with_stores(who_is_done_and_has_a_session_or_never_spoke_is_forgotten),
		with_stores(a_look_that_fails_tells_nothing_and_calls_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
