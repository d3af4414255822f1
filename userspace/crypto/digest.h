/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256, hexadecimal text, and comparison of secrets.  Any thread. */
#ifndef WGMESH_CRYPTO_DIGEST_H
#define WGMESH_CRYPTO_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { SHA256_BYTES = 32, SHA256_TEXT_MAX = 2 * SHA256_BYTES + 1 };

int sha256(const void *data, size_t len, uint8_t ret[SHA256_BYTES], struct error *err);

/* Many pieces, one digest: start, any number of updates, then finish or free. */
struct sha256_stream;
int sha256_start(struct sha256_stream **ret, struct error *err);
int sha256_update(struct sha256_stream *s, const void *data, size_t len, struct error *err);
/* Frees @s, also on failure. */
int sha256_finish(struct sha256_stream *s, uint8_t ret[SHA256_BYTES], struct error *err);
void sha256_free(struct sha256_stream *s);

/* Lower case; @out has room for 2 * @len + 1 bytes; returns @out. */
char *hex_format(const void *data, size_t len, char *out);
/* Exactly 2 * @len digits of either case and nothing behind them; else @ret is untouched. */
bool hex_parse(const char *text, void *ret, size_t len);

/* Equal in a time that tells nothing about the content. */
bool secret_equal(const void *a, const void *b, size_t len);

#endif
