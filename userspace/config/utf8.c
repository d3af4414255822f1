// SPDX-License-Identifier: Apache-2.0
#include "config/utf8.h"

/* What may follow a first byte; the second one's range is what keeps the forbidden codes out. */
struct form {
	unsigned char first, last;	/* of the first byte */
	unsigned char low, high;	/* of the second */
	unsigned char length;
};

/* RFC 3629, section 4. */
static const struct form forms[] = {
	{ 0x01, 0x7f, 0x00, 0x00, 1 },
	{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
	{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
	{ 0xe1, 0xec, 0x80, 0xbf, 3 },
	{ 0xed, 0xed, 0x80, 0x9f, 3 },
	{ 0xee, 0xef, 0x80, 0xbf, 3 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
	{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
	{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

/* 0: none.  Reads no further than the byte that is wrong, so never beyond the text's end. */
static size_t character(const unsigned char *c)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const struct form *f = &forms[i];

		if (c[0] < f->first || c[0] > f->last)
			continue;
		if (f->length > 1 && (c[1] < f->low || c[1] > f->high))
			return 0;
		for (size_t k = 2; k < f->length; k++)
			if (c[k] < 0x80 || c[k] > 0xbf)
				return 0;
		return f->length;
	}
	return 0;
}

size_t utf8_valid_bytes(const char *text)
{
	size_t bytes = 0, len;

	while ((len = character((const unsigned char *)text + bytes)) > 0)
		bytes += len;
	return bytes;
}
