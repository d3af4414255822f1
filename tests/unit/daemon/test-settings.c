// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/settings_sources.h"

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

static void the_service_manager_starts_what_is_in_its_folder_and_a_command_the_rest(void **state)
{
	char command[PATH_MAX];
	struct settings s;

	settings_init(&s);
	assert_string_equal(settings_start_command(&s, command), "systemctl start wgmeshd");
	parse_ok(&s, "--state-dir /srv/lab");
	assert_string_equal(settings_start_command(&s, command),
			    "wgmeshd run --state-dir /srv/lab");
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
	assert_int_equal(s.endpoints.count, 0);
	assert_false(s.no_ipv4);
	assert_true(s.leader_proxy);
	assert_false(s.prefer_raft_ipv6);
	assert_true(strlen(s.id) > 0);
}

static void every_setting_has_a_variable(void **state)
{
	struct settings s;
	struct ip ip;

	setenv("WGMESH_STATE_DIR", "/tmp/elsewhere", 1);
	setenv("WGMESH_GRPC_PORT", "77", 1);
	setenv("WGMESH_NO_IPV4", "true", 1);
	setenv("WGMESH_ENDPOINT", "192.0.2.1, 2001:db8::1", 1);
	setenv("WGMESH_RAFT_PORT", "", 1);	/* as if it was not there */
	settings_init(&s);
	parse_ok(&s, "--state-dir /tmp/third");
	unsetenv("WGMESH_STATE_DIR");
	unsetenv("WGMESH_GRPC_PORT");
	unsetenv("WGMESH_NO_IPV4");
	unsetenv("WGMESH_ENDPOINT");
	unsetenv("WGMESH_RAFT_PORT");
	assert_string_equal(s.state_dir, "/tmp/third");
	assert_int_equal(s.grpc_port, 77);
	assert_int_equal(s.raft_port, 9443);
	assert_true(s.no_ipv4);
	assert_int_equal(s.endpoints.count, 2);
	assert_true(ip_parse("2001:db8::1", &ip) && ip_equal(&ip, &s.endpoints.items[1]));
}

static void a_variable_that_is_wrong_is_named(void **state)
{
	struct error err = { 0 };
	struct settings s;
	char line[] = "--id n1";
	int rest;

	setenv("WGMESH_TICK_MS", "9", 1);
	settings_init(&s);
	assert_int_equal(parse(&s, line, &rest, NULL, &err), -ERR_INVALID);
	unsetenv("WGMESH_TICK_MS");
	assert_string_equal(err.text, "$WGMESH_TICK_MS: \"9\" is no number from 10 to 1000");
}

static void a_text_that_is_not_utf8_is_refused_and_not_quoted(void **state)
{
	static const char *const names[] = { "device", "state-dir", "id", "tick-ms", "endpoint",
					     "backend", "no-ipv4", "ipv4-prefix" };
	struct settings s, before;
	struct error err;

	settings_init(&s);
	before = s;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(settings_tell(&s, settings_lookup(names[i]), "wg\xff", ORIGIN_FLAG,
					       0, &err), -ERR_INVALID);
		assert_string_equal(err.text,
				    "byte 3 of the value, 0xff, is not UTF-8: write it in that");
	}
	assert_memory_equal(&s, &before, sizeof(s));
	ok(settings_tell(&s, settings_lookup("state-dir"), "/b\xc3\xbc" "ro", ORIGIN_FLAG, 0, &err),
	   &err);
}

static void an_option_that_is_not_utf8_is_named(void **state)
{
	char line[] = "--device wg\xc3(";
	struct settings s;
	struct error err;
	int rest;

	settings_init(&s);
	assert_int_equal(parse(&s, line, &rest, NULL, &err), -ERR_INVALID);
	assert_string_equal(err.text,
			    "--device: byte 3 of the value, 0xc3, is not UTF-8: write it in that");
}

