// SPDX-License-Identifier: Apache-2.0
/* crypto: a join token arrives whole or not at all. */
#include "../cmocka.h"

#include <stdio.h>

#include "crypto/base64url.h"
#include "crypto/token.h"
#include "fixtures.h"

static struct token make_token(void)
{
	struct ca *ca = fixture_ca("m1", NOW);
	struct token token;
	struct error err;

	assert_ok(token_generate(ca_cert_pem(ca), "m1", &token, &err), &err);
	assert_ok(token_add_address(&token, "192.0.2.1:8443", &err), &err);
	assert_ok(token_add_address(&token, "[2001:db8::1]:8443", &err), &err);
	assert_ok(token_add_address(&token, "Seed-1.example.org:443", &err), &err);
	ca_free(ca);
	return token;
}

static void a_token_round_trips(void **state)
{
	struct token token = make_token(), back;
	char text[TOKEN_TEXT_MAX], padded[TOKEN_TEXT_MAX + 8];
	struct error err;

	(void)state;
	assert_ok(token_format(&token, text, &err), &err);
	assert_int_equal(strncmp(text, "wgmesh1.", 8), 0);
	snprintf(padded, sizeof(padded), " \t%s\r\n", text);
	assert_ok(token_parse(padded, &back, &err), &err);
	assert_string_equal(back.id, token.id);
	assert_int_equal(strlen(back.id), TOKEN_ID_MAX - 1);
	assert_memory_equal(back.secret, token.secret, TOKEN_SECRET_BYTES);
	assert_string_equal(back.mesh_id, "m1");
	assert_int_equal(back.ca_der_len, token.ca_der_len);
	assert_memory_equal(back.ca_der, token.ca_der, token.ca_der_len);
	assert_int_equal(back.address_count, 3);
	assert_string_equal(back.addresses[1], "[2001:db8::1]:8443");
	assert_string_equal(back.addresses[2], "Seed-1.example.org:443");
	token_wipe(&back);
	assert_int_equal(back.address_count, 0);
}

static void the_longest_token_round_trips(void **state)
{
	struct token token = make_token(), back;
	char text[TOKEN_TEXT_MAX], address[TOKEN_ADDRESS_MAX + 1];
	struct error err;

	(void)state;
	token.address_count = 0;
	memset(address, 'a', sizeof(address));
	strcpy(address + 249, ":65535");	/* 255 characters in all */
	for (int i = 0; i < TOKEN_ADDRESSES_MAX; i++)
		assert_ok(token_add_address(&token, address, &err), &err);
	assert_int_equal(token_add_address(&token, "a:1", &err), -ERR_EXHAUSTED);
	memset(token.mesh_id, 'm', SUBJECT_NAME_MAX - 1);
	token.mesh_id[SUBJECT_NAME_MAX - 1] = 0;
	assert_ok(token_format(&token, text, &err), &err);
	assert_ok(token_parse(text, &back, &err), &err);
	assert_string_equal(back.addresses[3], address);
}

static void every_bit_flip_is_detected(void **state)
{
	struct token token = make_token(), back;
	char text[TOKEN_TEXT_MAX];

	(void)state;
	assert_int_equal(token_format(&token, text, NULL), 0);
	for (size_t i = 0; text[i]; i++) {
		for (int bit = 0; bit < 7; bit++) {
			text[i] ^= (char)(1 << bit);
			assert_int_equal(token_parse(text, &back, NULL), -ERR_INVALID);
			text[i] ^= (char)(1 << bit);
		}
	}
}

static void every_cut_and_every_addition_is_detected(void **state)
{
	struct token token = make_token(), back;
	char text[TOKEN_TEXT_MAX], cut[TOKEN_TEXT_MAX + 1];
	struct error err;
	size_t len;

	(void)state;
	assert_int_equal(token_format(&token, text, NULL), 0);
	len = strlen(text);
	for (size_t i = 0; i < len; i++) {
		snprintf(cut, sizeof(cut), "%.*s", (int)i, text);
		assert_int_equal(token_parse(cut, &back, &err), -ERR_INVALID);
		if (i >= 8)
			assert_non_null(strstr(err.text, "cut short"));
	}
	snprintf(cut, sizeof(cut), "%sA", text);
	assert_int_equal(token_parse(cut, &back, &err), -ERR_INVALID);
}

/* The checksum is no signature: whoever likes can make a true one over nonsense. */
static int parse_with_true_checksum(const uint8_t *body, size_t len, struct error *err)
{
	char text[TOKEN_TEXT_MAX + 4096] = "wgmesh1.";
	uint8_t digest[SHA256_BYTES];
	struct token token;
	size_t at;

	base64url_encode(body, len, text + 8);
	at = strlen(text);
	sha256(text, at, digest, NULL);
	text[at] = '.';
	base64url_encode(digest, 6, text + at + 1);
	return token_parse(text, &token, err);
}

