// SPDX-License-Identifier: GPL-2.0
#define CREATE_TRACE_POINTS
#include "trace.h"

void wgm_trace_key(char *ret, const u8 *key)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned int i, word;

	if (key && !memchr_inv(key, 0, WGMESH_KEY_LEN))
		key = NULL;
	for (i = 0; key && i < WGMESH_KEY_LEN; i += 3) {
		word = key[i] << 16 | key[i + 1] << 8;
		if (i + 2 < WGMESH_KEY_LEN)
			word |= key[i + 2];
		*ret++ = digits[word >> 18];
		*ret++ = digits[word >> 12 & 63];
		*ret++ = digits[word >> 6 & 63];
		*ret++ = i + 2 < WGMESH_KEY_LEN ? digits[word & 63] : '=';
	}
	*ret = '\0';
}