static void every_option_is_taken(void **state)
{
	struct settings s;
	struct ip ip;

	settings_init(&s);
	parse_ok(&s,
		 "--id n7 --endpoint 192.0.2.1 --endpoint 2001:db8::1 --device wg9 --log-level "
		 "warn");
	parse_ok(&s,
		 "--backend none --lazy off --wireguard-port 1 --raft-port 65535 --grpc-port 3");
	parse_ok(&s,
		 "--no-ipv4 --prefer-raft-ipv6 --ipv4-prefix 10.1.2.3/8 --tick-ms 10 "
		 "--followers-max 0 --leader-proxy off");
	assert_string_equal(s.id, "n7");
	assert_int_equal(s.endpoints.count, 2);
	assert_true(ip_parse("192.0.2.1", &ip) && ip_equal(&ip, &s.endpoints.items[0]));
	assert_true(ip_parse("2001:db8::1", &ip) && ip_equal(&ip, &s.endpoints.items[1]));
	assert_string_equal(s.device, "wg9");
	assert_string_equal(s.backend, "none");
	assert_string_equal(s.lazy, "off");
	assert_int_equal(s.wireguard_port, 1);
	assert_int_equal(s.raft_port, 65535);
	assert_int_equal(s.grpc_port, 3);
	assert_true(s.no_ipv4);
	assert_true(s.prefer_raft_ipv6);
	assert_int_equal(s.ipv4_prefix.len, 8);
	assert_int_equal(s.ipv4_prefix.ip.bytes[1], 0);	/* masked */
	assert_int_equal(s.tick_ms, 10);
	assert_int_equal(s.followers_max, 0);
	assert_false(s.leader_proxy);
	assert_string_equal(s.log_level, "warn");
}

static void pages_are_served_on_the_loopback_or_not_at_all(void **state)
{
	static const char *const elsewhere[] = { "0.0.0.0:8444", "192.0.2.1:8444", "[::]:8444",
						 "[2001:db8::1]:1" };
	static const char *const bad[] = { "127.0.0.1", "8444", "localhost:8444", "127.0.0.1:0",
					   "127.0.0.1:65536", "", "127.0.0.1:8444 " };
	int row = settings_lookup("metrics-address");
	struct buf text = BUF_INIT(SETTINGS_VALUE_MAX);
	struct settings s;
	struct error err;

	settings_init(&s);
	settings_format(&s, row, &text);
	assert_string_equal(buf_text(&text), "127.0.0.1:8444");
	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++) {
		assert_int_equal(settings_tell(&s, row, elsewhere[i], ORIGIN_FLAG, 0, &err),
				 -ERR_INVALID);
		assert_non_null(strstr(err.text, "is not on the loopback"));
		assert_non_null(strstr(err.text, "wmctl metrics NODE"));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(settings_tell(&s, row, bad[i], ORIGIN_FLAG, 0, &err), -ERR_INVALID);
	assert_int_equal(s.metrics_address.port, 8444);
	ok(settings_tell(&s, row, "[::1]:9", ORIGIN_FLAG, 0, &err), &err);
	ok(settings_tell(&s, row, "none", ORIGIN_FLAG, 0, &err), &err);
	assert_int_equal(s.metrics_address.ip.family, AF_UNSPEC);
	buf_reset(&text);
	settings_format(&s, row, &text);
	assert_string_equal(buf_text(&text), "none");
	buf_fini(&text);
}

static void endpoints_of_who_goes_first_replace_those_of_others(void **state)
{
	struct settings s;
	struct error err;
	struct ip ip;
	int row = settings_lookup("endpoint");

	settings_init(&s);
	ok(settings_tell(&s, row, "192.0.2.1", ORIGIN_SAVED, 1, &err), &err);
	ok(settings_tell(&s, row, "192.0.2.2", ORIGIN_SAVED, 2, &err), &err);
	assert_int_equal(s.endpoints.count, 2);
	ok(settings_tell(&s, row, "192.0.2.3", ORIGIN_FLAG, 0, &err), &err);
	assert_int_equal(s.endpoints.count, 1);
	assert_true(ip_parse("192.0.2.3", &ip) && ip_equal(&ip, &s.endpoints.items[0]));
	ok(settings_tell(&s, row, "192.0.2.4", ORIGIN_FILE, 1, &err), &err);
	assert_int_equal(s.endpoints.count, 1);
	assert_true(ip_equal(&ip, &s.endpoints.items[0]));
}

