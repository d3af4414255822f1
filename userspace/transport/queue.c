// SPDX-License-Identifier: Apache-2.0
#include "transport/queue.h"

#include <stdlib.h>

static void unlink_after(struct queue *q, struct frame *before)
{
	struct frame *f = before ? before->next : q->head;

	if (before)
		before->next = f->next;
	else
		q->head = f->next;
	if (q->tail == f)
		q->tail = before;
	q->messages--;
	q->bytes -= f->len;
	free(f);
}

/* The oldest one that may go: not under way, and not the last. */
static bool drop_one(struct queue *q, bool bulk_only)
{
	struct frame *before = q->offset ? q->head : NULL;
	struct frame *f = before ? before->next : q->head;

	for (; f && f != q->tail; before = f, f = f->next) {
		if (bulk_only && !f->bulk)
			continue;
		unlink_after(q, before);
		q->dropped++;
		return true;
	}
	return false;
}

void queue_push(struct queue *q, struct frame *f, size_t messages_max, size_t bytes_max)
{
	f->next = NULL;
	if (q->tail)
		q->tail->next = f;
	else
		q->head = f;
	q->tail = f;
	q->messages++;
	q->bytes += f->len;
	while (q->messages > messages_max || q->bytes > bytes_max)
		if (!drop_one(q, true) && !drop_one(q, false))
			break;
}

void queue_pop(struct queue *q)
{
	unlink_after(q, NULL);
	q->offset = 0;
}

void queue_clear(struct queue *q)
{
	while (q->head)
		queue_pop(q);
}
