// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/settings.h"

enum { ARGS_MAX = 24 };

/* Parses the words of @line, which it takes apart; "_" stands for an empty one. */
static int parse(struct settings *s, char *line, int *ret_rest, int *ret_argc, struct error *err)
{
	char *argv[ARGS_MAX + 2] = { (char *)"run" }, *word;
	int argc = 1;

	while ((word = strsep(&line, " ")))
		argv[argc++] = strcmp(word, "_") == 0 ? (char *)"" : word;
	if (ret_argc)
		*ret_argc = argc;
	return settings_parse(s, argc, argv, ret_rest, err);
}

static void parse_ok(struct settings *s, const char *line)
{
	struct error err;
	char copy[256];
	int rest, argc;

	snprintf(copy, sizeof(copy), "%s", line);
	ok(parse(s, copy, &rest, &argc, &err), &err);
	assert_int_equal(rest, argc);
}

static void without_options_the_defaults_hold(void **state)
{
	struct settings s;

	settings_init(&s);
	assert_string_equal(s.device, "wgmesh0");
	assert_string_equal(s.backend, "auto");
	assert_string_equal(s.lazy, "auto");
	assert_int_equal(s.wireguard_port, 51820);
	assert_int_equal(s.raft_port, 9443);
	assert_int_equal(s.grpc_port, 8443);
	assert_int_equal(s.tick_ms, 50);
	assert_int_equal(s.followers_max, 256);
	assert_int_equal(s.endpoint_count, 0);
	assert_true(s.assign_ipv4);
	assert_true(s.leader_proxy);
	assert_false(s.prefer_raft_ipv6);
	assert_true(strlen(s.id) > 0);
}

static void the_state_folder_comes_from_the_environment(void **state)
{
	struct settings s;
	char path[PATH_MAX];

	setenv("WGMESH_STATE_DIR", "/tmp/elsewhere", 1);
	settings_init(&s);
	assert_string_equal(s.state_dir, "/tmp/elsewhere");
	assert_string_equal(settings_path(&s, "x", path), "/tmp/elsewhere/x");
	parse_ok(&s, "--state-dir /tmp/third");
	assert_string_equal(s.state_dir, "/tmp/third");
	unsetenv("WGMESH_STATE_DIR");
	settings_init(&s);
	assert_string_equal(s.state_dir, SETTINGS_STATE_DIR);
}

static void every_option_is_taken(void **state)
{
	struct settings s;
	struct ip ip;

	settings_init(&s);
	parse_ok(&s, "--id n7 --endpoint 192.0.2.1 --endpoint 2001:db8::1 --device wg9");
	parse_ok(&s,
		 "--backend none --lazy off --wireguard-port 1 --raft-port 65535 --grpc-port 3");
	parse_ok(&s, "--no-ipv4 --prefer-raft-ipv6 --ipv4-prefix 10.1.2.3/8 --tick-ms 10 --followers-max 0 --leader-proxy off");
	assert_string_equal(s.id, "n7");
	assert_int_equal(s.endpoint_count, 2);
	assert_true(ip_parse("192.0.2.1", &ip) && ip_equal(&ip, &s.endpoints[0]));
	assert_true(ip_parse("2001:db8::1", &ip) && ip_equal(&ip, &s.endpoints[1]));
	assert_string_equal(s.device, "wg9");
	assert_string_equal(s.backend, "none");
	assert_string_equal(s.lazy, "off");
	assert_int_equal(s.wireguard_port, 1);
	assert_int_equal(s.raft_port, 65535);
	assert_int_equal(s.grpc_port, 3);
	assert_false(s.assign_ipv4);
	assert_true(s.prefer_raft_ipv6);
	assert_int_equal(s.ipv4_prefix.len, 8);
	assert_int_equal(s.ipv4_prefix.ip.bytes[1], 0);	/* masked */
	assert_int_equal(s.tick_ms, 10);
	assert_int_equal(s.followers_max, 0);
	assert_false(s.leader_proxy);
}

static void endpoints_of_the_command_line_replace_those_that_were_known(void **state)
{
	struct settings s;
	struct ip ip;

	settings_init(&s);
	parse_ok(&s, "--endpoint 192.0.2.1 --endpoint 192.0.2.2");
	parse_ok(&s, "--endpoint 192.0.2.3");
	assert_int_equal(s.endpoint_count, 1);
	assert_true(ip_parse("192.0.2.3", &ip) && ip_equal(&ip, &s.endpoints[0]));
	parse_ok(&s, "--device x");
	assert_int_equal(s.endpoint_count, 1);
}

