/* SPDX-License-Identifier: Apache-2.0 */
/* Frames that wait for one peer: first in, first out, and bounded by forgetting. */
#ifndef WGMESH_TRANSPORT_QUEUE_H
#define WGMESH_TRANSPORT_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "transport/frame.h"

struct queue {
	struct frame *head, *tail;
	size_t messages, bytes;
	size_t offset;		/* bytes of the head that are on their way: it may not be dropped */
	uint64_t dropped;
};

/*
 * Takes @f over.  While more than @messages_max wait, or more bytes than
 * @bytes_max, drops what it may: the oldest bulk frame, or the oldest other.
 * The frame just given is never dropped.
 */
void queue_push(struct queue *q, struct frame *f, size_t messages_max, size_t bytes_max);

/* Free the head; its offset begins anew. */
void queue_pop(struct queue *q);
void queue_clear(struct queue *q);

#endif
