/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection of a browser: bytes both ways, with or without TLS, within bounds of memory and
 * time.  Internal to web/; the thread of its loop.
 *
 *	open -> [data]... -> (finish: what was put goes out) -> closed -> gone
 */
#ifndef WGMESH_WEB_CONNECTION_H
#define WGMESH_WEB_CONNECTION_H

#include <uv.h>

#include "base/addr.h"
#include "base/buf.h"
#include "crypto/tls.h"
#include "web/websocket.h"

enum {
	WEB_IN_MAX = WEBSOCKET_MESSAGE_MAX + HTTP_HEAD_MAX,	/* bytes not yet taken */
	WEB_PIECE = 16 * 1024,		/* bytes of one read or write */
	WEB_PATIENCE_MS = 10 * 1000,	/* for the handshake, a request, and what answers it */
};

struct web_connection_ops {
	/* There is more in @in, of which the user consumes what it takes. */
	void (*data)(struct buf *in, void *user);
	/* Once, when nothing comes or goes any more; web_connection_free() is for then or later. */
	void (*closed)(const struct error *why, void *user);
	/* The loop has let go: free() of what the connection is a part of is for here. */
	void (*gone)(void *user);
};

struct web_connection {
	uv_tcp_t socket;
	uv_timer_t patience;
	uv_write_t write;
	struct tls_stream *tls;		/* NULL: none */
	const struct web_connection_ops *ops;
	void *user;
	struct endpoint from;		/* who is there; AF_UNSPEC: not known */
	struct buf in, out;
	size_t sent;			/* bytes of @out that are gone */
	unsigned int handles;
	bool writing, finishing, ended, closed;
	uint8_t piece[WEB_PIECE];
};

/*
 * Takes the connection that waits at @listener, and begins to read; @tls: NULL for none.  @out_max
 * bytes may wait to go out.  After a failure there is nothing to be closed, and no callback comes
 * but gone().
 */
int web_connection_accept(struct web_connection *c, uv_stream_t *listener,
			  const struct tls_context *tls, size_t out_max,
			  const struct web_connection_ops *ops, void *user, struct error *err);

/* False, and the connection is closed: more than it may hold waits, or no memory. */
bool web_connection_put(struct web_connection *c, const void *data, size_t len);
/* No more comes in; it is closed when what was put has gone out, or patience ends. */
void web_connection_finish(struct web_connection *c);
/* At once.  More than once is fine. */
void web_connection_close(struct web_connection *c);

/* From now on it may be silent for as long as it likes; it is heard when it goes. */
void web_connection_be_patient(struct web_connection *c);

/* Bytes that were put and are not gone. */
size_t web_connection_waiting(const struct web_connection *c);
/* Who is there has proved to be of the mesh, or need not. */
bool web_connection_established(const struct web_connection *c);
/* NULL: without TLS, or not established. */
const struct cert_info *web_connection_peer(const struct web_connection *c);
#endif
