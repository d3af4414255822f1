/* SPDX-License-Identifier: Apache-2.0 */
/* WireGuard keys (32 bytes) and their base64 text; constant time.  Any thread. */
#ifndef WGMESH_BASE_KEY_H
#define WGMESH_BASE_KEY_H

#include <stdbool.h>
#include <stdint.h>

enum { KEY_BYTES = 32, KEY_TEXT_MAX = 45 };	/* 44 characters and a NUL */

struct key {
	uint8_t bytes[KEY_BYTES];
};

bool key_parse(const char *text, struct key *ret);	/* exactly 44 characters of base64 */
char *key_format(const struct key *key, char out[KEY_TEXT_MAX]);	/* returns @out */
bool key_equal(const struct key *a, const struct key *b);
bool key_is_zero(const struct key *key);
void key_wipe(struct key *key);

#endif
