// SPDX-License-Identifier: Apache-2.0
/* The text form of a batch: what it says is what is sent, and what is wrong is explained. */
#include "../cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wgmesh/apply_file.h"

#define KEY "dv8e5MHNXkBCPSMCrV/pZqo9RGgG4/pR+HfljJTixGQ="

static struct apply_parser *parser;
static char line[4096];
static struct error err;

static int parse(const char *text, enum apply_line_kind *kind, struct apply_change *change)
{
	snprintf(line, sizeof(line), "%s", text);
	return apply_parse_line(parser, line, kind, change, &err);
}

static struct apply_change change_of(const char *text)
{
	struct apply_change change = { 0 };
	enum apply_line_kind kind;

	if (parse(text, &kind, &change))
		fail_msg("%s: %s", text, err.text);
	assert_int_equal(kind, APPLY_LINE_CHANGE);
	return change;
}

static void assert_nothing(const char *text)
{
	enum apply_line_kind kind;
	struct apply_change change;

	assert_int_equal(parse(text, &kind, &change), 0);
	assert_int_equal(kind, APPLY_LINE_NOTHING);
}

static void assert_refused(const char *text, const char *why)
{
	enum apply_line_kind kind;
	struct apply_change change;

	err.text[0] = 0;
	if (parse(text, &kind, &change) != -ERR_INVALID)
		fail_msg("not refused: %s", text);
	if (!strstr(err.text, why))
		fail_msg("%s: \"%s\" does not say \"%s\"", text, err.text, why);
}

static void whole_line_is_understood(void **state)
{
	struct apply_change c = change_of("peer " KEY " endpoint [2001:db8::1]:51820 keepalive 25 "
					  "pinned relay create prefix 10.0.0.0/24 prefix fd00::/64@7 "
					  "drop 10.1.0.0/16 psk /etc/key # and so on");
	char text[ENDPOINT_TEXT_MAX], prefix[PREFIX_TEXT_MAX], key[KEY_TEXT_MAX];

	(void)state;
	assert_string_equal(key_format(&c.peer.public_key, key), KEY);
	assert_int_equal(c.peer.fields, WG_PEER_ENDPOINT | WG_PEER_KEEPALIVE | WG_PEER_FLAGS |
			 WG_PEER_PRESHARED_KEY);
	assert_string_equal(endpoint_format(&c.peer.endpoint, text), "[2001:db8::1]:51820");
	assert_int_equal(c.peer.keepalive, 25);
	assert_int_equal(c.peer.flags, WGMESH_PEER_FLAGS_PINNED | WGMESH_PEER_FLAGS_RELAY |
			 WGMESH_PEER_FLAGS_CREATE_ONLY);
	assert_int_equal(c.peer.prefix_count, 3);
	assert_string_equal(prefix_format(&c.peer.prefixes[1].prefix, prefix), "fd00::/64");
	assert_int_equal(c.peer.prefixes[1].metric, 7);
	assert_int_equal(c.peer.prefixes[2].flags, WGMESH_PREFIX_FLAGS_REMOVE);
	assert_string_equal(c.psk_path, "/etc/key");
}

static void floor_is_read_as_it_is_printed(void **state)
{
	struct apply_change c = change_of("peer " KEY " floor 40000000123456789aBCdef0");
	static const uint8_t floor[] = { 0x40, 0, 0, 0, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde,
					 0xf0 };

	(void)state;
	assert_int_equal(c.peer.fields, WG_PEER_FLOOR);
	assert_memory_equal(c.peer.floor, floor, sizeof(floor));
	assert_refused("peer " KEY " floor 40000000123456789abcdef", "not a floor");
	assert_refused("peer " KEY " floor 40000000123456789abcdef01", "not a floor");
	assert_refused("peer " KEY " floor 4000000012345678 abcdef0", "not a floor");
	assert_refused("peer " KEY " floor 40000000123456789abcdeg0", "not a floor");
	assert_refused("peer " KEY " floor", "needs a value");
}

static void absent_words_change_nothing(void **state)
{
	struct apply_change c = change_of("  peer\t" KEY "  \r");

	(void)state;
	assert_int_equal(c.peer.fields, 0);
	assert_int_equal(c.peer.flags, 0);
	assert_int_equal(c.peer.prefix_count, 0);
	assert_null(c.psk_path);
}

static void nothing_lingers_from_the_line_before(void **state)
{
	struct apply_change c;

	(void)state;
	change_of("peer " KEY " pinned keepalive 3 psk x prefix 10.0.0.0/24");
	c = change_of("peer " KEY " psk none plain keepalive off");
	assert_int_equal(c.peer.fields, WG_PEER_PRESHARED_KEY | WG_PEER_FLAGS | WG_PEER_KEEPALIVE);
	assert_null(c.psk_path);
	assert_int_equal(c.peer.flags, 0);
	assert_int_equal(c.peer.keepalive, 0);
	assert_int_equal(c.peer.prefix_count, 0);
	c = change_of("remove " KEY);
	assert_int_equal(c.peer.flags, WGMESH_PEER_FLAGS_REMOVE);
	assert_int_equal(c.peer.fields, 0);
}