static void nonsense_under_a_true_checksum_is_refused(void **state)
{
	struct token token = make_token();
	char text[TOKEN_TEXT_MAX];
	uint8_t body[4096] = { 0 };
	struct error err;
	size_t len, chars;

	(void)state;
	assert_int_equal(token_format(&token, text, NULL), 0);
	chars = (size_t)(strrchr(text, '.') - text) - 8;
	assert_true(base64url_decode(text + 8, chars, body, sizeof(body), &len));
	assert_ok(parse_with_true_checksum(body, len, &err), &err);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(parse_with_true_checksum(body, i, &err), -ERR_INVALID);
	assert_int_equal(parse_with_true_checksum(body, len + 1, &err), -ERR_INVALID);
	body[8 + TOKEN_SECRET_BYTES] = 255;	/* the mesh id's length */
	assert_int_equal(parse_with_true_checksum(body, len, &err), -ERR_INVALID);
	body[8 + TOKEN_SECRET_BYTES] = 2;
	body[8 + TOKEN_SECRET_BYTES + 1] = 'M';
	assert_int_equal(parse_with_true_checksum(body, len, &err), -ERR_INVALID);
	body[8 + TOKEN_SECRET_BYTES + 1] = 'm';
	body[8 + TOKEN_SECRET_BYTES + 3] ^= 0x80;	/* the CA's length */
	assert_int_equal(parse_with_true_checksum(body, len, &err), -ERR_INVALID);
	body[8 + TOKEN_SECRET_BYTES + 3] ^= 0x80;
	body[8 + TOKEN_SECRET_BYTES + 5] ^= 1;		/* the CA's first byte */
	assert_int_equal(parse_with_true_checksum(body, len, &err), -ERR_INVALID);
	assert_non_null(strstr(err.text, "not a certificate"));
}

static void what_is_no_token_is_told_so(void **state)
{
	static const char *const bad[] = {
		"", " ", "wgmesh", "wgmesh2.AAAA.BBBBBBBB", "hello", "wgmesh1",
	};
	struct token token;
	struct error err;
	char *huge = malloc(100000);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(token_parse(bad[i], &token, &err), -ERR_INVALID);
		assert_non_null(strstr(err.text, "not a join token"));
	}
	memset(huge, 'A', 99999);
	huge[99999] = 0;
	memcpy(huge, "wgmesh1.", 8);
	assert_int_equal(token_parse(huge, &token, &err), -ERR_INVALID);
	assert_non_null(strstr(err.text, "too long"));
	free(huge);
}

static void addresses_need_a_host_and_a_port(void **state)
{
	static const char *const bad[] = {
		"", ":", "host", "host:", ":1", "host:0", "host:65536", "host:99999999999", "host:1x",
		"host:+1", "host:01", "ho st:1", "::1:443", "[::1]", "[::1]:0", "[host]:1", "a/b:1", "a\n:1",
	};
	struct token token = make_token();
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(token_add_address(&token, bad[i], &err), -ERR_INVALID);
	assert_int_equal(token.address_count, 3);
	token.address_count = 0;
	assert_int_equal(token_format(&token, (char[TOKEN_TEXT_MAX]){ 0 }, &err), -ERR_INVALID);
}

static void only_the_secret_matches_its_hash(void **state)
{
	struct token token = make_token();
	uint8_t hash[SHA256_BYTES], secret[TOKEN_SECRET_BYTES + 1] = { 0 };
	struct error err;

	(void)state;
	memcpy(secret, token.secret, TOKEN_SECRET_BYTES);
	assert_ok(token_hash(secret, TOKEN_SECRET_BYTES, hash, &err), &err);
	assert_true(token_secret_matches(secret, TOKEN_SECRET_BYTES, hash));
	assert_false(token_secret_matches(secret, TOKEN_SECRET_BYTES - 1, hash));
	assert_false(token_secret_matches(secret, TOKEN_SECRET_BYTES + 1, hash));
	assert_false(token_secret_matches(secret, 0, hash));
	secret[31] ^= 0x80;
	assert_false(token_secret_matches(secret, TOKEN_SECRET_BYTES, hash));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_round_trips),
		cmocka_unit_test(the_longest_token_round_trips),
		cmocka_unit_test(every_bit_flip_is_detected),
		cmocka_unit_test(every_cut_and_every_addition_is_detected),
		cmocka_unit_test(nonsense_under_a_true_checksum_is_refused),
		cmocka_unit_test(what_is_no_token_is_told_so),
		cmocka_unit_test(addresses_need_a_host_and_a_port),
		cmocka_unit_test(only_the_secret_matches_its_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
