/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A wire between two ends, of which the input is the script: each byte says what becomes of the next
 * datagram on it.  Behind the end of the script all arrives as it was sent.
 */
#ifndef WGMESH_TESTS_FUZZ_WIRE_H
#define WGMESH_TESTS_FUZZ_WIRE_H

#include <stdbool.h>

#include "fuzz.h"

enum { WIRE_DATAGRAM_MAX = 4096, WIRE_QUEUE_MAX = 256 };

struct datagram {
	unsigned int to;	/* end 0 or 1 */
	size_t len;
	uint8_t data[WIRE_DATAGRAM_MAX];
};

struct wire {
	const uint8_t *script;
	size_t left;
	struct datagram queue[WIRE_QUEUE_MAX];	/* a ring; what does not fit is lost */
	size_t first, count;
	bool touched;		/* something did not arrive as it was sent */
};

static inline uint8_t wire_byte(struct wire *w)
{
	if (w->left == 0)
		return 0;
	w->left--;
	return *w->script++;
}

static inline void wire_put(struct wire *w, unsigned int to, const void *data, size_t len)
{
	struct datagram *d = &w->queue[(w->first + w->count) % WIRE_QUEUE_MAX];

	must(len <= sizeof(d->data));
	if (w->count == WIRE_QUEUE_MAX) {
		w->touched = true;
		return;
	}
	w->count++;
	d->to = to;
	d->len = len;
	if (len)
		memcpy(d->data, data, len);
}

/* In the place of what was sent: as many bytes of the script as it says. */
static inline void wire_forge(struct wire *w, struct datagram *d, size_t from)
{
	size_t n = wire_byte(w);

	d->len = from < d->len ? from : d->len;
	while (n-- && d->len < sizeof(d->data))
		d->data[d->len++] = wire_byte(w);
}

static inline void wire_flip(struct wire *w, struct datagram *d)
{
	size_t at = (size_t)(wire_byte(w) << 8 | wire_byte(w));

	if (d->len)
		d->data[at % d->len] ^= (uint8_t)(wire_byte(w) | 1);
}

/* False: nothing is on it.  True with *@ret_lost: it was, and is lost.  @keep: bytes that a forgery leaves alone. */
static inline bool wire_take(struct wire *w, size_t keep, struct datagram *ret, bool *ret_lost)
{
	uint8_t what = wire_byte(w);

	if (w->count == 0)
		return false;
	*ret = w->queue[w->first];
	w->first = (w->first + 1) % WIRE_QUEUE_MAX;
	w->count--;
	*ret_lost = false;
	w->touched |= what >= 128;
	if (what >= 240)
		*ret_lost = true;
	else if (what >= 224)
		wire_put(w, ret->to, ret->data, ret->len);
	else if (what >= 208)
		ret->len = ret->len ? wire_byte(w) % ret->len : 0;
	else if (what >= 192)
		wire_forge(w, ret, keep);
	else if (what >= 128)
		wire_flip(w, ret);
	return true;
}

#endif