/* { option and value, what the text must say that it takes } */
static void options_that_are_wrong_are_named_with_what_they_take(void **state)
{
	static const char *const bad[][2] = {
		{ "--id _", "1 to 63 characters" },
		{ "--device 0123456789abcdef", "1 to 15 characters" },
		{ "--backend wireguard", "auto, mesh, kernel, userspace, none" },
		{ "--lazy maybe", "auto, on, off" },
		{ "--endpoint host.example", "IP address" },
		{ "--wireguard-port 0", "1 to 65535" },
		{ "--raft-port 65536", "1 to 65535" },
		{ "--grpc-port -1", "1 to 65535" },
		{ "--grpc-port 1x", "1 to 65535" },
		{ "--grpc-port +1", "1 to 65535" },
		{ "--grpc-port _", "1 to 65535" },
		{ "--grpc-port 18446744073709551617", "1 to 65535" },
		{ "--ipv4-prefix 10.0.0.0/31", "/8 to /30" },
		{ "--ipv4-prefix fd00::/16", "/8 to /30" },
		{ "--followers-max 100001", "0 to 100000" },
		{ "--tick-ms 9", "10 to 1000" },
		{ "--tick-ms 1001", "10 to 1000" },
		{ "--state-dir _", "characters" },
		{ "--nonsense 1", "--help" },
		{ "--raft-port", "--help" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct error err = { 0 };
		struct settings s;
		char copy[256], option[64];
		int rest = 77;

		settings_init(&s);
		snprintf(copy, sizeof(copy), "%s", bad[i][0]);
		snprintf(option, sizeof(option), "%.*s", (int)strcspn(copy, " "), copy);
		assert_int_equal(parse(&s, copy, &rest, NULL, &err), -ERR_INVALID);
		if (!strstr(err.text, bad[i][1]) || !strstr(err.text, option))
			fail_msg("%s: the text is \"%s\"", bad[i][0], err.text);
		assert_int_equal(rest, 77);
	}
}

static void there_is_a_most_of_endpoints(void **state)
{
	char *argv[2 + 2 * (SETTINGS_ENDPOINTS_MAX + 1)] = { (char *)"run" };
	struct error err = { 0 };
	struct settings s;
	int rest, argc = 1;

	for (int i = 0; i <= SETTINGS_ENDPOINTS_MAX; i++) {
		argv[argc++] = (char *)"--endpoint";
		argv[argc++] = (char *)"192.0.2.1";
	}
	settings_init(&s);
	ok(settings_parse(&s, argc - 2, argv, &rest, &err), &err);
	assert_int_equal(s.endpoint_count, SETTINGS_ENDPOINTS_MAX);
	assert_int_equal(settings_parse(&s, argc, argv, &rest, &err), -ERR_INVALID);
	assert_non_null(strstr(err.text, "--endpoint: more than 8"));
}

static void what_is_no_option_is_left_to_the_caller(void **state)
{
	char *argv[] = { (char *)"join", (char *)"TOKEN", (char *)"--id", (char *)"n1", NULL };
	struct error err;
	struct settings s;
	int rest;

	settings_init(&s);
	ok(settings_parse(&s, 4, argv, &rest, &err), &err);
	assert_int_equal(rest, 3);
	assert_string_equal(argv[rest], "TOKEN");
	assert_string_equal(s.id, "n1");
}

static void what_is_saved_comes_back(void **state)
{
	struct settings saved, loaded;
	struct fixture *f = *state;
	struct error err;

	settings_init(&saved);
	parse_ok(&saved, "--id n7 --endpoint 192.0.2.1 --endpoint 2001:db8::1 --device wg9");
	parse_ok(&saved, "--backend none --lazy on --wireguard-port 1 --raft-port 2 --grpc-port 3 --no-ipv4");
	parse_ok(&saved,
		 "--prefer-raft-ipv6 --ipv4-prefix 10.0.0.0/9 --tick-ms 77 --leader-proxy off");
	saved.voter = true;
	ok(settings_save(&saved, f->local, &err), &err);
	reopen(f);
	settings_init(&loaded);
	ok(settings_load(&loaded, f->local, &err), &err);
	assert_memory_equal(&loaded, &saved, sizeof(saved));
}

static void the_command_line_goes_before_what_is_saved(void **state)
{
	struct fixture *f = *state;
	struct error err;
	struct settings s;

	settings_init(&s);
	parse_ok(&s, "--id n7 --endpoint 192.0.2.1 --grpc-port 3");
	ok(settings_save(&s, f->local, &err), &err);
	settings_init(&s);
	ok(settings_load(&s, f->local, &err), &err);
	parse_ok(&s, "--endpoint 192.0.2.9");
	assert_int_equal(s.endpoint_count, 1);
	assert_int_equal(s.endpoints[0].bytes[3], 9);
	assert_int_equal(s.grpc_port, 3);
	assert_false(s.voter);
}

static void settings_that_were_never_saved_are_not_found(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct settings s;

	settings_init(&s);
	assert_int_equal(settings_load(&s, f->local, &err), -ERR_NOT_FOUND);
}

static void saved_settings_that_are_no_settings_are_refused(void **state)
{
	static const char *const bad[] = { "nonsense=1\n", "id\n", "grpc-port=0\n", "backend=x\n" };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct error err = { 0 };
		struct settings s;

		ok(local_store_set_text(f->local, "settings", bad[i], &err), &err);
		settings_init(&s);
		assert_true(settings_load(&s, f->local, &err) < 0);
		assert_true(strlen(err.text) > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_options_the_defaults_hold),
		cmocka_unit_test(the_state_folder_comes_from_the_environment),
		cmocka_unit_test(every_option_is_taken),
		cmocka_unit_test(endpoints_of_the_command_line_replace_those_that_were_known),
		cmocka_unit_test(options_that_are_wrong_are_named_with_what_they_take),
		cmocka_unit_test(there_is_a_most_of_endpoints),
		cmocka_unit_test(what_is_no_option_is_left_to_the_caller),
		with_stores(what_is_saved_comes_back),
		with_stores(the_command_line_goes_before_what_is_saved),
		with_stores(settings_that_were_never_saved_are_not_found),
		with_stores(saved_settings_that_are_no_settings_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
