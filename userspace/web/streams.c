// SPDX-License-Identifier: Apache-2.0
/* Streams of events, as http/site.h has them. */
#include <stdlib.h>

#include "web/visitor.h"

static void on_asked_again(const ProtobufCMessage *reply, const struct error *err, void *ctx)
{
	struct visitor *v = ctx;

	v->asking = NULL;
	if (err->kind == ERR_DENIED || err->kind == ERR_UNAUTHENTICATED)
		web_connection_close(&v->connection);
	visitor_consider_free(v);
}

/* Who is gone is found out by what is written, and who is revoked by the node. */
static void beat(struct visitor *v, struct buf *out)
{
	v->beat_at = uv_now(v->gateway->config.loop);
	if (!out->len)
		buf_append_text(out, ":\n\n");
	if (v->gateway->config.tls && !v->asking)
		visitor_ask_node(v, on_asked_again, NULL);
}

static void tell(struct visitor *v)
{
	uint64_t now = uv_now(v->gateway->config.loop);
	struct buf out = BUF_INIT(GATEWAY_UNREAD_MAX);

	v->stream->stream->read(v->stream->data, &v->cursor, &out);
	if (now - v->beat_at >= GATEWAY_BEAT_MS)
		beat(v, &out);
	if (out.failed || web_connection_waiting(&v->connection) > GATEWAY_UNREAD_MAX)
		web_connection_close(&v->connection);
	else if (out.len)
		web_connection_put(&v->connection, out.data, out.len);
	buf_fini(&out);
	/* It comes again by itself, and is told what it has missed. */
	if (now - v->since >= GATEWAY_STREAM_MS)
		web_connection_finish(&v->connection);
}

static bool is_at_stream(const struct visitor *v)
{
	return v->stream && visitor_is_there(v) && !v->connection.finishing;
}

void visitors_tick(struct gateway *g)
{
	bool any = false;

	for (struct visitor *v = g->visitors; v; v = v->next) {
		if (!is_at_stream(v))
			continue;
		tell(v);
		any = true;
	}
	if (!any)
		uv_timer_stop(&g->ticker);
}

static void on_tick(uv_timer_t *ticker)
{
	visitors_tick(ticker->data);
}

/* The one that is there for longest ends. */
static void make_room(struct gateway *g)
{
	struct visitor *oldest = NULL;
	unsigned int count = 0;

	for (struct visitor *v = g->visitors; v; v = v->next) {
		if (!is_at_stream(v))
			continue;
		count++;
		oldest = v;
	}
	if (count >= GATEWAY_STREAMS_MAX)
		web_connection_finish(&oldest->connection);
}

void visitor_begin_stream(struct visitor *v, const struct http_site *site)
{
	struct gateway *g = v->gateway;

	make_room(g);
	if (!visitor_put_head(v, "200 OK", "text/event-stream", -1) ||
	    !web_connection_put(&v->connection, "retry: 2000\n\n", 13))
		return;
	web_connection_be_patient(&v->connection);
	v->since = v->beat_at = uv_now(g->config.loop);
	v->cursor = strtoull(v->head.last_id, NULL, 10);
	v->stream = site;
	tell(v);
	if (!uv_is_active((uv_handle_t *)&g->ticker))
		uv_timer_start(&g->ticker, on_tick, GATEWAY_TICK_MS, GATEWAY_TICK_MS);
}
