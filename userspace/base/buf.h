/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing byte buffer that is created with its maximum.  Not thread-safe.
 * Errors stick: after the first failed append the buffer stays as it was and
 * every later append fails too, so that a sequence is checked once at its end.
 */
#ifndef WGMESH_BASE_BUF_H
#define WGMESH_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *data;
	size_t len;
	size_t cap;
	size_t max;
	bool failed;	/* memory or maximum exceeded */
};

#define BUF_INIT(max_bytes) ((struct buf){ .max = (max_bytes) })

void buf_fini(struct buf *b);		/* frees; the buffer may be used again */
void buf_fini_secret(struct buf *b);	/* wipes, then frees */
void buf_reset(struct buf *b);		/* empties, keeps the memory, clears failed */

bool buf_append(struct buf *b, const void *data, size_t len);
bool buf_append_text(struct buf *b, const char *text);
bool buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Drop @len bytes (≤ b->len) from the front. */
void buf_consume(struct buf *b, size_t len);
/* NUL-terminated view of the content ("" when empty or failed); valid until the next change. */
const char *buf_text(struct buf *b);

/* Big-endian integers, as on the wire. */
bool buf_append_u8(struct buf *b, uint8_t v);
bool buf_append_u32(struct buf *b, uint32_t v);
bool buf_append_u64(struct buf *b, uint64_t v);

uint32_t load_u32(const uint8_t *p);
uint64_t load_u64(const uint8_t *p);
void store_u32(uint8_t *p, uint32_t v);
void store_u64(uint8_t *p, uint64_t v);

/* Overwrite @len bytes in a way that the compiler keeps. */
void wipe(void *p, size_t len);

#endif
