/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a part of the program serves over HTTP, whichever listener it is mounted at: a table of pages
 * and at most one stream of events, with the data that they are made of.  Everything here is called
 * on the listener's thread.
 */
#ifndef WGMESH_HTTP_SITE_H
#define WGMESH_HTTP_SITE_H

#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

struct http_page {
	const char *path;	/* "/metrics": whole, and nothing behind it */
	const char *type;	/* for Content-Type */
	/*
	 * Appends the page to @ret; others wait meanwhile.  An error is answered as 503 with its text.
	 * NULL: the page is @body.
	 */
	int (*make)(void *data, struct buf *ret, struct error *err);
	const unsigned char *body;
	size_t length;
};

/* text/event-stream, as HTML has it (html.spec.whatwg.org, 9.2 Server-sent events). */
struct http_stream {
	const char *path;
	/*
	 * Appends the events behind *@cursor, each with an "id:" that strtoull() reads, to @ret and
	 * moves *@cursor to the last one; nothing when there are none.  0: who has just come.  It is
	 * asked again when http_server_notify() was called.
	 */
	void (*read)(void *data, uint64_t *cursor, struct buf *ret);
};

/* Tables and @data outlive the listener. */
struct http_site {
	const struct http_page *pages;
	size_t page_count;			/* at most HTTP_PAGES_MAX */
	const struct http_stream *stream;	/* NULL: none */
	void *data;
};

enum { HTTP_SITES_MAX = 4, HTTP_PAGES_MAX = 16 };

#endif
