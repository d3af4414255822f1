/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who listens to events.  What waits for a reader is in the site (http/site.h): a stream has a place
 * in it, and the piece that is being sent.  Internal to http/; its thread.
 */
#ifndef WGMESH_HTTP_STREAMS_H
#define WGMESH_HTTP_STREAMS_H

#include <microhttpd.h>
#include <stdbool.h>

#include "http/server.h"

struct stream;

struct streams {
	struct stream *first;	/* the newest */
	uint64_t beat_at;	/* ms; of the last beat */
};

/*
 * Answers with the events behind @last_id (NULL: all that there are).  The oldest of more than
 * HTTP_STREAMS_MAX ends.  NULL: no memory.
 */
struct MHD_Response *streams_open(struct streams *s, struct MHD_Connection *connection,
				  const struct http_site *site, const char *last_id, uint64_t now);

/* There may be news, or all is over: those that wait look again. */
void streams_wake(struct streams *s);
void streams_end(struct streams *s);

/* In how many ms streams_beat() is due; -1: never.  It lets those say something that had nothing. */
int streams_pause(const struct streams *s, uint64_t now);
void streams_beat(struct streams *s, uint64_t now);

#endif
