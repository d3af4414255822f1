// SPDX-License-Identifier: Apache-2.0
#include "../cmocka.h"

#include <string.h>

#include "wmctl/screen.h"

#define HOME "\033[H"
#define END  "\033[K"
#define REST "\033[J"

static void expect(const char *text, size_t rows, size_t columns, const char *wanted)
{
	struct buf out = BUF_INIT(4096);

	screen_fit(text, rows, columns, &out);
	assert_string_equal(buf_text(&out), wanted);
	buf_fini(&out);
}

static void what_has_room_is_drawn_over_what_was_there(void **state)
{
	expect("ab\nc\n", 2, 2, HOME "ab" END "\r\nc" END REST);
	expect("ab\n\nc", 24, 80, HOME "ab" END "\r\n" END "\r\nc" END REST);
	expect("", 24, 80, HOME REST);
}

static void long_lines_are_cut(void **state)
{
	expect("abcd\nef\n", 24, 3, HOME "abc" END "\r\nef" END REST);
}

static void a_character_is_cut_nowhere_but_at_its_end(void **state)
{
	expect("äöü", 24, 2, HOME "äö" END REST);
	expect("a€b", 24, 2, HOME "a€" END REST);
}

static void lines_that_have_no_room_are_counted(void **state)
{
	expect("a\nb\nc\nd\n", 3, 80, HOME "a" END "\r\nb" END "\r\n2 more lines" END REST);
	expect("a\nb\nc\n", 3, 80, HOME "a" END "\r\nb" END "\r\nc" END REST);
	expect("a\nb\n", 1, 80, HOME "2 more lines" END REST);
}

static void words_of_others_cannot_move_the_cursor(void **state)
{
	expect("a\033[2Jb\rc\td\177\n", 24, 80, HOME "a?[2Jb?c?d?" END REST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_has_room_is_drawn_over_what_was_there),
		cmocka_unit_test(long_lines_are_cut),
		cmocka_unit_test(a_character_is_cut_nowhere_but_at_its_end),
		cmocka_unit_test(lines_that_have_no_room_are_counted),
		cmocka_unit_test(words_of_others_cannot_move_the_cursor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
