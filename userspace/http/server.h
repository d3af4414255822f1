/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages over HTTP for programs on this machine, without TLS and without a login.
 *
 * A thread of its own makes the pages and serves them.  Whatever somebody sends, it has bounded
 * memory, descriptors and time: HTTP_CONNECTIONS_MAX connections, of which those that have waited
 * longest make room for others; HTTP_REQUEST_MAX bytes of request; HTTP_SECONDS_MAX from
 * the first byte to the last one; one request a connection.  A page is made at most once in
 * HTTP_FRESH_MS, however often it is asked for.  Streams of events last longer, and are fewer:
 * HTTP_STREAMS_MAX, of which the oldest ends when another comes; a browser asks again by itself for
 * what came meanwhile.
 *
 * Start and stop are for one thread, not the server's.
 */
#ifndef WGMESH_HTTP_SERVER_H
#define WGMESH_HTTP_SERVER_H

#include <stddef.h>

#include "base/addr.h"
#include "http/site.h"

enum {
	HTTP_CONNECTIONS_MAX = 40,
	HTTP_STREAMS_MAX = 8,		/* of them */
	HTTP_STREAM_SECONDS = 60,	/* then a stream ends in order */
	HTTP_BEAT_MS = 5000,		/* and says something that often: who is gone is found out */
	HTTP_REQUEST_MAX = 8192,	/* about: what the library keeps of one is in it, too */
	HTTP_SECONDS_MAX = 10,
	HTTP_FRESH_MS = 1000,
	HTTP_PAGE_MAX = 16 << 20,	/* bytes */
	HTTP_STREAM_BYTES_MAX = 256 << 10,	/* of events that wait for one reader */
};

struct http_config {
	struct endpoint address;	/* port 0: any */
	struct http_site sites[HTTP_SITES_MAX];
	size_t site_count;
	unsigned int seconds_max;	/* 0: HTTP_SECONDS_MAX */
};

struct http_server;

/*
 * ERR_INVALID: the address is not on the loopback; ERR_EXISTS: somebody listens there already.
 */
int http_server_start(const struct http_config *config, struct http_server **ret,
		      struct error *err);
uint16_t http_server_port(const struct http_server *server);

/* There are events: streams ask for them.  Any thread, until the server is stopped. */
void http_server_notify(struct http_server *server);

/* Waits for a page that is being made.  NULL is fine. */
void http_server_stop(struct http_server *server);

#endif
