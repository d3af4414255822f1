// SPDX-License-Identifier: Apache-2.0
#include "../cmocka.h"

#include <string.h>

#include "config/nearest.h"

static const char *nearest(const char *typed)
{
	static const char *const names[] = { "raft-port", "grpc-port", "log-keep", "log-level",
					     "id", "lazy", "state-dir" };
	const char *best = NULL;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		nearest_consider(typed, names[i], &best);
	return best ? best : "";
}

static void letters_that_differ_are_counted(void **state)
{
	assert_int_equal(nearest_distance("", ""), 0);
	assert_int_equal(nearest_distance("", "abc"), 3);
	assert_int_equal(nearest_distance("abc", ""), 3);
	assert_int_equal(nearest_distance("abc", "abc"), 0);
	assert_int_equal(nearest_distance("abc", "abd"), 1);
	assert_int_equal(nearest_distance("abc", "ab"), 1);
	assert_int_equal(nearest_distance("abc", "acb"), 1);
	assert_int_equal(nearest_distance("kitten", "sitting"), 3);
	assert_int_equal(nearest_distance("raftport", "raft-port"), 1);
}

static void what_is_too_long_is_near_to_nothing(void **state)
{
	char text[NEAREST_NAME_MAX + 2];

	memset(text, 'a', sizeof(text));
	text[NEAREST_NAME_MAX + 1] = 0;
	assert_int_equal(nearest_distance(text, "a"), NEAREST_NAME_MAX + 1);
	assert_int_equal(nearest_distance("a", text), NEAREST_NAME_MAX + 1);
	text[NEAREST_NAME_MAX] = 0;
	assert_int_equal(nearest_distance(text, "a"), NEAREST_NAME_MAX - 1);
}

static void what_was_mistyped_is_found(void **state)
{
	assert_string_equal(nearest("raftport"), "raft-port");
	assert_string_equal(nearest("raft_port"), "raft-port");
	assert_string_equal(nearest("gprc-port"), "grpc-port");
	assert_string_equal(nearest("log-kep"), "log-keep");
	assert_string_equal(nearest("loglevel"), "log-level");
	assert_string_equal(nearest("statedir"), "state-dir");
	assert_string_equal(nearest("lzay"), "lazy");
}

static void what_is_something_else_has_no_suggestion(void **state)
{
	assert_string_equal(nearest("nonsense"), "");
	assert_string_equal(nearest("x"), "");
	assert_string_equal(nearest(""), "");
	assert_string_equal(nearest("wireguard"), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(letters_that_differ_are_counted),
		cmocka_unit_test(what_is_too_long_is_near_to_nothing),
		cmocka_unit_test(what_was_mistyped_is_found),
		cmocka_unit_test(what_is_something_else_has_no_suggestion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
