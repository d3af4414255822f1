// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "../cmocka.h"
#include "rtc/candidate.h"

static void what_is_formatted_is_parsed_again(void **state)
{
	static const char *const texts[] = {
		"candidate:1 1 udp 2130706431 192.0.2.1 4000 typ host",
		"candidate:a+/9 1 udp 1 2001:db8::1 65535 typ srflx raddr 10.0.0.1 rport 9",
		"candidate:2 1 udp 16777215 198.51.100.7 5000 typ relay raddr 2001:db8::2 rport 0",
	};
	char text[CANDIDATE_TEXT_MAX];
	struct candidate c;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(candidate_parse(texts[i], &c, NULL), 0);
		assert_string_equal(candidate_format(&c, text), texts[i]);
	}
}

static void an_attribute_as_browsers_write_it_is_taken(void **state)
{
	struct candidate c;

	assert_int_equal(candidate_parse("a=candidate:842163049 1 UDP 1677729535 203.0.113.5 50000 "
					 "typ srflx raddr 0.0.0.0 rport 0 generation 0 ufrag Ab+/ "
					 "network-cost 999", &c, NULL), 0);
	assert_int_equal(c.type, CANDIDATE_SRFLX);
	assert_int_equal(c.at.port, 50000);
}

static void what_is_of_no_use_is_unsupported(void **state)
{
	static const char *const texts[] = {
		"candidate:1 1 udp 1 0b3f6a1e-1234-4cde-8f00-0123456789ab.local 4000 typ host",
		"candidate:1 1 tcp 1 192.0.2.1 9 typ host tcptype active",
		"candidate:1 2 udp 1 192.0.2.1 4000 typ host",
	};
	struct candidate c = { .priority = 77 };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(candidate_parse(texts[i], &c, NULL), -ERR_UNSUPPORTED);
	assert_int_equal(c.priority, 77);
}

static void what_is_malformed_is_invalid(void **state)
{
	static const char *const texts[] = {
		"",
		"candidate:",
		"cand:1 1 udp 1 192.0.2.1 4000 typ host",
		"candidate:1 1 udp 1 192.0.2.1 4000 host",
		"candidate:1 1 udp 1 192.0.2.1 4000 typ guest",
		"candidate:1! 1 udp 1 192.0.2.1 4000 typ host",
		"candidate:123456789012345678901234567890123 1 udp 1 192.0.2.1 4000 typ host",
		"candidate:1 0 udp 1 192.0.2.1 4000 typ host",
		"candidate:1 1 udp 0 192.0.2.1 4000 typ host",
		"candidate:1 1 udp 2147483648 192.0.2.1 4000 typ host",
		"candidate:1 1 udp 1 192.0.2.1 65536 typ host",
		"candidate:1 1 udp 1 192.0.2.1 0 typ host",
		"candidate:1 1 udp 1 192.0.2.256 4000 typ host",
		"candidate:1 1 udp 1 a_b.local 4000 typ host",
		"candidate:1 1 udp 1 192.0.2.1 4000 typ host raddr",
		"candidate:1 1 udp 1 192.0.2.1 4000 typ srflx raddr 10.0.0.1 rport x",
	};
	char flood[2 * CANDIDATE_LINE_MAX];
	struct candidate c;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(candidate_parse(texts[i], &c, NULL), -ERR_INVALID);
	memset(flood, ' ', sizeof(flood));
	memcpy(flood, "candidate:", 10);
	flood[sizeof(flood) - 1] = 0;
	assert_int_equal(candidate_parse(flood, &c, NULL), -ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_formatted_is_parsed_again),
		cmocka_unit_test(an_attribute_as_browsers_write_it_is_taken),
		cmocka_unit_test(what_is_of_no_use_is_unsupported),
		cmocka_unit_test(what_is_malformed_is_invalid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
