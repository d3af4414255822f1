// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "../cmocka.h"
#include "config/utf8.h"

static void every_length_of_character_is_taken_whole(void **state)
{
	static const char *const good[] = {
		"", "plain", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
		"\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
		"b\xc3\xbc" "ro \xe2\x86\x92 \xf0\x9f\x8c\x8d",
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(utf8_valid_bytes(good[i]), strlen(good[i]));
}

static void what_is_no_character_ends_it_where_it_begins(void **state)
{
	static const char *const bad[] = {
		"ab\x80", "ab\xff", "ab\xc0\x80", "ab\xc1\xbf", "ab\xc3", "ab\xc3(",
		"ab\xe0\x9f\xbf", "ab\xe2\x86", "ab\xe2\x86(", "ab\xed\xa0\x80", "ab\xf0\x8f\xbf\xbf",
		"ab\xf0\x9f\x8c", "ab\xf4\x90\x80\x80", "ab\xf5\x80\x80\x80",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(utf8_valid_bytes(bad[i]), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_length_of_character_is_taken_whole),
		cmocka_unit_test(what_is_no_character_ends_it_where_it_begins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
