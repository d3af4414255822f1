// SPDX-License-Identifier: Apache-2.0
/* crypto: keys, digests and texts against published vectors, and what must be refused. */
#include "../cmocka.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/base64url.h"
#include "crypto/digest.h"
#include "crypto/keypair.h"
#include "crypto/random.h"
#include "crypto/sha1.h"
#include "crypto/subject.h"

/* RFC 7748, section 6.1. */
static void public_keys_are_those_of_the_rfc(void **state)
{
	static const char *const pairs[][2] = {
		{ "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
		  "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a" },
		{ "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
		  "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f" },
	};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct key private, public;
		char text[2 * KEY_BYTES + 1];

		assert_true(hex_parse(pairs[i][0], private.bytes, KEY_BYTES));
		assert_int_equal(keypair_public(&private, &public, NULL), 0);
		assert_string_equal(hex_format(public.bytes, KEY_BYTES, text), pairs[i][1]);
	}
}

static void generated_keys_are_clamped_and_all_different(void **state)
{
	struct key private[16], public;

	(void)state;
	for (int i = 0; i < 16; i++) {
		struct key again;

		assert_int_equal(keypair_generate(&private[i], &public, NULL), 0);
		assert_int_equal(private[i].bytes[0] & 7, 0);
		assert_int_equal(private[i].bytes[31] & 0xc0, 0x40);
		assert_int_equal(keypair_public(&private[i], &again, NULL), 0);
		assert_true(key_equal(&again, &public));
		for (int j = 0; j < i; j++)
			assert_false(key_equal(&private[i], &private[j]));
	}
	assert_true(random_u64() != random_u64());
}

/* FIPS 180-4's example; RFC 2202, test case 2. */
static void sha1_and_its_hmac_are_those_of_the_standards(void **state)
{
	char text[SHA1_TEXT_MAX];

	assert_int_equal(sha1_base64("abc", text, NULL), 0);
	assert_string_equal(text, "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=");
	assert_int_equal(hmac_sha1_base64("Jefe", "what do ya want for nothing?", text, NULL), 0);
	assert_string_equal(text, "7/zfauXrL6LSdBbV8YTfnCWafHk=");
}

/* FIPS 180-4's examples. */
static void sha256_is_that_of_the_standard(void **state)
{
	static const char text[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	uint8_t digest[SHA256_BYTES], streamed[SHA256_BYTES];
	char hex[SHA256_TEXT_MAX];
	struct sha256_stream *s;

	(void)state;
	assert_int_equal(sha256("abc", 3, digest, NULL), 0);
	assert_string_equal(hex_format(digest, SHA256_BYTES, hex),
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_int_equal(sha256(text, strlen(text), digest, NULL), 0);
	assert_string_equal(hex_format(digest, SHA256_BYTES, hex),
			    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	assert_int_equal(sha256_start(&s, NULL), 0);
	for (size_t i = 0; i < strlen(text); i++)
		assert_int_equal(sha256_update(s, text + i, 1, NULL), 0);
	assert_int_equal(sha256_finish(s, streamed, NULL), 0);
	assert_memory_equal(digest, streamed, SHA256_BYTES);
	assert_true(secret_equal(digest, streamed, SHA256_BYTES));
	streamed[SHA256_BYTES - 1] ^= 1;
	assert_false(secret_equal(digest, streamed, SHA256_BYTES));
	sha256_free(NULL);
}

static void hex_takes_exactly_the_digits_asked_for(void **state)
{
	static const char *const bad[] = { "", "0", "0g", "0 1", "012", "0102", "-1", "1" };
	uint8_t byte = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(hex_parse(bad[i], &byte, 1));
	assert_int_equal(byte, 7);
	assert_true(hex_parse("aF", &byte, 1));
	assert_int_equal(byte, 0xaf);
}

/* RFC 4648, section 10, with the padding left out. */
static void base64url_is_that_of_the_rfc_and_has_one_form(void **state)
{
	static const char *const pairs[][2] = {
		{ "", "" }, { "f", "Zg" }, { "fo", "Zm8" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg" },
		{ "fooba", "Zm9vYmE" }, { "foobar", "Zm9vYmFy" }, { "\xfb\xff\xfe", "-__-" },
	};
	static const char *const bad[] = {
		"Z", "Zh", "Zm9", "Zg=", "Zg==", "Zm9v+", "Z/", "Zm 9", "Zm9vZ",
	};
	uint8_t out[16];
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		char text[16];

		base64url_encode((const uint8_t *)pairs[i][0], strlen(pairs[i][0]), text);
		assert_string_equal(text, pairs[i][1]);
		assert_int_equal(strlen(text), BASE64URL_CHARS(strlen(pairs[i][0])));
		assert_true(base64url_decode(text, strlen(text), out, strlen(pairs[i][0]), &len));
		assert_int_equal(len, strlen(pairs[i][0]));
		assert_memory_equal(out, pairs[i][0], len);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(base64url_decode(bad[i], strlen(bad[i]), out, sizeof(out), &len));
	assert_false(base64url_decode("Zm9v", 4, out, 2, &len));
}

static void subjects_round_trip(void **state)
{
	static const char *const uris[] = {
		"wgmesh://m1/ca", "wgmesh://m1/node/n1", "wgmesh://a.b-c/node/host.example.org",
		"wgmesh://m1/admin/root", "wgmesh://m1/node/ca",
		"wgmesh://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/admin/"
		"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
	};
	char text[SUBJECT_TEXT_MAX];
	struct subject s;

	(void)state;
	for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
		assert_true(subject_parse(uris[i], &s));
		assert_string_equal(subject_format(&s, text), uris[i]);
		assert_true(subject_equal(&s, &s));
	}
}

static void what_is_not_exactly_a_subject_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "wgmesh://", "wgmesh:///ca", "wgmesh://m1", "wgmesh://m1/", "wgmesh://m1/ca/",
		"wgmesh://m1/ca/x", "wgmesh://m1/node", "wgmesh://m1/node/", "wgmesh://m1/node/n1/",
		"wgmesh://m1/node/n1/x", "wgmesh://m1/root/n1", "wgmesh://M1/node/n1",
		"wgmesh://m1/node/N1", "wgmesh://m1/node/n 1", "wgmesh://m1/node/-n", "wgmesh://m1/node/n.",
		"wgmesh://m1/node/a..b", "wgmesh://m1/node/n%31", "wgmesh://m1/node/n,DNS:x", "http://m1/node/n1",
		"WGMESH://m1/node/n1", " wgmesh://m1/node/n1",
		"wgmesh://m1/node/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
	};
	struct subject s = { .kind = SUBJECT_NONE };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(subject_parse(bad[i], &s));
	assert_int_equal(s.kind, SUBJECT_NONE);
	assert_false(subject_init(&s, SUBJECT_CA, "m1", "name"));
	assert_false(subject_init(&s, SUBJECT_NONE, "m1", "n1"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(public_keys_are_those_of_the_rfc),
		cmocka_unit_test(generated_keys_are_clamped_and_all_different),
		cmocka_unit_test(sha1_and_its_hmac_are_those_of_the_standards),
		cmocka_unit_test(sha256_is_that_of_the_standard),
		cmocka_unit_test(hex_takes_exactly_the_digits_asked_for),
		cmocka_unit_test(base64url_is_that_of_the_rfc_and_has_one_form),
		cmocka_unit_test(subjects_round_trip),
		cmocka_unit_test(what_is_not_exactly_a_subject_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
