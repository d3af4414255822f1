// SPDX-License-Identifier: Apache-2.0
/* status: each reader hears of each event once, or how many he has missed. */
#include "../cmocka.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "status/events.h"

enum { FIRST = 1000, MANY = 100000 };

static unsigned int count(const char *text, const char *word)
{
	unsigned int n = 0;

	while ((text = strstr(text, word))) {
		text++;
		n++;
	}
	return n;
}

static const char *hear(struct events *e, uint64_t *cursor, struct buf *out)
{
	buf_reset(out);
	events_read(e, cursor, out);
	assert_false(out->failed);
	return buf_text(out);
}

static void an_event_is_heard_once_by_each_reader(void **state)
{
	struct events *e = events_new(FIRST);
	struct buf out = BUF_INIT(1 << 20);
	uint64_t one = 0, other = 0;

	(void)state;
	assert_string_equal(hear(e, &one, &out), "");
	events_add(e, "joined", "n2", 1700000000123456789, "joined the %s", "mesh");
	assert_string_equal(hear(e, &one, &out),
			    "id: 1000\ndata: {\"at\":1700000000123,\"kind\":\"joined\",\"node\":\"n2\","
			    "\"text\":\"joined the mesh\"}\n\n");
	assert_string_equal(hear(e, &one, &out), "");
	events_add(e, "left", "n2", 0, "left the mesh");
	assert_int_equal(count(hear(e, &one, &out), "data: "), 1);
	assert_int_equal(count(hear(e, &other, &out), "data: "), 2);
	assert_true(one == other && one == FIRST + 1);
	buf_fini(&out);
	events_free(e);
}

static void who_was_away_too_long_is_told_how_many_he_has_missed(void **state)
{
	struct events *e = events_new(FIRST);
	struct buf out = BUF_INIT(1 << 20);
	uint64_t old = 0, new = 0;
	const char *heard;

	(void)state;
	events_add(e, "joined", "first", 0, "joined");
	hear(e, &old, &out);
	for (int i = 0; i < EVENTS_MAX + 7; i++)
		events_add(e, "joined", "n", 0, "joined");
	heard = hear(e, &old, &out);
	assert_non_null(strstr(heard, "id: 1007\ndata: {\"at\":0,\"kind\":\"missed\",\"node\":\"\","
				      "\"text\":\"7 events passed unseen\"}\n\nid: 1008\n"));
	assert_int_equal(count(heard, "\"joined\""), EVENTS_MAX * 2);
	heard = hear(e, &new, &out);
	assert_null(strstr(heard, "missed"));
	assert_int_equal(count(heard, "data: "), EVENTS_MAX);
	buf_fini(&out);
	events_free(e);
}

static void a_place_in_another_runs_events_is_none_in_these(void **state)
{
	struct events *e = events_new(FIRST);
	struct buf out = BUF_INIT(1 << 20);
	uint64_t past = FIRST - 500, future = FIRST + 500;

	(void)state;
	events_add(e, "joined", "n2", 0, "joined");
	assert_int_equal(count(hear(e, &past, &out), "data: "), 1);
	assert_null(strstr(buf_text(&out), "missed"));
	assert_int_equal(count(hear(e, &future, &out), "data: "), 1);
	assert_int_equal(future, FIRST);
	buf_fini(&out);
	events_free(e);
}

static void texts_are_cut_and_quoted(void **state)
{
	struct events *e = events_new(FIRST);
	struct buf out = BUF_INIT(1 << 20);
	char text[2 * EVENT_TEXT_MAX];
	uint64_t cursor = 0;

	(void)state;
	memset(text, 'z', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	events_add(e, "trouble", "n1", 0, "a\n\"b\"\\ \x01\xff");
	events_add(e, "trouble", "n1", 0, "%s", text);
	hear(e, &cursor, &out);
	assert_non_null(strstr(buf_text(&out), "\"text\":\"a\\u000a\\\"b\\\"\\\\ \\u0001\\u00ff\"}\n\n"));
	assert_int_equal(count(buf_text(&out), "z"), EVENT_TEXT_MAX - 1);
	buf_fini(&out);
	events_free(e);
	events_free(NULL);
}

static void *add_many(void *data)
{
	for (int i = 0; i < MANY; i++)
		events_add(data, "joined", "n", 0, "joined");
	return NULL;
}

/* For the sanitizers, too. */
static void events_come_from_one_thread_and_are_heard_on_another(void **state)
{
	struct events *e = events_new(FIRST);
	struct buf out = BUF_INIT(1 << 20);
	uint64_t cursor = 0, before;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, add_many, e), 0);
	while (cursor < FIRST + MANY - 1) {
		before = cursor;
		hear(e, &cursor, &out);
		assert_true(cursor >= before);
	}
	pthread_join(thread, NULL);
	assert_int_equal(cursor, FIRST + MANY - 1);
	buf_fini(&out);
	events_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_is_heard_once_by_each_reader),
		cmocka_unit_test(who_was_away_too_long_is_told_how_many_he_has_missed),
		cmocka_unit_test(a_place_in_another_runs_events_is_none_in_these),
		cmocka_unit_test(texts_are_cut_and_quoted),
		cmocka_unit_test(events_come_from_one_thread_and_are_heard_on_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
