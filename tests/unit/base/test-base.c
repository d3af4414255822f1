// SPDX-License-Identifier: Apache-2.0
/* base: what is parsed formats back to itself; what is malformed is refused. */
#include "../cmocka.h"

#include <string.h>

#include "base/addr.h"
#include "base/buf.h"
#include "base/crc32c.h"
#include "base/error.h"
#include "base/key.h"

static void key_text_round_trips(void **state)
{
	struct key key, back;
	char text[KEY_TEXT_MAX];

	(void)state;
	for (int seed = 0; seed < 256; seed++) {
		for (int i = 0; i < KEY_BYTES; i++)
			key.bytes[i] = (uint8_t)(seed * 7 + i * 31);
		assert_true(key_parse(key_format(&key, text), &back));
		assert_true(key_equal(&key, &back));
	}
	memset(&key, 0xff, sizeof(key));
	assert_string_equal(key_format(&key, text), "//////////////////////////////////////////8=");
}

static void key_refuses_what_is_not_one(void **state)
{
	static const char *const bad[] = {
		"", "AAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=",	/* spare bits set */
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-A=",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA A=",
	};
	struct key key;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(key_parse(bad[i], &key));
}

static void the_loopback_is_told_from_the_rest(void **state)
{
	static const char *const here[] = { "127.0.0.1", "127.255.255.255", "::1" };
	static const char *const elsewhere[] = { "126.0.0.1", "128.0.0.1", "0.0.0.0", "::", "::2",
						 "7f00::", "::ffff:127.0.0.1" };
	struct ip ip = { 0 };

	(void)state;
	assert_false(ip_is_loopback(&ip));
	for (size_t i = 0; i < sizeof(here) / sizeof(here[0]); i++) {
		assert_true(ip_parse(here[i], &ip));
		assert_true(ip_is_loopback(&ip));
	}
	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++)
		assert_false(ip_parse(elsewhere[i], &ip) && ip_is_loopback(&ip));
}

static void addresses_round_trip(void **state)
{
	static const char *const prefixes[] = { "10.0.0.0/8", "172.16.0.1/12", "0.0.0.0/0",
						"fd00::1/64", "::/0" };
	static const char *const endpoints[] = { "192.0.2.1:51820", "[2001:db8::1]:1" };
	char text[PREFIX_TEXT_MAX], etext[ENDPOINT_TEXT_MAX];
	struct endpoint e;
	struct prefix p;

	(void)state;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		assert_true(prefix_parse(prefixes[i], &p));
		assert_string_equal(prefix_format(&p, text), prefixes[i]);
	}
	for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++) {
		assert_true(endpoint_parse(endpoints[i], &e));
		assert_string_equal(endpoint_format(&e, etext), endpoints[i]);
	}
}

static void malformed_addresses_are_refused(void **state)
{
	static const char *const prefixes[] = { "", "/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/08", "10.0.0.0/-1", "fd00::/129", "10.0.0/8", "10.0.0.0/8x" };
	static const char *const endpoints[] = { "", ":", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "::1:5", "[::1]5", "[1.2.3.4]:5", "[::1:5", "[]:5" };
	struct endpoint e;
	struct prefix p;

	(void)state;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		assert_false(prefix_parse(prefixes[i], &p));
	for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++)
		assert_false(endpoint_parse(endpoints[i], &e));
}

static void masking_clears_host_bits(void **state)
{
	char text[PREFIX_TEXT_MAX];
	struct prefix p, m;
	struct ip ip;

	(void)state;
	assert_true(prefix_parse("172.31.255.1/12", &p));
	m = prefix_masked(&p);
	assert_string_equal(prefix_format(&m, text), "172.16.0.0/12");
	assert_true(ip_parse("172.20.0.9", &ip));
	assert_true(prefix_contains(&p, &ip));
	assert_true(ip_parse("172.32.0.0", &ip));
	assert_false(prefix_contains(&p, &ip));
}

static void buffer_keeps_its_maximum(void **state)
{
	struct buf b = BUF_INIT(8);

	(void)state;
	assert_true(buf_append(&b, "12345678", 8));
	assert_string_equal(buf_text(&b), "12345678");
	assert_false(buf_append(&b, "9", 1));
	assert_true(b.failed);
	assert_string_equal(buf_text(&b), "");
	buf_reset(&b);
	assert_true(buf_printf(&b, "%d-%s", 12, "ab"));
	assert_string_equal(buf_text(&b), "12-ab");
	buf_consume(&b, 3);
	assert_string_equal(buf_text(&b), "ab");
	buf_fini(&b);
}

static void errors_nest_their_context(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(error_set(&err, ERR_NOT_FOUND, "node %s is unknown", "n1"),
			 -ERR_NOT_FOUND);
	assert_int_equal(error_prefix(&err, "leave"), -ERR_NOT_FOUND);
	assert_string_equal(err.text, "leave: node n1 is unknown");
	assert_string_equal(error_kind_name(err.kind), "not-found");
}

static void crc32c_is_castagnoli_in_any_pieces(void **state)
{
	uint8_t data[300];

	(void)state;
	assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
	assert_int_equal(crc32c(0, (uint8_t[32]){ 0 }, 32), 0x8a9136aa);	/* RFC 3720, B.4 */
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 37 + i / 7);
	for (size_t len = 0; len <= sizeof(data); len++) {
		size_t cut = len / 3;
		uint32_t whole = crc32c(0, data, len);

		assert_int_equal(crc32c(crc32c(0, data, cut), data + cut, len - cut), whole);
		assert_int_equal(crc32c_portable(0, data, len), whole);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_text_round_trips),
		cmocka_unit_test(key_refuses_what_is_not_one),
		cmocka_unit_test(the_loopback_is_told_from_the_rest),
		cmocka_unit_test(addresses_round_trip),
		cmocka_unit_test(malformed_addresses_are_refused),
		cmocka_unit_test(masking_clears_host_bits),
		cmocka_unit_test(buffer_keeps_its_maximum),
		cmocka_unit_test(errors_nest_their_context),
		cmocka_unit_test(crc32c_is_castagnoli_in_any_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
