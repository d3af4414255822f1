/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 with the URL's alphabet and without padding (RFC 4648, section 5).  Any thread. */
#ifndef WGMESH_CRYPTO_BASE64URL_H
#define WGMESH_CRYPTO_BASE64URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Characters for @len bytes, without a NUL. */
#define BASE64URL_CHARS(len) (((len) * 4 + 2) / 3)

/* Writes BASE64URL_CHARS(@len) characters and a NUL. */
void base64url_encode(const uint8_t *data, size_t len, char *out);

/*
 * Only the one text that base64url_encode() writes is taken: no other
 * character, spare bits zero.  False also when more than @cap bytes come out.
 */
bool base64url_decode(const char *text, size_t chars, uint8_t *out, size_t cap, size_t *ret_len);

#endif
