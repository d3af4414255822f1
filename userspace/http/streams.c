// SPDX-License-Identifier: Apache-2.0
#include "http/streams.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK = 4096 };	/* bytes that the library asks for at a time */

struct stream {
	struct streams *all;
	struct stream *next;
	struct MHD_Connection *connection;
	const struct http_site *site;
	uint64_t cursor;
	uint64_t since;		/* ms */
	struct buf piece;	/* on its way */
	bool waits;		/* the library has it suspended */
	bool beats;		/* says that it is there, for want of an event */
	bool ends;
};

/* ---- called by the library ---- */

static void fill(struct stream *s)
{
	s->site->stream->read(s->site->data, &s->cursor, &s->piece);
	if (s->piece.failed)
		s->ends = true;		/* it comes again, and is told what it has missed */
	else if (!s->piece.len && s->beats)
		buf_append_text(&s->piece, ":\n\n");
	s->beats = false;
}

static ssize_t on_read(void *data, uint64_t position, char *out, size_t max)
{
	struct stream *s = data;
	size_t n;

	if (!s->piece.len && !s->ends)
		fill(s);
	if (!s->piece.len && s->ends)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (!s->piece.len) {
		s->waits = true;
		MHD_suspend_connection(s->connection);
		return 0;
	}
	n = s->piece.len < max ? s->piece.len : max;
	memcpy(out, s->piece.data, n);
	buf_consume(&s->piece, n);
	return (ssize_t)n;
}

static void on_end(void *data)
{
	struct stream *s = data, **at = &s->all->first;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	buf_fini(&s->piece);
	free(s);
}

/* ---- called by the server ---- */

static void wake(struct stream *s)
{
	if (!s->waits)
		return;
	s->waits = false;
	MHD_resume_connection(s->connection);
}

/* They are in the order in which they came, the newest first. */
static void make_room(struct streams *all)
{
	unsigned int n = 0;

	for (struct stream *s = all->first; s; s = s->next) {
		if (s->ends || ++n <= HTTP_STREAMS_MAX)
			continue;
		s->ends = true;
		wake(s);
	}
}

struct MHD_Response *streams_open(struct streams *all, struct MHD_Connection *connection,
				  const struct http_site *site, const char *last_id, uint64_t now)
{
	struct stream *s = calloc(1, sizeof(*s));
	struct MHD_Response *r;

	if (!s)
		return NULL;
	*s = (struct stream){ .all = all, .next = all->first, .connection = connection,
			      .site = site, .since = now, .piece = BUF_INIT(HTTP_STREAM_BYTES_MAX),
			      .cursor = last_id ? strtoull(last_id, NULL, 10) : 0 };
	buf_append_text(&s->piece, "retry: 2000\n\n");
	r = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, on_read, s, on_end);
	if (!r) {
		buf_fini(&s->piece);
		free(s);
		return NULL;
	}
	if (!all->first)
		all->beat_at = now;
	all->first = s;
	make_room(all);
	return r;
}

void streams_wake(struct streams *all)
{
	for (struct stream *s = all->first; s; s = s->next)
		wake(s);
}

void streams_end(struct streams *all)
{
	for (struct stream *s = all->first; s; s = s->next)
		s->ends = true;
	streams_wake(all);
}

int streams_pause(const struct streams *all, uint64_t now)
{
	uint64_t due = all->beat_at + HTTP_BEAT_MS;

	if (!all->first)
		return -1;
	return due > now ? (int)(due - now) : 0;
}

void streams_beat(struct streams *all, uint64_t now)
{
	if (streams_pause(all, now) != 0)
		return;
	all->beat_at = now;
	for (struct stream *s = all->first; s; s = s->next) {
		s->beats = true;
		s->ends |= now - s->since >= HTTP_STREAM_SECONDS * 1000;
	}
	streams_wake(all);
}
