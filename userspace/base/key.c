// SPDX-License-Identifier: Apache-2.0
#include "base/key.h"

#include <string.h>

#include "base/buf.h"

/* No table and no branch on the value: a lookup would tell the key to the cache. */
static char encode6(unsigned int v)
{
	unsigned int c = 'A' + v;

	c += ((25u - v) >> 8 & 6u);
	c -= ((51u - v) >> 8 & 75u);
	c -= ((61u - v) >> 8 & 15u);
	c += ((62u - v) >> 8 & 3u);
	return (char)c;
}

/* All ones in the low 24 bits when lo <= c <= hi, else 0. */
static unsigned int in_range(unsigned int c, unsigned int lo, unsigned int hi)
{
	return ((lo - 1u - c) & (c - hi - 1u)) >> 8;
}

/* 0..63, or a value with bit 8 set for a character outside the alphabet. */
static unsigned int decode6(unsigned int c)
{
	unsigned int v = 0, hit = 0, m;

	m = in_range(c, 'A', 'Z'); v |= m & (c - 'A'); hit |= m;
	m = in_range(c, 'a', 'z'); v |= m & (c - 'a' + 26u); hit |= m;
	m = in_range(c, '0', '9'); v |= m & (c - '0' + 52u); hit |= m;
	m = in_range(c, '+', '+'); v |= m & 62u; hit |= m;
	m = in_range(c, '/', '/'); v |= m & 63u; hit |= m;
	return (v & 63u) | (~hit & 0x100u);
}

bool key_parse(const char *text, struct key *ret)
{
	uint8_t raw[33];
	unsigned int bad = 0;

	if (strnlen(text, KEY_TEXT_MAX) != KEY_TEXT_MAX - 1 || text[43] != '=')
		return false;
	for (int i = 0; i < 11; i++) {
		unsigned int v[4];

		for (int j = 0; j < 4; j++) {
			unsigned int at = (unsigned int)(i * 4 + j);

			v[j] = at == 43 ? 0 : decode6((unsigned char)text[at]);
			bad |= v[j];
		}
		raw[i * 3] = (uint8_t)(v[0] << 2 | v[1] >> 4);
		raw[i * 3 + 1] = (uint8_t)(v[1] << 4 | v[2] >> 2);
		raw[i * 3 + 2] = (uint8_t)(v[2] << 6 | v[3]);
	}
	bad = (bad & 0x100u) | raw[32];	/* the two spare bits must be zero */
	if (!bad)
		memcpy(ret->bytes, raw, KEY_BYTES);
	wipe(raw, sizeof(raw));
	return !bad;
}

char *key_format(const struct key *key, char out[KEY_TEXT_MAX])
{
	uint8_t raw[33] = { 0 };

	memcpy(raw, key->bytes, KEY_BYTES);
	for (int i = 0; i < 11; i++) {
		const uint8_t *p = raw + i * 3;

		out[i * 4] = encode6(p[0] >> 2);
		out[i * 4 + 1] = encode6((p[0] << 4 | p[1] >> 4) & 63u);
		out[i * 4 + 2] = encode6((p[1] << 2 | p[2] >> 6) & 63u);
		out[i * 4 + 3] = encode6(p[2] & 63u);
	}
	out[43] = '=';
	out[44] = 0;
	wipe(raw, sizeof(raw));
	return out;
}

bool key_equal(const struct key *a, const struct key *b)
{
	unsigned int diff = 0;

	for (int i = 0; i < KEY_BYTES; i++)
		diff |= a->bytes[i] ^ b->bytes[i];
	return !diff;
}

bool key_is_zero(const struct key *key)
{
	static const struct key zero;

	return key_equal(key, &zero);
}

void key_wipe(struct key *key)
{
	wipe(key, sizeof(*key));
}