static void none_takes_the_endpoints_of_others_away(void **state)
{
	struct settings s;
	struct error err;
	int row = settings_lookup("endpoint");

	settings_init(&s);
	ok(settings_tell(&s, row, "192.0.2.1", ORIGIN_SAVED, 1, &err), &err);
	ok(settings_tell(&s, row, "none", ORIGIN_FILE, 1, &err), &err);
	assert_int_equal(s.endpoints.count, 0);
}

static void routes_of_who_goes_first_replace_those_of_others(void **state)
{
	char text[ROUTES_TEXT_MAX];
	struct settings s;
	struct error err;
	int row = settings_lookup("accept-routes");

	settings_init(&s);
	assert_string_equal(route_list_format(&s.accept_routes, text),
			    "10.0.0.0/8,100.64.0.0/10,172.16.0.0/12,192.168.0.0/16,fc00::/7");
	ok(settings_tell(&s, row, "192.0.2.0/24", ORIGIN_FILE, 1, &err), &err);
	ok(settings_tell(&s, row, "10.0.0.0/8", ORIGIN_FILE, 2, &err), &err);
	assert_string_equal(route_list_format(&s.accept_routes, text), "10.0.0.0/8,192.0.2.0/24");
	ok(settings_tell(&s, row, "none", ORIGIN_FLAG, 0, &err), &err);
	assert_string_equal(route_list_format(&s.accept_routes, text), "none");
}

