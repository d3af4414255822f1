// SPDX-License-Identifier: Apache-2.0
#include "crypto/base64url.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void base64url_encode(const uint8_t *data, size_t len, char *out)
{
	uint32_t bits = 0;
	int have = 0;

	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | data[i];
		for (have += 8; have >= 6; have -= 6)
			*out++ = alphabet[bits >> (have - 6) & 63];
	}
	if (have)
		*out++ = alphabet[bits << (6 - have) & 63];
	*out = 0;
}

static int digit(char c)
{
	const char *at = c ? strchr(alphabet, c) : NULL;

	return at ? (int)(at - alphabet) : -1;
}

bool base64url_decode(const char *text, size_t chars, uint8_t *out, size_t cap, size_t *ret_len)
{
	uint32_t bits = 0;
	int have = 0;
	size_t len = 0;

	if (chars % 4 == 1 || chars / 4 * 3 + (chars % 4 ? chars % 4 - 1 : 0) > cap)
		return false;
	for (size_t i = 0; i < chars; i++) {
		int v = digit(text[i]);

		if (v < 0)
			return false;
		bits = bits << 6 | (uint32_t)v;
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[len++] = (uint8_t)(bits >> have);
		}
	}
	if (bits & ((1u << have) - 1))
		return false;
	*ret_len = len;
	return true;
}
