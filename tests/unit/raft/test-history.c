// SPDX-License-Identifier: Apache-2.0
/* The judge of the simulator's client: what it must accept, and what it must not. */
#include "../cmocka.h"

#include "../../sim/history.h"

/*
 * A history as text: "w1" and "r1" ask to write 1 and to read, with one letter behind to tell
 * the question's name; ")a" is its answer, and ")a5" that of a read.  Such as "w1a )a r.b )b1".
 */
static bool accepts(const char *text)
{
	struct history h = { 0 };
	size_t names[26];
	uint64_t value;
	bool ok;

	for (const char *p = text; *p; p++) {
		if (*p == 'w') {
			names[p[2] - 'a'] = history_invoke(&h, true, (uint64_t)(p[1] - '0'));
			p += 2;
		} else if (*p == 'r') {
			names[p[1] - 'a'] = history_invoke(&h, false, 0);
			p++;
		} else if (*p == ')') {
			size_t op = names[p[1] - 'a'];
			bool write = h.operations[op].write;

			history_return(&h, op, write ? h.operations[op].value :
				       (uint64_t)(p[2] - '0'));
			p += write ? 1 : 2;
		}
	}
	ok = history_is_linearizable(&h, &value);
	history_fini(&h);
	return ok;
}

static void what_one_register_could_have_said_is_accepted(void **state)
{
	assert_true(accepts(""));
	assert_true(accepts("ra )a0 w1b )b rc )c1"));
	/* At once: in either order. */
	assert_true(accepts("w1a rb )b0 )a"));
	assert_true(accepts("w1a rb )b1 )a"));
	assert_true(accepts("w1a w2b )a )b rc )c1"));
	assert_true(accepts("w1a w2b )a )b rc )c2"));
	/* Without an answer: done, or not, or later. */
	assert_true(accepts("w1a rb )b0 rc )c1"));
	assert_true(accepts("w1a w2b )b rc )c2 rd )d1"));
	assert_true(accepts("w1a w2b )b ra"));
}

static void what_no_register_could_have_said_is_refused(void **state)
{
	/* Stale, out of thin air, before it was written. */
	assert_false(accepts("w1a )a rb )b0"));
	assert_false(accepts("ra )a7"));
	assert_false(accepts("ra )a1 w1b )b"));
	/* Back and forth. */
	assert_false(accepts("w1a w2b )a )b rc )c1 rd )d2 re )e1"));
	assert_false(accepts("w1a rb )b1 rc )c0 )a"));
	/* A write in the middle of another value's time. */
	assert_false(accepts("w1a )a rb )b1 w2c )c rd )d1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_one_register_could_have_said_is_accepted),
		cmocka_unit_test(what_no_register_could_have_said_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