static void assert_refused(const char *const bad[][2], size_t count)
{
	for (size_t i = 0; i < count; i++) {
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

/* { option and value, what the text must say that it takes } */
static const char *const wrong_options[][2] = {
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
	{ "--key-rotation-interval 59s", "168h, 30m or 90s" },
	{ "--key-rotation-interval 168", "168h, 30m or 90s" },
	{ "--key-rotation-interval 1h30m", "168h, 30m or 90s" },
	{ "--key-rotation-interval 99999999h", "168h, 30m or 90s" },
	{ "--state-dir _", "characters" },
	{ "--nonsense 1", "--help" },
	{ "--raftport 1", "did you mean --raft-port?" },
	{ "--raft-port", "--help" },
	{ "--log-level loud", "error, warn, info, debug" },
	{ "--backend auto,", "auto, mesh, kernel, userspace, none" },
	{ "--backend mesh,_kernel", "auto, mesh, kernel, userspace, none" },
	{ "--leader-proxy yes", "neither on nor off" },
	{ "--routes 10.0.0.0/33", "is no prefix, nor none" },
	{ "--accept-routes everything", "is no prefix, nor none" },
	{ "--exit-node _", "1 to 63 characters" },
	{ "--peer-endpoint 192.0.2.1:1", "is not like n2=192.0.2.1:51820" },
	{ "--peer-endpoint n2=192.0.2.1", "is not like n2=192.0.2.1:51820" },
	{ "--peer-endpoint _=192.0.2.1:1", "no node's id" },
	{ "--masquerade sometimes", "auto, on, off" },
	{ "--webrtc-destinations self,192.0.2.1:0", "is not like self, self:22" },
	{ "--stun-servers stun.example.org:3478", "is not like stun:192.0.2.1:3478" },
	{ "--turn-mode on", "off, managed, external" },
	{ "--turn-address turn.example.org", "no IP address" },
	{ "--turn-port 1023", "1024 to 65535" },
	{ "--turn-relay-ports 2000-1999", "no range of ports" },
	{ "--turn-realm a_b\"c", "1 to 63 characters" },
	{ "--turn-server turn.example.org", "not like turn:192.0.2.1:3478" },
	{ "--turn-server turn:u:p@192.0.2.1", "takes no user" },
	{ "--turn-secret-file s", "does not begin with" },
};

static void options_that_are_wrong_are_named_with_what_they_take(void **state)
{
	assert_refused(wrong_options, sizeof(wrong_options) / sizeof(wrong_options[0]));
}

static void what_dns_cannot_do_is_named_with_what_it_takes(void **state)
{
	static const char *const bad[][2] = {
		{ "--domain Mesh.example", "no domain name" },
		{ "--domain mesh..example", "no domain name" },
		{ "--dns perhaps", "neither on nor off" },
		{ "--dns-address meshes", "not like mesh" },
		{ "--dns-address mesh:0", "not like mesh" },
		{ "--dns-address mesh:65536", "not like mesh" },
		{ "--dns-address mesh:1:2", "not like mesh" },
		{ "--dns-address localhost:53", "not like mesh" },
		{ "--dns-address 127.0.0.1:0", "not like mesh" },
		{ "--dns-rate 1000001", "no number" },
		{ "--dns-keys etc/keys", "does not begin with /" },
	};

	assert_refused(bad, sizeof(bad) / sizeof(bad[0]));
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
	assert_int_equal(s.endpoints.count, SETTINGS_ENDPOINTS_MAX);
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

/* ---- files ---- */

static const char *write_file(const struct fixture *f, const char *text)
{
	static char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/wgmeshd.yaml", f->dir);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	return path;
}

static void a_file_says_what_options_say(void **state)
{
	struct settings file, flags;
	struct error err;

	settings_init(&file);
	settings_init(&flags);
	ok(settings_read_file(&file, write_file(*state,
		"id: n7\nendpoint:\n  - 192.0.2.1\n  - 2001:db8::1\ndevice: wg9\nbackend: none\n"
		"lazy: off\nwireguard-port: 1\nraft-port: 2\ngrpc-port: 3\nno-ipv4: true\n"
		"prefer-raft-ipv6: on\nipv4-prefix: 10.0.0.0/9\ntick-ms: 77\nleader-proxy: false\n"
		"log-level: debug\nlog-keep: 99\nfollowers-max: 0\nstate-dir: /tmp/x\n"
		"certificate-seconds: 10\nroutes:\n  - 192.168.5.7/24\n  - ::/0\n"
		"accept-routes: 10.0.0.0/8\nexit-node: n2\nmasquerade: on\nkey-rotation-interval: 90m\nexpire-after: 2m\n"
		"metrics-address: \"[::1]:9\"\n"
		"web-address: 192.0.2.1:8445\n"
		"peer-endpoint: [\"n2=192.0.2.1:1\", \"n3=[2001:db8::1]:2\"]\n"
		"webrtc: off\nwebrtc-destinations: [self:22, \"[2001:db8::]:1-2\"]\n"
		"stun-servers:\n  - stun:192.0.2.1\n  - stun:[2001:db8::1]:9\n"
		"domain: mesh.example\ndns: off\ndns-rate: 0\ndns-keys: /etc/k\ndns-resolved: off\n"
		"dns-address: [mesh, \"mesh:5353\", 127.0.0.1, \"[::1]:54\"]\n"
		"turn-mode: external\nturn-address: 192.0.2.9\nturn-port: 3479\nturn-realm: x.y\n"
		"turn-relay-ports: 2000-3000\nturn-server: turn:192.0.2.8\nturn-secret-file: /s\n"), &err), &err);
	parse_ok(&flags, "--domain mesh.example --dns off --dns-rate 0 --dns-address mesh,mesh:5353");
	parse_ok(&flags, "--dns-address 127.0.0.1:53 --dns-address [::1]:54 --dns-keys /etc/k --dns-resolved off");
	parse_ok(&flags,
		 "--webrtc off --webrtc-destinations self:22,[2001:db8::]:1-2 --stun-servers 192.0.2.1:3478");
	parse_ok(&flags, "--stun-servers [2001:db8::1]:9");
	parse_ok(&flags,
		 "--turn-mode external --turn-address 192.0.2.9 --turn-port 3479 --turn-realm x.y "
		 "--turn-relay-ports 2000-3000 --turn-server turn:192.0.2.8:3478 --turn-secret-file /s");
	parse_ok(&flags,
		 "--id n7 --endpoint 192.0.2.1,2001:db8::1 --device wg9 --backend none --lazy off");
	parse_ok(&flags,
		 "--wireguard-port 1 --raft-port 2 --grpc-port 3 --no-ipv4 --prefer-raft-ipv6");
	parse_ok(&flags,
		 "--ipv4-prefix 10.0.0.0/9 --tick-ms 77 --leader-proxy off --log-level debug");
	parse_ok(&flags,
		 "--log-keep 99 --followers-max 0 --state-dir /tmp/x --certificate-seconds 10");
	parse_ok(&flags,
		 "--routes ::/0 --routes 192.168.5.0/24 --accept-routes 10.0.0.0/8 --exit-node n2 "
		 "--masquerade on --key-rotation-interval 5400s --expire-after 120s --peer-endpoint n2=192.0.2.9:1");
	parse_ok(&flags, "--metrics-address [::1]:9 --web-address 192.0.2.1:8445");
	parse_ok(&flags, "--peer-endpoint n3=[2001:db8::1]:2 --peer-endpoint n2=192.0.2.1:1");
	for (int i = 0; i < SETTINGS_COUNT; i++) {
		assert_int_equal(file.told[i].origin, ORIGIN_FILE);
		assert_true(file.told[i].line > 0);
		assert_int_equal(flags.told[i].origin, ORIGIN_FLAG);
	}
	memset(file.told, 0, sizeof(file.told));
	memset(flags.told, 0, sizeof(flags.told));
	memset(file.file, 0, sizeof(file.file));
	assert_memory_equal(&file, &flags, sizeof(file));
}

/* { the file, where, what is said } */
static void what_is_wrong_in_a_file_has_a_place_and_a_remedy(void **state)
{
	static const char *const bad[][3] = {
		{ "id: n1\n\nraftport: 5\n", ":3:1: ", "\"raftport\": did you mean raft-port?" },
		{ "nonsense: 5\n", ":1:1: ", "wgmeshd --help lists them" },
		{ "raft-port:  70000\n", ":1:13: ",
		  "raft-port: \"70000\" is no number from 1 to 65535" },
		{ "raft-port:\n", ":1:11: ", "raft-port: \"\" is no number" },
		{ "raft-port: [1]\n", ":1:12: ", "takes PORT, not a list or a map" },
		{ "raft-port: {a: 1}\n", ":1:12: ", "takes PORT, not a list or a map" },
		{ "endpoint: [192.0.2.1, host]\n", ":1:23: ", "\"host\" is no IP address" },
		{ "endpoint: [[192.0.2.1]]\n", ":1:12: ", "takes ADDRESS" },
		{ "- id: n1\n", ":1:1: ", "name: value" },
		{ "id n1\n", ":1:1: ", "name: value" },
		{ "id: n1\nid: n2\n", ":2:1: ", "already, in line 1" },
		{ "backend: wireguard\n", ":1:10: ",
		  "none of auto, mesh, kernel, userspace, none" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *path = write_file(*state, bad[i][0]);
		struct error err = { 0 };
		struct settings s;

		settings_init(&s);
		assert_int_equal(settings_read_file(&s, path, &err), -ERR_INVALID);
		if (strncmp(err.text, path, strlen(path)) != 0 ||
		    strncmp(err.text + strlen(path), bad[i][1], strlen(bad[i][1])) != 0 ||
		    !strstr(err.text, bad[i][2]))
			fail_msg("of \"%s\" is said: %s", bad[i][0], err.text);
	}
}

static void options_go_before_variables_before_the_file_before_what_is_saved(void **state)
{
	struct fixture *f = *state;
	struct settings s;
	struct error err;
	char text[SETTINGS_ORIGIN_TEXT_MAX], line[256];
	const char *path;

	settings_init(&s);
	snprintf(s.state_dir, sizeof(s.state_dir), "%s", f->dir);
	parse_ok(&s, "--id n7 --grpc-port 1 --raft-port 1 --tick-ms 11 --followers-max 1");
	ok(settings_save(&s, f->local, &err), &err);
	path = write_file(f, "grpc-port: 2\nraft-port: 2\ntick-ms: 12\n");
	settings_init(&s);
	setenv("WGMESH_GRPC_PORT", "3", 1);
	setenv("WGMESH_RAFT_PORT", "3", 1);
	snprintf(line, sizeof(line), "--config %s --grpc-port 4 --state-dir %s", path, f->dir);
	parse_ok(&s, line);
	unsetenv("WGMESH_GRPC_PORT");
	unsetenv("WGMESH_RAFT_PORT");
	ok(settings_load(&s, f->local, &err), &err);
	assert_int_equal(s.grpc_port, 4);
	assert_int_equal(s.raft_port, 3);
	assert_int_equal(s.tick_ms, 12);
	assert_int_equal(s.followers_max, 1);
	assert_int_equal(s.wireguard_port, 51820);
	assert_string_equal(settings_origin(&s, settings_lookup("grpc-port"), text), "--grpc-port");
	assert_string_equal(settings_origin(&s, settings_lookup("raft-port"), text),
			    "$WGMESH_RAFT_PORT");
	assert_string_equal(settings_origin(&s, settings_lookup("lazy"), text), "default");
	settings_origin(&s, settings_lookup("tick-ms"), text);
	assert_non_null(strstr(text, "/wgmeshd.yaml:3"));
	settings_origin(&s, settings_lookup("followers-max"), text);
	assert_non_null(strstr(text, "/settings.yaml:"));
}

static void a_file_that_is_named_must_be_there(void **state)
{
	struct error err = { 0 };
	struct settings s;
	char line[] = "--config /nonexistent/x";
	int rest;

	settings_init(&s);
	assert_int_equal(parse(&s, line, &rest, NULL, &err), -ERR_NOT_FOUND);
	assert_non_null(strstr(err.text, "/nonexistent/x"));
	setenv("WGMESH_CONFIG", "/nonexistent/y", 1);
	settings_init(&s);
	assert_int_equal(parse(&s, (char[]){ "--id n1" }, &rest, NULL, &err), -ERR_NOT_FOUND);
	assert_non_null(strstr(err.text, "/nonexistent/y"));
	setenv("WGMESH_CONFIG", "", 1);
	settings_init(&s);
	parse_ok(&s, "--id n1");
	assert_string_equal(s.file, "");
}

/* ---- what is kept ---- */

static void init_in(struct fixture *f, struct settings *s)
{
	settings_init(s);
	snprintf(s->state_dir, sizeof(s->state_dir), "%s", f->dir);
}

static void assert_same(const struct settings *a, const struct settings *b)
{
	for (int i = 0; i < SETTINGS_COUNT; i++) {
		struct buf x = BUF_INIT(SETTINGS_VALUE_MAX), y = BUF_INIT(SETTINGS_VALUE_MAX);

		settings_format(a, i, &x);
		settings_format(b, i, &y);
		assert_string_equal(buf_text(&x), buf_text(&y));
		buf_fini(&x);
		buf_fini(&y);
	}
	assert_int_equal(a->voter, b->voter);
}

static void what_is_saved_comes_back(void **state)
{
	struct settings saved, loaded;
	struct fixture *f = *state;
	struct error err;

	init_in(f, &saved);
	parse_ok(&saved, "--id n7 --endpoint 192.0.2.1 --endpoint 2001:db8::1 --device wg9");
	parse_ok(&saved,
		 "--backend none --lazy on --wireguard-port 1 --raft-port 2 --grpc-port 3 "
		 "--no-ipv4");
	parse_ok(&saved,
		 "--prefer-raft-ipv6 --ipv4-prefix 10.0.0.0/9 --tick-ms 77 --leader-proxy off");
	saved.voter = true;
	ok(settings_save(&saved, f->local, &err), &err);
	reopen(f);
	init_in(f, &loaded);
	ok(settings_load(&loaded, f->local, &err), &err);
	assert_same(&loaded, &saved);
}

static void what_the_file_says_is_not_saved_but_the_name_is(void **state)
{
	struct fixture *f = *state;
	struct settings s;
	struct error err;

	init_in(f, &s);
	ok(settings_read_file(&s, write_file(f, "id: n7\ntick-ms: 12\n"), &err), &err);
	ok(settings_save(&s, f->local, &err), &err);
	init_in(f, &s);
	ok(settings_load(&s, f->local, &err), &err);
	assert_string_equal(s.id, "n7");
	assert_int_equal(s.tick_ms, 50);
}

static void settings_that_were_never_saved_are_not_found(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct settings s;

	init_in(f, &s);
	assert_int_equal(settings_load(&s, f->local, &err), -ERR_NOT_FOUND);
}

static void what_an_older_release_has_kept_moves_to_the_file(void **state)
{
	static const char old[] = "id=n7\ndevice=wg9\nbackend=none\nlazy=auto\nendpoint=192.0.2.1\n"
				  "endpoint=2001:db8::1\nno-ipv4=\ngrpc-port=3\nleader-proxy=off\n";
	struct fixture *f = *state;
	struct settings s, expected;
	struct error err;

	ok(local_store_set_text(f->local, "settings", old, &err), &err);
	ok(local_store_set_text(f->local, LOCAL_ROLE, "voter", &err), &err);
	init_in(f, &expected);
	parse_ok(&expected,
		 "--id n7 --device wg9 --backend none --endpoint 192.0.2.1,2001:db8::1 --no-ipv4");
	parse_ok(&expected, "--grpc-port 3 --leader-proxy off --tick-ms 99");
	expected.voter = true;
	for (int turn = 0; turn < 2; turn++) {
		init_in(f, &s);
		parse_ok(&s, "--tick-ms 99");
		ok(settings_load(&s, f->local, &err), &err);
		assert_same(&s, &expected);
		ok(local_store_set_text(f->local, "settings", NULL, &err), &err);
	}
	init_in(f, &s);
	ok(settings_load_file(&s, &err), &err);
	assert_int_equal(s.tick_ms, 50);	/* what one run was told is not kept */
}

static void saved_settings_that_are_no_settings_are_refused(void **state)
{
	static const char *const bad[] = { "nonsense=1\n", "id\n", "grpc-port=0\n", "backend=x\n" };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct error err = { 0 };
		struct settings s;

		ok(local_store_set_text(f->local, "settings", bad[i], &err), &err);
		init_in(f, &s);
		assert_true(settings_load(&s, f->local, &err) < 0);
		assert_true(strlen(err.text) > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_options_the_defaults_hold),
		cmocka_unit_test(every_setting_has_a_variable),
		cmocka_unit_test(a_variable_that_is_wrong_is_named),
		cmocka_unit_test(a_text_that_is_not_utf8_is_refused_and_not_quoted),
		cmocka_unit_test(an_option_that_is_not_utf8_is_named),
		cmocka_unit_test(every_option_is_taken),
		cmocka_unit_test(pages_are_served_on_the_loopback_or_not_at_all),
		cmocka_unit_test(endpoints_of_who_goes_first_replace_those_of_others),
		cmocka_unit_test(none_takes_the_endpoints_of_others_away),
		cmocka_unit_test(routes_of_who_goes_first_replace_those_of_others),
		cmocka_unit_test(
			the_service_manager_starts_what_is_in_its_folder_and_a_command_the_rest),
		cmocka_unit_test(options_that_are_wrong_are_named_with_what_they_take),
		cmocka_unit_test(what_dns_cannot_do_is_named_with_what_it_takes),
		cmocka_unit_test(there_is_a_most_of_endpoints),
		cmocka_unit_test(what_is_no_option_is_left_to_the_caller),
		with_stores(a_file_says_what_options_say),
		with_stores(what_is_wrong_in_a_file_has_a_place_and_a_remedy),
		with_stores(options_go_before_variables_before_the_file_before_what_is_saved),
		cmocka_unit_test(a_file_that_is_named_must_be_there),
		with_stores(what_is_saved_comes_back),
		with_stores(what_the_file_says_is_not_saved_but_the_name_is),
		with_stores(settings_that_were_never_saved_are_not_found),
		with_stores(what_an_older_release_has_kept_moves_to_the_file),
		with_stores(saved_settings_that_are_no_settings_are_refused),
	};

	/* This machine's own file has no say here. */
	setenv("WGMESH_CONFIG", "", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
