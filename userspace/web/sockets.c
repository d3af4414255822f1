// SPDX-License-Identifier: Apache-2.0
/* WebSockets: each is one call of v1.WebRTC.StartDataChannel. */
#include <string.h>

#include "crypto/digest.h"
#include "web/signalling.h"
#include "web/visitor.h"

static void put_frame(struct visitor *v, struct buf *frame)
{
	if (frame->failed || web_connection_waiting(&v->connection) > GATEWAY_UNREAD_MAX)
		web_connection_close(&v->connection);
	else
		web_connection_put(&v->connection, frame->data, frame->len);
	buf_fini_secret(frame);
}

static void end(struct visitor *v, unsigned int code, const char *reason)
{
	struct buf frame = BUF_INIT(HTTP_HEAD_MAX);

	if (v->closing)
		return;
	v->closing = true;
	websocket_write_close(&frame, code, reason);
	put_frame(v, &frame);
	web_connection_finish(&v->connection);
	signalling_cancel(v->signalling);
}

static void end_for(struct visitor *v, const struct error *why)
{
	if (why->kind == ERR_NONE)
		end(v, WEBSOCKET_NORMAL, "");
	else
		end(v, GATEWAY_CLOSE_ERROR + (unsigned int)why->kind, why->text);
}

/* ---- what the node says ---- */

static void on_said(const char *text, void *user)
{
	struct visitor *v = user;
	struct buf frame = BUF_INIT(GATEWAY_UNREAD_MAX);

	if (v->closing || !visitor_is_there(v))
		return;
	websocket_write(&frame, WEBSOCKET_TEXT, text, strlen(text));
	put_frame(v, &frame);
}

static void on_ended(const struct error *why, void *user)
{
	struct visitor *v = user;

	v->signalling = NULL;
	if (visitor_is_there(v))
		end_for(v, why);
	visitor_consider_free(v);
}

/* ---- what the browser says ---- */

static void take_text(struct visitor *v, const struct websocket_frame *frame)
{
	struct error err = { 0 };
	int r = v->signalling ? signalling_take(v->signalling, frame->data, frame->len, &err) : 0;

	if (r == -ERR_INVALID)
		end(v, WEBSOCKET_WRONG, err.text);
	else if (r < 0)
		end_for(v, &err);
	web_connection_be_patient(&v->connection);
}

static void take_frame(struct visitor *v, const struct websocket_frame *frame)
{
	struct buf out = BUF_INIT(HTTP_HEAD_MAX);

	switch (frame->kind) {
	case WEBSOCKET_TEXT:
		take_text(v, frame);
		break;
	case WEBSOCKET_PING:
		websocket_write(&out, WEBSOCKET_PONG, frame->data, frame->len);
		put_frame(v, &out);
		break;
	case WEBSOCKET_CLOSE:
		end(v, WEBSOCKET_NORMAL, "");
		break;
	default:
		break;
	}
}

void visitor_take_frames(struct visitor *v, struct buf *in)
{
	struct websocket_frame frame;
	struct error err = { 0 };
	int r = 0;

	while (!v->closing && visitor_is_there(v) && (r = websocket_take(in, &frame, &err)) > 0) {
		take_frame(v, &frame);
		websocket_drop(in, &frame);
	}
	if (r < 0)
		end(v, r == -ERR_EXHAUSTED ? WEBSOCKET_TOO_LARGE : WEBSOCKET_WRONG, err.text);
}

/* ---- the beginning ---- */

static bool is_signal_path(const struct gateway *g, const char *path)
{
	const char *token = path + strlen(GATEWAY_SIGNAL_PATH);

	if (strncmp(path, GATEWAY_SIGNAL_PATH, strlen(GATEWAY_SIGNAL_PATH)) != 0)
		return false;
	if (!g->config.token)
		return !*token;
	return *token == '?' && strlen(token + 1) == strlen(g->config.token) &&
	       secret_equal(token + 1, g->config.token, strlen(g->config.token));
}

/*
 * Programs have no origin; a page has, and cannot hide it.  A browser shows its user's certificate
 * for whoever's page asks.
 */
static bool is_own_origin(const struct visitor *v)
{
	const char *scheme = v->gateway->config.tls ? "https://" : "http://";
	const char *origin = v->head.origin;

	return !*origin || (strncmp(origin, scheme, strlen(scheme)) == 0 &&
			    strcmp(origin + strlen(scheme), v->head.host) == 0);
}

static int start_signalling(struct visitor *v, struct error *err)
{
	static const struct signalling_ops ops = { on_said, on_ended };
	struct gateway *g = v->gateway;
	struct rpc_behalf behalf;

	if (g->config.tls)
		visitor_name(v, &behalf);
	return signalling_start(g->pump, g->config.channel, g->config.tls ? &behalf : NULL, &ops, v,
				&v->signalling, err);
}

void visitor_begin_websocket(struct visitor *v)
{
	struct buf out = BUF_INIT(HTTP_HEAD_MAX);
	struct error err = { 0 };

	if (!is_signal_path(v->gateway, v->head.path) || !is_own_origin(v)) {
		visitor_refuse(v, "403 Forbidden", NULL);
		return;
	}
	if (start_signalling(v, &err) < 0) {
		visitor_refuse(v, "503 Service Unavailable", err.text);
		return;
	}
	v->websocket = true;
	if (websocket_accept(&v->head, &out, NULL) < 0)
		out.failed = true;
	put_frame(v, &out);
	visitor_take_frames(v, &v->connection.in);
}
