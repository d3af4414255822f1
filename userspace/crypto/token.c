// SPDX-License-Identifier: Apache-2.0
#include "crypto/token.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/buf.h"
#include "crypto/base64url.h"
#include "crypto/cert.h"
#include "crypto/random.h"

#define MARK "wgmesh1."

enum {
	ID_BYTES = (TOKEN_ID_MAX - 1) / 2,
	CHECK_BYTES = 6,	/* a multiple of 3: no spare bits that could flip unseen */
	CHECK_CHARS = BASE64URL_CHARS(CHECK_BYTES),
	BODY_MAX = ID_BYTES + TOKEN_SECRET_BYTES + SUBJECT_NAME_MAX + 2 + TOKEN_CA_MAX +
		   TOKEN_ADDRESSES_MAX * TOKEN_ADDRESS_MAX + 1,
};

_Static_assert(sizeof(MARK) + BASE64URL_CHARS(BODY_MAX) + 1 + CHECK_CHARS <= TOKEN_TEXT_MAX,
	       "the longest token fits");

void token_wipe(struct token *token)
{
	wipe(token, sizeof(*token));
}

static int check_ca(const struct token *token, struct error *err)
{
	char *pem;
	int r = cert_der_to_pem(token->ca_der, token->ca_der_len, &pem, err);

	if (r)
		return error_set(err, ERR_INVALID, "the token's CA is not a certificate");
	free(pem);
	return 0;
}

static int copy_ca(struct token *token, const char *ca_pem, struct error *err)
{
	uint8_t *der;
	size_t len;
	int r = cert_pem_to_der(ca_pem, &der, &len, err);

	if (r)
		return r;
	if (len > TOKEN_CA_MAX) {
		r = error_set(err, ERR_EXHAUSTED,
			      "the CA's certificate has %zu bytes; a token takes %d", len,
			      TOKEN_CA_MAX);
	} else {
		memcpy(token->ca_der, der, len);
		token->ca_der_len = len;
	}
	free(der);
	return r;
}

int token_generate(const char *ca_pem, const char *mesh_id, struct token *ret, struct error *err)
{
	struct token token = { .address_count = 0 };
	uint8_t id[ID_BYTES];
	int r;

	if (!subject_name_valid(mesh_id))
		return error_set(err, ERR_INVALID,
				 "mesh id \"%.64s\" is not 1-63 characters of a-z 0-9 - .",
				 mesh_id);
	snprintf(token.mesh_id, sizeof(token.mesh_id), "%s", mesh_id);
	r = copy_ca(&token, ca_pem, err);
	if (!r)
		r = random_bytes(id, sizeof(id), err);
	if (!r)
		r = random_bytes(token.secret, sizeof(token.secret), err);
	if (!r) {
		hex_format(id, sizeof(id), token.id);
		*ret = token;
	}
	token_wipe(&token);
	return r;
}

static bool host_name_valid(const char *host, size_t len)
{
	if (len == 0 || len > 253)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)host[i]) && host[i] != '-' && host[i] != '.')
			return false;
	return true;
}

static bool port_valid(const char *text)
{
	unsigned int port = 0;

	for (size_t i = 0; text[i]; i++) {
		if (!isdigit((unsigned char)text[i]) || i == 5)
			return false;
		port = port * 10 + (unsigned int)(text[i] - '0');
	}
	return text[0] != '0' && port >= 1 && port <= 65535;
}

static bool address_valid(const char *text)
{
	const char *colon = strrchr(text, ':');
	struct endpoint endpoint;

	if (text[0] == '[')
		return endpoint_parse(text, &endpoint) && endpoint.port;
	return colon && host_name_valid(text, (size_t)(colon - text)) && port_valid(colon + 1);
}

int token_add_address(struct token *token, const char *host_port, struct error *err)
{
	size_t len = strnlen(host_port, TOKEN_ADDRESS_MAX);

	if (len == TOKEN_ADDRESS_MAX || !address_valid(host_port))
		return error_set(err, ERR_INVALID, "\"%.100s\" is not HOST:PORT", host_port);
	if (token->address_count == TOKEN_ADDRESSES_MAX)
		return error_set(err, ERR_EXHAUSTED, "a token takes %d addresses",
				 TOKEN_ADDRESSES_MAX);
	memcpy(token->addresses[token->address_count++], host_port, len + 1);
	return 0;
}

/* A string of fewer than 256 bytes behind its length. */
static void put_text(struct buf *b, const char *text)
{
	buf_append_u8(b, (uint8_t)strlen(text));
	buf_append_text(b, text);
}

/* Errors stick to @b: the caller looks once. */
static void put_fields(struct buf *b, const struct token *token)
{
	uint8_t id[ID_BYTES];

	if (!hex_parse(token->id, id, ID_BYTES))
		b->failed = true;
	buf_append(b, id, ID_BYTES);
	buf_append(b, token->secret, TOKEN_SECRET_BYTES);
	put_text(b, token->mesh_id);
	buf_append_u8(b, (uint8_t)(token->ca_der_len >> 8));
	buf_append_u8(b, (uint8_t)token->ca_der_len);
	buf_append(b, token->ca_der, token->ca_der_len);
	buf_append_u8(b, (uint8_t)token->address_count);
	for (size_t i = 0; i < token->address_count; i++)
		put_text(b, token->addresses[i]);
}

static int checksum(const char *text, size_t len, char out[CHECK_CHARS + 1], struct error *err)
{
	uint8_t digest[SHA256_BYTES];
	int r = sha256(text, len, digest, err);

	if (!r)
		base64url_encode(digest, CHECK_BYTES, out);
	return r;
}

