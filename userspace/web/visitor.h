/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is at the gateway, from his connection to its end; what the files of the gateway share.
 * Internal to web/; the thread of its loop.
 *
 *	reading -> [asking] -> answered | websocket | stream
 *
 * requests.c has the first three, sockets.c and streams.c one each of the others, gateway.c who
 * comes and who is freed.
 */
#ifndef WGMESH_WEB_VISITOR_H
#define WGMESH_WEB_VISITOR_H

#include "rpc/behalf.h"
#include "web/connection.h"
#include "web/gateway.h"

enum {
	VISITOR_OUT_MAX = GATEWAY_PAGE_MAX + HTTP_HEAD_MAX,	/* bytes on the way to him */
	VISITOR_ASK_MS = 5000,		/* for the node to say whether he may */
};

struct signalling;

/* A page as it was last made. */
struct made {
	uint64_t at;		/* uv_now() */
	bool any;
	struct buf body;
	struct error err;
};

struct gateway {
	struct gateway_config config;
	uv_tcp_t listener;
	uv_timer_t ticker;		/* of streams */
	unsigned int handles;		/* of these two */
	struct rpc_pump *pump;
	struct visitor *visitors;	/* who came last is the first */
	struct made made[HTTP_SITES_MAX][HTTP_PAGES_MAX];
	char host[GATEWAY_HOST_MAX];
	bool stopping;
	void (*stopped)(void *user);
	void *user;
};

struct visitor {
	struct visitor *next;
	struct gateway *gateway;
	struct web_connection connection;
	bool gone;			/* the connection is; calls may be there yet */
	bool asked;			/* the request is here */
	struct http_head head;
	struct rpc_client_call *asking;	/* whether he may */

	bool websocket, closing;
	struct signalling *signalling;

	const struct http_site *stream;	/* NULL: he is at none */
	uint64_t cursor;		/* events that he has */
	uint64_t since, beat_at;	/* uv_now() */
};

/* Once nothing of him is left: neither the connection nor a call. */
void visitor_consider_free(struct visitor *v);
/* With TLS, and established. */
void visitor_name(const struct visitor *v, struct rpc_behalf *ret);
bool visitor_is_there(const struct visitor *v);

/* requests.c: in the bytes that came. */
void visitor_take_request(struct visitor *v, struct buf *in);
/* Whether the node takes a call of his, by @done, with @v as context; v->asking until then. */
int visitor_ask_node(struct visitor *v,
		     void (*done)(const ProtobufCMessage *reply, const struct error *err, void *ctx),
		     struct error *err);
/* The head of an answer with a body of @length bytes; -1: until the connection ends. */
bool visitor_put_head(struct visitor *v, const char *status, const char *type, long length);
/* @why NULL: the status says it. */
void visitor_refuse(struct visitor *v, const char *status, const char *why);

/* sockets.c */
void visitor_begin_websocket(struct visitor *v);
void visitor_take_frames(struct visitor *v, struct buf *in);

/* streams.c */
void visitor_begin_stream(struct visitor *v, const struct http_site *site);
void visitors_tick(struct gateway *g);	/* again and again while there are streams */

#endif
