// SPDX-License-Identifier: Apache-2.0
/* What `wmctl port-forward` is told. */
#include "../cmocka.h"

#include <stdio.h>

#include "wmctl/forwarding.h"

static void what_is_told_is_local_port_and_service(void **state)
{
	static const struct {
		const char *text;
		uint16_t local;
		const char *remote;
	} good[] = {
		{ "80", 80, "127.0.0.1:80" },
		{ "8080:80", 8080, "127.0.0.1:80" },
		{ "0:65535", 0, "127.0.0.1:65535" },
		{ "8080:192.0.2.1:80", 8080, "192.0.2.1:80" },
		{ "0:[2001:db8::1]:443", 0, "[2001:db8::1]:443" },
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct forwarding f = { 0 };
		char remote[ENDPOINT_TEXT_MAX], text[64];

		assert_true(forwarding_parse(good[i].text, &f));
		assert_int_equal(f.local, good[i].local);
		assert_string_equal(endpoint_format(&f.remote, remote), good[i].remote);
		assert_false(f.udp);
		snprintf(text, sizeof(text), "udp:%s", good[i].text);
		assert_true(forwarding_parse(text, &f));
		assert_int_equal(f.local, good[i].local);
		assert_string_equal(endpoint_format(&f.remote, remote), good[i].remote);
		assert_true(f.udp);
	}
}

static void what_else_is_told_is_refused(void **state)
{
	static const char *const wrong[] = {
		"", ":", "0", "x", "80x", "+80", "-1", "65536", "80:", ":80", "80:0", "1:2:3",
		"1:host:2", "1:192.0.2.1", "1:192.0.2.1:0", "1:2001:db8::1:2", "1:[2001:db8::1]",
		"192.0.2.1:80", "99999999999999999999:1", "1:99999999999999999999",
		"udp", "udp:", "udp:0", "udp:udp:1", "tcp:1", "UDP:1", "1:udp:2",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct forwarding f = { 0 };

		if (forwarding_parse(wrong[i], &f))
			fail_msg("\"%s\" is taken", wrong[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_told_is_local_port_and_service),
		cmocka_unit_test(what_else_is_told_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