int token_format(const struct token *token, char ret[TOKEN_TEXT_MAX], struct error *err)
{
	struct buf body = BUF_INIT(BODY_MAX);
	char text[TOKEN_TEXT_MAX] = MARK, check[CHECK_CHARS + 1];
	size_t len;
	int r;

	put_fields(&body, token);
	if (body.failed || !token->address_count) {
		buf_fini_secret(&body);
		return error_set(err, ERR_INVALID, "the token lacks an id or an address");
	}
	base64url_encode(body.data, body.len, text + strlen(MARK));
	buf_fini_secret(&body);
	len = strlen(text);
	r = checksum(text, len, check, err);
	if (!r) {
		snprintf(text + len, sizeof(text) - len, ".%s", check);
		memcpy(ret, text, sizeof(text));
	}
	wipe(text, sizeof(text));
	return r;
}

/* What is left to read; every take_ checks it. */
struct reader {
	const uint8_t *at;
	size_t left;
};

static bool take(struct reader *in, void *out, size_t len)
{
	if (in->left < len)
		return false;
	memcpy(out, in->at, len);
	in->at += len;
	in->left -= len;
	return true;
}

static bool take_text(struct reader *in, char *out, size_t cap)
{
	uint8_t len;

	if (!take(in, &len, 1) || len >= cap || !take(in, out, len) || memchr(out, 0, len))
		return false;
	out[len] = 0;
	return true;
}

static bool take_ca(struct reader *in, struct token *token)
{
	uint8_t len[2];

	if (!take(in, len, 2))
		return false;
	token->ca_der_len = (size_t)len[0] << 8 | len[1];
	return token->ca_der_len <= TOKEN_CA_MAX && take(in, token->ca_der, token->ca_der_len);
}

static bool take_addresses(struct reader *in, struct token *token)
{
	char address[TOKEN_ADDRESS_MAX];
	uint8_t count;

	if (!take(in, &count, 1) || count == 0 || count > TOKEN_ADDRESSES_MAX)
		return false;
	while (count--)
		if (!take_text(in, address, sizeof(address)) ||
		    token_add_address(token, address, NULL))
			return false;
	return true;
}

static int parse_body(const uint8_t *body, size_t len, struct token *ret, struct error *err)
{
	struct reader in = { .at = body, .left = len };
	uint8_t id[ID_BYTES];

	if (!take(&in, id, ID_BYTES) || !take(&in, ret->secret, TOKEN_SECRET_BYTES) ||
	    !take_text(&in, ret->mesh_id, sizeof(ret->mesh_id)) ||
	    !subject_name_valid(ret->mesh_id) || !take_ca(&in, ret) || !take_addresses(&in, ret) ||
	    in.left)
		return error_set(err, ERR_INVALID,
				 "the token's content is malformed: it was not made by wgmesh");
	hex_format(id, ID_BYTES, ret->id);
	return check_ca(ret, err);
}

static int check_sum(const char *text, size_t len, const char *check, size_t check_len,
		     struct error *err)
{
	char want[CHECK_CHARS + 1];
	int r = checksum(text, len, want, err);

	if (r)
		return r;
	if (check_len < CHECK_CHARS)
		return error_set(err, ERR_INVALID,
				 "the token is cut short: copy it to its end");
	if (check_len > CHECK_CHARS || memcmp(check, want, CHECK_CHARS) != 0)
		return error_set(err, ERR_INVALID,
				 "the token's checksum does not match: copy it again");
	return 0;
}

static int parse_exact(const char *text, size_t len, struct token *ret, struct error *err)
{
	const char *body = text + strlen(MARK);
	const char *dot = memchr(body, '.', len - strlen(MARK));
	uint8_t raw[BODY_MAX];
	size_t raw_len;
	int r;

	if (!dot)
		return error_set(err, ERR_INVALID, "the token is cut short: copy it to its end");
	r = check_sum(text, (size_t)(dot - text), dot + 1, len - (size_t)(dot + 1 - text), err);
	if (r)
		return r;
	if (!base64url_decode(body, (size_t)(dot - body), raw, sizeof(raw), &raw_len))
		r = error_set(err, ERR_INVALID, "the token's content is not base64url");
	else
		r = parse_body(raw, raw_len, ret, err);
	wipe(raw, sizeof(raw));
	return r;
}

int token_parse(const char *text, struct token *ret, struct error *err)
{
	struct token token = { .address_count = 0 };
	size_t len;
	int r;

	while (isspace((unsigned char)*text))
		text++;
	len = strnlen(text, TOKEN_TEXT_MAX + 64);
	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	if (len < strlen(MARK) || strncmp(text, MARK, strlen(MARK)) != 0)
		return error_set(err, ERR_INVALID, "not a join token: those begin with " MARK);
	if (len >= TOKEN_TEXT_MAX)
		return error_set(err, ERR_INVALID, "the token is too long to be one");
	r = parse_exact(text, len, &token, err);
	if (!r)
		*ret = token;
	token_wipe(&token);
	return r;
}

int token_hash(const uint8_t *secret, size_t len, uint8_t ret[SHA256_BYTES], struct error *err)
{
	if (len != TOKEN_SECRET_BYTES)
		return error_set(err, ERR_INVALID, "a token's secret has %d bytes, not %zu",
				 TOKEN_SECRET_BYTES, len);
	return sha256(secret, len, ret, err);
}

bool token_secret_matches(const uint8_t *secret, size_t len, const uint8_t hash[SHA256_BYTES])
{
	uint8_t mine[SHA256_BYTES];

	return token_hash(secret, len, mine, NULL) == 0 && secret_equal(mine, hash, sizeof(mine));
}
