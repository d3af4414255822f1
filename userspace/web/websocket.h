/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's side of a WebSocket (RFC 6455) without I/O: the request that asks for one, and
 * messages of text.  Bounded, and no message in pieces: who signals has small ones.  Any thread.
 */
#ifndef WGMESH_WEB_WEBSOCKET_H
#define WGMESH_WEB_WEBSOCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

enum {
	HTTP_HEAD_MAX = 8192,
	HTTP_WORD_MAX = 256,		/* of a path or a header's value, with the NUL */
	WEBSOCKET_MESSAGE_MAX = 64 * 1024,
	WEBSOCKET_REASON_MAX = 123,	/* bytes of a close's reason */
	/* RFC 6455, 7.4.1; 4000 and above are our own. */
	WEBSOCKET_NORMAL = 1000,
	WEBSOCKET_WRONG = 1002,
	WEBSOCKET_TOO_LARGE = 1009,
};

struct http_head {
	char method[8], path[HTTP_WORD_MAX];
	char host[HTTP_WORD_MAX], origin[HTTP_WORD_MAX], key[HTTP_WORD_MAX];	/* "": none */
	char last_id[HTTP_WORD_MAX];	/* of an event that was heard before; "": none */
	bool upgrade;		/* to a WebSocket of version 13, with a key */
};

/*
 * The head at the beginning of @in, which is consumed.  1: there is one; 0: not all of it yet;
 * ERR_INVALID: it is none of HTTP/1.1; ERR_EXHAUSTED: longer than HTTP_HEAD_MAX.
 */
int http_head_take(struct buf *in, struct http_head *ret, struct error *err);

/* The answer that begins the WebSocket. */
int websocket_accept(const struct http_head *head, struct buf *out, struct error *err);

enum websocket_kind { WEBSOCKET_TEXT, WEBSOCKET_PING, WEBSOCKET_PONG, WEBSOCKET_CLOSE };

struct websocket_frame {
	enum websocket_kind kind;
	uint8_t *data;		/* in @in, until websocket_drop() */
	size_t len;
	size_t whole;		/* bytes of the frame */
};

/*
 * As above.  ERR_INVALID: it does not keep to the protocol, or is no text; ERR_EXHAUSTED: longer
 * than WEBSOCKET_MESSAGE_MAX, or in pieces.
 */
int websocket_take(struct buf *in, struct websocket_frame *ret, struct error *err);
void websocket_drop(struct buf *in, const struct websocket_frame *frame);

/* False as buf_append(). */
bool websocket_write(struct buf *out, enum websocket_kind kind, const void *data, size_t len);
/* @reason is cut at WEBSOCKET_REASON_MAX. */
bool websocket_write_close(struct buf *out, unsigned int code, const char *reason);

#endif
