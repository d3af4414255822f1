// SPDX-License-Identifier: Apache-2.0
/* TURN servers as texts, and the ports that they relay from. */
#include "../cmocka.h"

#include <string.h>

#include "model/turn_server.h"

static void a_login_is_told_and_read_as_it_was(void **state)
{
	static const struct {
		const char *at, *user, *password, *url;
	} cases[] = {
		{ "192.0.2.1:3478", "", "", "turn:192.0.2.1:3478" },
		{ "[2001:db8::1]:9", "a", "b", "turn:a:b@[2001:db8::1]:9" },
		{ "192.0.2.1:1", "1700000000:f00", "a+/b9=",
		  "turn:1700000000%3Af00:a%2B%2Fb9%3D@192.0.2.1:1" },
		{ "192.0.2.1:1", "@?:%", "\xc3\xa4 ", "turn:%40%3F%3A%25:%C3%A4%20@192.0.2.1:1" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct turn_server server = { 0 }, again;
		char url[TURN_URL_MAX];

		assert_true(endpoint_parse(cases[i].at, &server.at));
		strcpy(server.user, cases[i].user);
		strcpy(server.password, cases[i].password);
		assert_string_equal(turn_server_format(&server, url), cases[i].url);
		assert_int_equal(turn_server_parse(url, &again, NULL), 0);
		assert_true(endpoint_equal(&again.at, &server.at));
		assert_string_equal(again.user, cases[i].user);
		assert_string_equal(again.password, cases[i].password);
	}
}

static void the_longest_login_fits(void **state)
{
	struct turn_server server = { 0 }, again;
	char url[TURN_URL_MAX];

	assert_true(endpoint_parse("[1111:2222:3333:4444:5555:6666:7777:8888]:65535", &server.at));
	memset(server.user, '/', TURN_USER_MAX - 1);
	memset(server.password, '/', TURN_PASSWORD_MAX - 1);
	turn_server_format(&server, url);
	assert_int_equal(turn_server_parse(url, &again, NULL), 0);
	assert_string_equal(again.user, server.user);
	assert_string_equal(again.password, server.password);
}

static void what_is_no_server_is_refused_and_not_repeated(void **state)
{
	static const char *const wrong[] = {
		"", "turn:", "stun:192.0.2.1", "turns:192.0.2.1", "turn:example.org", "turn:192.0.2.1:0",
		"turn:192.0.2.1:x", "turn:@192.0.2.1", "turn:user@192.0.2.1", "turn::@192.0.2.1",
		"turn:user:@192.0.2.1", "turn::secret@192.0.2.1", "turn:u%3:secret@192.0.2.1",
		"turn:u%zz:secret@192.0.2.1", "turn:u%00:secret@192.0.2.1", "turn:u:secret@",
		"turn:192.0.2.1?x", "turn:u:p@192.0.2.1?transport=udp4",
	};
	struct turn_server server = { .user = "as it was" };
	struct error err;
	char url[64 + TURN_PASSWORD_MAX];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (turn_server_parse(wrong[i], &server, &err) >= 0)
			fail_msg("%s is taken", wrong[i]);
		assert_null(strstr(err.text, "secret"));
	}
	assert_int_equal(turn_server_parse("turn:192.0.2.1?transport=tcp", &server, NULL),
			 -ERR_UNSUPPORTED);
	memset(url, 0, sizeof(url));
	strcpy(url, "turn:u:");
	memset(url + strlen(url), 'p', TURN_PASSWORD_MAX);
	strcat(url, "@192.0.2.1");
	assert_int_equal(turn_server_parse(url, &server, NULL), -ERR_INVALID);
	assert_string_equal(server.user, "as it was");
	assert_int_equal(turn_server_parse("turn:192.0.2.1?transport=udp", &server, NULL), 0);
	assert_int_equal(server.at.port, TURN_PORT);
}

static void ports_are_a_range_above_1023(void **state)
{
	static const char *const wrong[] = { "", "1023", "65536", "2000-1999", "2000-", "-2000",
					     "2000-3000-", "2000 ", "+2000", "2000- 3000" };
	struct turn_ports ports = { 7, 8 };
	char text[TURN_PORTS_TEXT_MAX];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(turn_ports_parse(wrong[i], &ports, NULL), -ERR_INVALID);
	assert_int_equal(ports.first, 7);
	assert_int_equal(turn_ports_parse("1024-65535", &ports, NULL), 0);
	assert_string_equal(turn_ports_format(&ports, text), "1024-65535");
	assert_int_equal(turn_ports_parse("50000", &ports, NULL), 0);
	assert_int_equal(ports.last, 50000);
	assert_string_equal(turn_ports_format(&ports, text), "50000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_login_is_told_and_read_as_it_was),
		cmocka_unit_test(the_longest_login_fits),
		cmocka_unit_test(what_is_no_server_is_refused_and_not_repeated),
		cmocka_unit_test(ports_are_a_range_above_1023),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
