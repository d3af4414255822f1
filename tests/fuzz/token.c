// SPDX-License-Identifier: Apache-2.0
/*
 * crypto: join tokens, as the text that somebody pastes, and as the fields inside with a checksum that
 * is right, which no mutation of the text would find.
 */
#include "fuzz.h"

#include <ctype.h>

#include "crypto/base64url.h"
#include "crypto/token.h"

#define MARK "wgmesh1."

enum { CHECK_BYTES = 6, BODY_MAX = 3300 };

/* A token is taken in one form alone, but for the blanks around it. */
static void parse(const char *text)
{
	char again[TOKEN_TEXT_MAX];
	struct token token;
	size_t len;

	if (token_parse(text, &token, NULL))
		return;
	must(token.address_count >= 1 && token.address_count <= TOKEN_ADDRESSES_MAX);
	must(subject_name_valid(token.mesh_id) && token.ca_der_len <= TOKEN_CA_MAX);
	must(!token_format(&token, again, NULL));
	while (isspace((unsigned char)*text))
		text++;
	len = strlen(again);
	must(strncmp(text, again, len) == 0);
	must(!text[len + strspn(text + len, " \t\n\v\f\r")]);
	token_wipe(&token);
}

static void parse_fields(const uint8_t *data, size_t size)
{
	char text[sizeof(MARK) + BASE64URL_CHARS(BODY_MAX) + 1 + BASE64URL_CHARS(CHECK_BYTES)] = MARK;
	uint8_t digest[SHA256_BYTES];
	size_t len;

	if (size > BODY_MAX)
		return;
	base64url_encode(data, size, text + strlen(MARK));
	len = strlen(text);
	must(!sha256(text, len, digest, NULL));
	text[len] = '.';
	base64url_encode(digest, CHECK_BYTES, text + len + 1);
	parse(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);

	parse(text);
	parse_fields(data, size);
	free(text);
	return 0;
}
