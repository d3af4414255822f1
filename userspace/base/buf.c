// SPDX-License-Identifier: Apache-2.0
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void wipe(void *p, size_t len)
{
	if (len)
		explicit_bzero(p, len);
}

void buf_fini(struct buf *b)
{
	free(b->data);
	*b = BUF_INIT(b->max);
}

void buf_fini_secret(struct buf *b)
{
	wipe(b->data, b->cap);
	buf_fini(b);
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->failed = false;
}

/* One byte more than asked, so that buf_text() never needs to grow. */
static bool reserve(struct buf *b, size_t extra)
{
	size_t need = b->len + extra + 1, cap = b->cap ? b->cap : 64;
	uint8_t *data;

	if (b->failed || extra > b->max || b->len > b->max - extra) {
		b->failed = true;
		return false;
	}
	while (cap < need)
		cap *= 2;
	if (cap == b->cap)
		return true;
	data = malloc(cap);
	if (!data) {
		b->failed = true;
		return false;
	}
	if (b->len)
		memcpy(data, b->data, b->len);
	wipe(b->data, b->cap);	/* growing must not leave half a secret behind */
	free(b->data);
	b->data = data;
	b->cap = cap;
	return true;
}

bool buf_append(struct buf *b, const void *data, size_t len)
{
	if (!reserve(b, len))
		return false;
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	return true;
}

bool buf_append_text(struct buf *b, const char *text)
{
	return buf_append(b, text, strlen(text));
}

bool buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (n < 0 || !reserve(b, n))
		return false;
	va_start(args, fmt);
	vsnprintf((char *)b->data + b->len, (size_t)n + 1, fmt, args);
	va_end(args);
	b->len += n;
	return true;
}

void buf_consume(struct buf *b, size_t len)
{
	b->len -= len;
	if (b->len)
		memmove(b->data, b->data + len, b->len);
}

const char *buf_text(struct buf *b)
{
	if (b->failed || !b->data)
		return "";
	b->data[b->len] = 0;
	return (const char *)b->data;
}

bool buf_append_u8(struct buf *b, uint8_t v)
{
	return buf_append(b, &v, 1);
}

bool buf_append_u32(struct buf *b, uint32_t v)
{
	uint8_t raw[4];

	store_u32(raw, v);
	return buf_append(b, raw, sizeof(raw));
}

bool buf_append_u64(struct buf *b, uint64_t v)
{
	uint8_t raw[8];

	store_u64(raw, v);
	return buf_append(b, raw, sizeof(raw));
}

uint32_t load_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

uint64_t load_u64(const uint8_t *p)
{
	return (uint64_t)load_u32(p) << 32 | load_u32(p + 4);
}

void store_u32(uint8_t *p, uint32_t v)
{
	p[0] = v >> 24;
	p[1] = v >> 16;
	p[2] = v >> 8;
	p[3] = v;
}

void store_u64(uint8_t *p, uint64_t v)
{
	store_u32(p, v >> 32);
	store_u32(p + 4, (uint32_t)v);
}
