/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-1 where a protocol knows no other: HMAC (RFC 2104) for TURN servers, and the handshake of
 * WebSockets (RFC 6455), of which nothing secret depends.  Any thread.
 */
#ifndef WGMESH_CRYPTO_SHA1_H
#define WGMESH_CRYPTO_SHA1_H

#include "base/error.h"

enum { SHA1_TEXT_MAX = 29 };	/* bytes of one in base64 (RFC 4648, section 4) with the NUL */

int hmac_sha1_base64(const char *key, const char *text, char ret[SHA1_TEXT_MAX],
		     struct error *err);

int sha1_base64(const char *text, char ret[SHA1_TEXT_MAX], struct error *err);

#endif