static void headers_stand_first(void **state)
{
	(void)state;
	assert_nothing("");
	assert_nothing("   # only a comment");
	assert_nothing("replace");
	assert_nothing("expect 18446744073709551615  # the last one");
	assert_true(apply_parser_options(parser)->replace);
	assert_true(apply_parser_options(parser)->expect);
	assert_int_equal(apply_parser_options(parser)->expected_generation, UINT64_MAX);
	change_of("remove " KEY);
	assert_refused("replace", "before every change");
	assert_refused("expect 1", "before every change");
}

static void wrong_words_are_explained(void **state)
{
	(void)state;
	assert_refused("pear " KEY, "peer, remove, replace, expect");
	assert_refused("peer", "needs a value");
	assert_refused("peer AAAA", "44 characters");
	assert_refused("peer " KEY " endpoint", "needs a value");
	assert_refused("peer " KEY " endpoint example.org:1", "192.0.2.1:51820");
	assert_refused("peer " KEY " endpoint 192.0.2.1:0", "192.0.2.1:51820");
	assert_refused("peer " KEY " endpoint 2001:db8::1:5", "[2001:db8::1]:51820");
	assert_refused("peer " KEY " keepalive 65536", "0 to 65535");
	assert_refused("peer " KEY " keepalive -1", "0 to 65535");
	assert_refused("peer " KEY " prefix 10.0.0.1/8", "write 10.0.0.0/8");
	assert_refused("peer " KEY " prefix fd00::1/64", "write fd00::/64");
	assert_refused("peer " KEY " prefix 10.0.0.0/33", "is not a prefix");
	assert_refused("peer " KEY " prefix 10.0.0.0/8@", "is not a metric");
	assert_refused("peer " KEY " prefix 10.0.0.0/8@4294967296", "is not a metric");
	assert_refused("peer " KEY " color blue", "\"color\" is unknown");
	assert_refused("peer " KEY " create update", "exclude");
	assert_refused("remove " KEY " prefix 10.0.0.0/8", "too much");
	assert_refused("expect", "needs a value");
	assert_refused("expect -1", "is not a generation");
	assert_refused("expect 18446744073709551616", "is not a generation");
	assert_refused("replace all", "too much");
}

static void prefixes_have_an_end(void **state)
{
	static char many[APPLY_LINE_MAX];
	enum apply_line_kind kind;
	struct apply_change c;
	size_t n = (size_t)sprintf(many, "peer " KEY);

	(void)state;
	for (int i = 0; i < 2 * WGMESH_PREFIXES_MAX; i++)
		n += (size_t)sprintf(many + n, " prefix 10.0.%d.%d/32", i >> 8, i & 255);
	strcpy(many + n, " prefix 11.0.0.0/32");
	assert_int_equal(apply_parse_line(parser, many, &kind, &c, &err), -ERR_INVALID);
	assert_non_null(strstr(err.text, "more than 2048 prefixes"));
}

static void noise_does_no_harm(void **state)
{
	static const char alphabet[] =
		"peer remove replace expect endpoint prefix 0123456789./:@[]#\t" KEY;
	unsigned int seed = 8;
	enum apply_line_kind kind;
	struct apply_change c;

	(void)state;
	for (int round = 0; round < 50000; round++) {
		size_t n = (size_t)rand_r(&seed) % 200;

		strcpy(line, round % 2 ? "peer " KEY " " : "");
		for (size_t i = strlen(line); i < n; i++) {
			line[i] = alphabet[(size_t)rand_r(&seed) % (sizeof(alphabet) - 1)];
			line[i + 1] = 0;
		}
		apply_parse_line(parser, line, &kind, &c, &err);
	}
}

static int setup(void **state)
{
	(void)state;
	parser = apply_parser_new();
	return parser ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	apply_parser_free(parser);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(whole_line_is_understood, setup, teardown),
		cmocka_unit_test_setup_teardown(floor_is_read_as_it_is_printed, setup, teardown),
		cmocka_unit_test_setup_teardown(absent_words_change_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_lingers_from_the_line_before, setup,
						teardown),
		cmocka_unit_test_setup_teardown(headers_stand_first, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_words_are_explained, setup, teardown),
		cmocka_unit_test_setup_teardown(prefixes_have_an_end, setup, teardown),
		cmocka_unit_test_setup_teardown(noise_does_no_harm, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
