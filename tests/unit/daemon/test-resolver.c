// SPDX-License-Identifier: Apache-2.0
/* daemon: when systemd-resolved is told, and what is taken back; it, and the time, are the test's own. */
#include "../cmocka.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "daemon/resolver.h"

enum { MINUTE_MS = 60000 };

static struct {
	enum error_kind trouble;	/* of what it is told next */
	uint64_t now;
	struct buf said;		/* a call in a line */
} world;

uint64_t __wrap_uv_now(const uv_loop_t *loop);
int __wrap_resolved_open(struct sd_bus **ret, struct error *err);
void __wrap_resolved_close(struct sd_bus *bus);
int __wrap_resolved_set(struct sd_bus *bus, const struct resolved_link *link, struct error *err);
int __wrap_resolved_revert(struct sd_bus *bus, int ifindex, struct error *err);

uint64_t __wrap_uv_now(const uv_loop_t *loop)
{
	return world.now;
}

int __wrap_resolved_open(struct sd_bus **ret, struct error *err)
{
	return 0;
}

void __wrap_resolved_close(struct sd_bus *bus)
{
}

int __wrap_resolved_set(struct sd_bus *bus, const struct resolved_link *link, struct error *err)
{
	buf_printf(&world.said, "set %d with %u\n", link->ifindex, link->server_count);
	return world.trouble ? error_set(err, world.trouble, "as the test wants it") : 0;
}

int __wrap_resolved_revert(struct sd_bus *bus, int ifindex, struct error *err)
{
	buf_printf(&world.said, "revert %d\n", ifindex);
	return 0;
}

struct fixture {
	uv_loop_t loop;
	struct resolver *resolver;
};

static int set_up(void **state)
{
	static struct fixture f;

	world.trouble = ERR_NONE;
	world.now = 1000;
	world.said = BUF_INIT(1 << 16);
	assert_int_equal(uv_loop_init(&f.loop), 0);
	f.resolver = resolver_new(&f.loop);
	assert_non_null(f.resolver);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	resolver_free(f->resolver);
	buf_fini(&world.said);
	return 0;
}

/* Some upkeeps, with what they begin done. */
static void advance(struct fixture *f, int ifindex, unsigned int servers)
{
	struct resolved_link wanted = { .ifindex = ifindex, .server_count = servers };

	for (unsigned int i = 0; i < servers; i++)
		assert_true(endpoint_parse("172.16.0.1:53", &wanted.servers[i]));
	snprintf(wanted.mesh.domain, sizeof(wanted.mesh.domain), "webmesh.internal");
	for (int i = 0; i < 5; i++) {
		resolver_advance(f->resolver, &wanted);
		uv_run(&f->loop, UV_RUN_DEFAULT);
		world.now += 250;
	}
}

static void assert_said(const char *expected)
{
	assert_string_equal(buf_text(&world.said), expected);
	buf_reset(&world.said);
}

static void what_is_wanted_is_told_once_and_again_each_minute(void **state)
{
	struct fixture *f = *state;

	advance(f, 0, 0);
	assert_said("");
	advance(f, 7, 1);
	assert_said("set 7 with 1\n");
	world.now += MINUTE_MS;
	advance(f, 7, 1);
	assert_said("set 7 with 1\n");
	advance(f, 7, 2);
	assert_said("set 7 with 2\n");
}

static void what_is_wanted_no_more_is_taken_back(void **state)
{
	struct fixture *f = *state;

	advance(f, 7, 1);
	advance(f, 9, 1);
	assert_said("set 7 with 1\nrevert 7\nset 9 with 1\n");
	advance(f, 0, 0);
	assert_said("revert 9\n");
	world.now += MINUTE_MS;
	advance(f, 0, 0);
	resolver_stop(f->resolver);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_said("");
}

static void the_end_takes_back_what_was_told_before_and_while_it_came(void **state)
{
	const struct resolved_link wanted = { .ifindex = 8, .server_count = 1 };
	struct fixture *f = *state;

	advance(f, 7, 1);
	resolver_advance(f->resolver, &wanted);
	resolver_stop(f->resolver);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_said("set 7 with 1\nrevert 7\nset 8 with 1\nrevert 8\n");
	advance(f, 9, 1);
	assert_said("");
}

static void where_it_does_not_run_it_is_tried_each_minute_and_nothing_is_taken_back(void **state)
{
	struct fixture *f = *state;

	world.trouble = ERR_NOT_FOUND;
	advance(f, 7, 1);
	assert_said("set 7 with 1\n");
	world.now += MINUTE_MS;
	advance(f, 7, 1);
	assert_said("set 7 with 1\n");
	world.now += MINUTE_MS;
	world.trouble = ERR_NONE;
	advance(f, 7, 1);
	assert_said("set 7 with 1\n");
	resolver_stop(f->resolver);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_said("revert 7\n");
}

static void a_refusal_is_no_reason_to_ask_all_the_time(void **state)
{
	struct fixture *f = *state;

	world.trouble = ERR_PRECONDITION;
	for (int i = 0; i < 10; i++)
		advance(f, 7, 1);
	assert_said("set 7 with 1\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_wanted_is_told_once_and_again_each_minute),
		TEST(what_is_wanted_no_more_is_taken_back),
		TEST(the_end_takes_back_what_was_told_before_and_while_it_came),
		TEST(where_it_does_not_run_it_is_tried_each_minute_and_nothing_is_taken_back),
		TEST(a_refusal_is_no_reason_to_ask_all_the_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
