// SPDX-License-Identifier: Apache-2.0
/* What a TURN server is told, and those who use it; and the settings that say so. */
#include "../cmocka.h"

#include <string.h>

#include "daemon/settings.h"
#include "daemon/turn.h"
#include "daemon/turn_config.h"
#include "daemon/turn_login.h"

/* The second is Python's: base64(hmac(SECRET, USER, sha1)). */
static void a_password_is_what_the_server_computes(void **state)
{
	static const struct {
		const char *secret, *name, *user, *password;
		int64_t expires_at;
	} cases[] = {
		{ "north", "ninefingers", "1433895918:ninefingers", "jy8hTxmOO7UtEKXqSkSlvakPVYA=",
		  1433895918 },
		{ "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		  "f00dbeef00000000", "1700000600:f00dbeef00000000", "lmWzQGOSViFHa8RG1EPRPG+KP0A=",
		  1700000600 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct turn_server server = { .at.port = 7 };

		assert_int_equal(turn_login_make(cases[i].secret, cases[i].expires_at,
						 cases[i].name, &server, NULL), 0);
		assert_string_equal(server.user, cases[i].user);
		assert_string_equal(server.password, cases[i].password);
		assert_int_equal(server.at.port, 7);
	}
}

static void a_name_that_is_too_long_is_refused(void **state)
{
	struct turn_server server = { 0 };
	char name[TURN_USER_MAX + 1] = { 0 };

	memset(name, 'x', sizeof(name) - 1);
	assert_int_equal(turn_login_make("s", 1, name, &server, NULL), -ERR_INVALID);
	assert_string_equal(server.user, "");
}

static const char *write_config(bool translated, const char *address, struct buf *out)
{
	struct turn_config config = {
		.translated = translated, .relay_ports = { 50000, 50100 }, .realm = "example.org",
		.secret = "5ec7e7",
	};

	assert_true(endpoint_parse(address, &config.at));
	assert_true(prefix_parse("203.0.113.77/26", &config.mesh));
	assert_true(turn_config_write(&config, out));
	return buf_text(out);
}

static void has(const char *text, const char *line)
{
	const char *at = strstr(text, line);

	if (!at || (at != text && at[-1] != '\n') || at[strlen(line)] != '\n')
		fail_msg("no line \"%s\" in:\n%s", line, text);
}

static void the_server_is_told_where_it_is_and_whom_to_believe(void **state)
{
	struct buf out = BUF_INIT(TURN_CONFIG_MAX);
	const char *text = write_config(false, "192.0.2.1:3479", &out);

	has(text, "listening-port=3479");
	has(text, "listening-ip=192.0.2.1");
	has(text, "relay-ip=192.0.2.1");
	has(text, "min-port=50000");
	has(text, "max-port=50100");
	has(text, "realm=example.org");
	has(text, "use-auth-secret");
	has(text, "static-auth-secret=5ec7e7");
	has(text, "no-cli");
	has(text, "no-tcp-relay");
	assert_null(strstr(text, "external-ip"));
	buf_fini_secret(&out);
}

static void behind_a_nat_it_is_told_the_address_outside(void **state)
{
	struct buf out = BUF_INIT(TURN_CONFIG_MAX);
	const char *text = write_config(true, "[2001:db8::1]:3478", &out);

	has(text, "external-ip=2001:db8::1");
	assert_null(strstr(text, "listening-ip"));
	buf_fini_secret(&out);
}

static void it_relays_to_no_network_behind_it(void **state)
{
	struct buf out = BUF_INIT(TURN_CONFIG_MAX);
	const char *text = write_config(false, "192.0.2.1:3478", &out);

	has(text, "denied-peer-ip=127.0.0.0-127.255.255.255");
	has(text, "denied-peer-ip=172.16.0.0-172.31.255.255");
	has(text, "denied-peer-ip=fc00::-fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	has(text, "denied-peer-ip=203.0.113.64-203.0.113.127");	/* the mesh */
	has(text, "allowed-peer-ip=192.0.2.1");
	buf_fini_secret(&out);
}

static void tell(struct settings *s, const char *name, const char *value)
{
	assert_int_equal(settings_tell(s, settings_lookup(name), value, ORIGIN_FLAG, 0, NULL), 0);
}

static void refused(const struct settings *s, const char *word)
{
	struct error err = { 0 };

	assert_int_equal(turn_check(s, &err), -ERR_INVALID);
	if (!strstr(err.text, word))
		fail_msg("no \"%s\" in: %s", word, err.text);
}

static void a_mode_without_what_it_needs_is_refused(void **state)
{
	struct settings s;

	settings_init(&s);
	assert_int_equal(turn_check(&s, NULL), 0);
	tell(&s, "turn-mode", "managed");
	refused(&s, "turn-address");
	tell(&s, "turn-address", "192.0.2.1");
	assert_int_equal(turn_check(&s, NULL), 0);
	tell(&s, "turn-address", "none");
	tell(&s, "endpoint", "192.0.2.1");
	assert_int_equal(turn_check(&s, NULL), 0);
	tell(&s, "turn-mode", "external");
	refused(&s, "turn-server");
	tell(&s, "turn-server", "turn:192.0.2.1");
	refused(&s, "turn-secret-file");
	tell(&s, "turn-secret-file", "/nowhere");
	assert_int_equal(turn_check(&s, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_password_is_what_the_server_computes),
		cmocka_unit_test(a_name_that_is_too_long_is_refused),
		cmocka_unit_test(the_server_is_told_where_it_is_and_whom_to_believe),
		cmocka_unit_test(behind_a_nat_it_is_told_the_address_outside),
		cmocka_unit_test(it_relays_to_no_network_behind_it),
		cmocka_unit_test(a_mode_without_what_it_needs_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
