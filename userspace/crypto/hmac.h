/* SPDX-License-Identifier: Apache-2.0 */
/* HMAC-SHA-1 (RFC 2104), which is what TURN servers know.  Any thread. */
#ifndef WGMESH_CRYPTO_HMAC_H
#define WGMESH_CRYPTO_HMAC_H

#include "base/error.h"

enum { HMAC_SHA1_TEXT_MAX = 29 };	/* bytes of it in base64 (RFC 4648, section 4) with the NUL */

int hmac_sha1_base64(const char *key, const char *text, char ret[HMAC_SHA1_TEXT_MAX],
		     struct error *err);

#endif
