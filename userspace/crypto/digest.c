// SPDX-License-Identifier: Apache-2.0
#include "crypto/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "crypto/openssl.h"

/* An EVP_MD_CTX under a name that the header can say without OpenSSL. */
static EVP_MD_CTX *ctx_of(struct sha256_stream *s)
{
	return (EVP_MD_CTX *)s;
}

int sha256(const void *data, size_t len, uint8_t ret[SHA256_BYTES], struct error *err)
{
	if (EVP_Digest(data, len, ret, NULL, EVP_sha256(), NULL) != 1)
		return openssl_error(err, ERR_MEMORY, "cannot compute a SHA-256");
	return 0;
}

int sha256_start(struct sha256_stream **ret, struct error *err)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (!ctx || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1) {
		EVP_MD_CTX_free(ctx);
		return openssl_error(err, ERR_MEMORY, "cannot start a SHA-256");
	}
	*ret = (struct sha256_stream *)ctx;
	return 0;
}

int sha256_update(struct sha256_stream *s, const void *data, size_t len, struct error *err)
{
	if (EVP_DigestUpdate(ctx_of(s), data, len) != 1)
		return openssl_error(err, ERR_INTERNAL, "cannot continue a SHA-256");
	return 0;
}

int sha256_finish(struct sha256_stream *s, uint8_t ret[SHA256_BYTES], struct error *err)
{
	int ok = EVP_DigestFinal_ex(ctx_of(s), ret, NULL);

	sha256_free(s);
	return ok == 1 ? 0 : openssl_error(err, ERR_INTERNAL, "cannot finish a SHA-256");
}

void sha256_free(struct sha256_stream *s)
{
	EVP_MD_CTX_free(ctx_of(s));
}

char *hex_format(const void *data, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[p[i] >> 4];
		out[2 * i + 1] = digits[p[i] & 15];
	}
	out[2 * len] = 0;
	return out;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool hex_parse(const char *text, void *ret, size_t len)
{
	uint8_t *out = ret;

	for (size_t i = 0; i < 2 * len; i++)
		if (hex_digit(text[i]) < 0)
			return false;	/* also at an early NUL */
	if (text[2 * len])
		return false;
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
	return true;
}

bool secret_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}
