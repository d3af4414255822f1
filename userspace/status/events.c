// SPDX-License-Identifier: Apache-2.0
#include "status/events.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "model/node.h"
#include "status/json.h"

struct event {
	const char *kind;
	char node_id[NODE_ID_MAX + 1];
	int64_t at;		/* ns since 1970 */
	char text[EVENT_TEXT_MAX];
};

struct events {
	pthread_mutex_t lock;	/* guards all below */
	uint64_t first, next;	/* numbers: of the first one ever, and of the one to come */
	struct event ring[EVENTS_MAX];
};

struct events *events_new(uint64_t first)
{
	struct events *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	pthread_mutex_init(&e->lock, NULL);
	e->first = e->next = first ? first : 1;
	return e;
}

void events_free(struct events *e)
{
	if (!e)
		return;
	pthread_mutex_destroy(&e->lock);
	free(e);
}

void events_add(struct events *e, const char *kind, const char *node_id, int64_t at,
		const char *fmt, ...)
{
	struct event event = { .kind = kind, .at = at };
	va_list args;

	snprintf(event.node_id, sizeof(event.node_id), "%s", node_id);
	va_start(args, fmt);
	vsnprintf(event.text, sizeof(event.text), fmt, args);
	va_end(args);
	pthread_mutex_lock(&e->lock);
	e->ring[e->next++ % EVENTS_MAX] = event;
	pthread_mutex_unlock(&e->lock);
}

static void put(const struct event *event, uint64_t number, struct buf *out)
{
	buf_printf(out, "id: %" PRIu64 "\ndata: {\"at\":%" PRId64 ",", number, event->at / 1000000);
	json_field(out, "kind", event->kind);
	json_field(out, "node", event->node_id);
	buf_append_text(out, "\"text\":");
	json_text(out, event->text);
	buf_append_text(out, "}\n\n");
}

static void put_missed(uint64_t count, uint64_t last, int64_t at, struct buf *out)
{
	struct event missed = { .kind = "missed", .at = at };

	snprintf(missed.text, sizeof(missed.text), "%" PRIu64 " events passed unseen", count);
	put(&missed, last, out);
}

static void read_all(struct events *e, uint64_t *cursor, struct buf *out)
{
	uint64_t oldest = e->next - e->first > EVENTS_MAX ? e->next - EVENTS_MAX : e->first;
	uint64_t from = *cursor + 1;

	if (*cursor < e->first || *cursor >= e->next)
		from = oldest;
	else if (from < oldest)
		put_missed(oldest - from, oldest - 1, e->ring[oldest % EVENTS_MAX].at, out);
	if (from < oldest)
		from = oldest;
	for (; from < e->next; from++)
		put(&e->ring[from % EVENTS_MAX], from, out);
	*cursor = e->next - 1;
}

void events_read(struct events *e, uint64_t *cursor, struct buf *ret)
{
	pthread_mutex_lock(&e->lock);
	if (e->next != e->first && *cursor != e->next - 1)
		read_all(e, cursor, ret);
	pthread_mutex_unlock(&e->lock);
}
