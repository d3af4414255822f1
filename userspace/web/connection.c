// SPDX-License-Identifier: Apache-2.0
#include "web/connection.h"

#include <string.h>

static void on_closed(uv_handle_t *handle)
{
	struct web_connection *c = handle->data;

	if (--c->handles)
		return;
	tls_stream_free(c->tls);
	buf_fini_secret(&c->in);
	buf_fini_secret(&c->out);
	wipe(c->piece, sizeof(c->piece));
	c->ops->gone(c->user);
}

static void let_go(struct web_connection *c)
{
	c->closed = true;
	uv_close((uv_handle_t *)&c->socket, on_closed);
	uv_close((uv_handle_t *)&c->patience, on_closed);
}

static void close_for(struct web_connection *c, enum error_kind kind, const char *text)
{
	struct error why = { 0 };

	if (c->closed)
		return;
	let_go(c);
	if (kind != ERR_NONE)
		error_set(&why, kind, "%s", text);
	c->ops->closed(&why, c->user);
}

void web_connection_close(struct web_connection *c)
{
	close_for(c, ERR_NONE, "");
}

static void on_patience(uv_timer_t *timer)
{
	close_for(timer->data, ERR_DEADLINE, "nothing came, or went, in 10 s");
}

static void be_impatient(struct web_connection *c)
{
	uv_timer_start(&c->patience, on_patience, WEB_PATIENCE_MS, 0);
}

void web_connection_be_patient(struct web_connection *c)
{
	if (!c->finishing && !c->closed)
		uv_timer_stop(&c->patience);
}

/* ---- out ---- */

static void forget_sent(struct web_connection *c, size_t n)
{
	c->sent += n;
	if (c->sent < c->out.len)
		return;
	if (c->out.data)
		wipe(c->out.data, c->out.len);
	buf_reset(&c->out);
	c->sent = 0;
}

/* The next bytes for the socket, in @piece. */
static size_t next_piece(struct web_connection *c)
{
	size_t left = c->out.len - c->sent, n = left < WEB_PIECE ? left : WEB_PIECE;

	if (!c->tls) {
		if (n)
			memcpy(c->piece, c->out.data + c->sent, n);
		forget_sent(c, n);
		return n;
	}
	if (n && tls_established(c->tls) &&
	    tls_write(c->tls, c->out.data + c->sent, n, &n, NULL) == 0)
		forget_sent(c, n);
	return tls_take(c->tls, c->piece, WEB_PIECE);
}

/* Once: TLS tells an end in order from one that somebody has cut. */
static size_t farewell(struct web_connection *c)
{
	if (!c->tls || c->ended)
		return 0;
	c->ended = true;
	tls_close(c->tls);
	return tls_take(c->tls, c->piece, WEB_PIECE);
}

static void pump(struct web_connection *c);

static void on_written(uv_write_t *request, int status)
{
	struct web_connection *c = request->data;

	c->writing = false;
	if (c->closed)
		return;
	if (status < 0)
		close_for(c, ERR_UNAVAILABLE, "the connection is lost");
	else
		pump(c);
}

static void pump(struct web_connection *c)
{
	uv_buf_t piece = uv_buf_init((char *)c->piece, 0);

	if (c->writing || c->closed)
		return;
	piece.len = next_piece(c);
	if (!piece.len && c->finishing)
		piece.len = farewell(c);
	if (!piece.len) {
		if (c->finishing)
			web_connection_close(c);
		return;
	}
	c->write.data = c;
	c->writing = uv_write(&c->write, (uv_stream_t *)&c->socket, &piece, 1, on_written) == 0;
	if (!c->writing)
		close_for(c, ERR_UNAVAILABLE, "the connection is lost");
}

/* What has gone makes room: the buffer's maximum is of what waits. */
static void compact(struct web_connection *c)
{
	buf_consume(&c->out, c->sent);
	c->sent = 0;
}

bool web_connection_put(struct web_connection *c, const void *data, size_t len)
{
	if (c->closed || c->finishing)
		return false;
	if (c->sent && c->out.len + len > c->out.max)
		compact(c);
	if (!buf_append(&c->out, data, len)) {
		close_for(c, ERR_EXHAUSTED, "it does not read what it is told");
		return false;
	}
	pump(c);
	return !c->closed;
}

void web_connection_finish(struct web_connection *c)
{
	if (c->closed || c->finishing)
		return;
	uv_read_stop((uv_stream_t *)&c->socket);
	be_impatient(c);
	c->finishing = true;
	pump(c);
}

/* ---- in ---- */

static void on_room(uv_handle_t *handle, size_t wanted, uv_buf_t *ret)
{
	static _Thread_local char room[WEB_PIECE];

	*ret = uv_buf_init(room, sizeof(room));
}

/* An alert that says why goes out before it is closed. */
static void refuse(struct web_connection *c, const struct error *why)
{
	size_t n = c->writing ? 0 : tls_take(c->tls, c->piece, WEB_PIECE);
	uv_buf_t alert = uv_buf_init((char *)c->piece, (unsigned int)n);

	if (n)
		uv_try_write((uv_stream_t *)&c->socket, &alert, 1);
	close_for(c, why->kind, why->text);
}

static int decrypt(struct web_connection *c, const void *data, size_t len, struct error *err)
{
	static _Thread_local uint8_t room[WEB_PIECE];
	size_t n;
	int r = tls_feed(c->tls, data, len, err);

	while (r == 0) {
		r = tls_read(c->tls, room, sizeof(room), &n, err);
		if (r < 0 || !n)
			break;
		if (!buf_append(&c->in, room, n))
			r = error_set(err, ERR_EXHAUSTED, "it says more than is read");
	}
	wipe(room, sizeof(room));
	return r;
}

static void take(struct web_connection *c, const void *data, size_t len)
{
	struct error err = { 0 };
	int r = 0;

	if (c->tls)
		r = decrypt(c, data, len, &err);
	else if (!buf_append(&c->in, data, len))
		r = error_set(&err, ERR_EXHAUSTED, "it says more than is read");
	if (r < 0 && c->tls) {
		refuse(c, &err);
		return;
	}
	if (r < 0) {
		close_for(c, err.kind, err.text);
		return;
	}
	pump(c);
	if (c->in.len && !c->closed)
		c->ops->data(&c->in, c->user);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *data)
{
	struct web_connection *c = stream->data;

	if (n < 0)
		close_for(c, ERR_UNAVAILABLE, "the connection is lost");
	else if (n > 0 && !c->finishing)
		take(c, data->base, (size_t)n);
}

/* ---- life ---- */

static void note_address(struct web_connection *c)
{
	struct sockaddr_storage at;
	int len = sizeof(at);

	if (uv_tcp_getpeername(&c->socket, (struct sockaddr *)&at, &len) == 0)
		endpoint_from_sockaddr((struct sockaddr *)&at, (socklen_t)len, &c->from);
}

int web_connection_accept(struct web_connection *c, uv_stream_t *listener,
			  const struct tls_context *tls, size_t out_max,
			  const struct web_connection_ops *ops, void *user, struct error *err)
{
	int r = tls ? tls_stream_new(tls, TLS_SERVER, &c->tls, err) : 0;

	c->ops = ops;
	c->user = user;
	c->in = BUF_INIT(WEB_IN_MAX);
	c->out = BUF_INIT(out_max);
	uv_tcp_init(listener->loop, &c->socket);
	uv_timer_init(listener->loop, &c->patience);
	c->handles = 2;
	c->socket.data = c->patience.data = c;
	be_impatient(c);
	/* Also when it is hung up on: the loop waits with the others until it was taken. */
	if (uv_accept(listener, (uv_stream_t *)&c->socket) < 0 ||
	    (r == 0 && uv_read_start((uv_stream_t *)&c->socket, on_room, on_read) < 0))
		r = error_set(err, ERR_UNAVAILABLE, "a connection went before it was taken");
	note_address(c);
	/* An answer's head and body are two writes, and the second waits for nobody. */
	uv_tcp_nodelay(&c->socket, 1);
	if (r < 0)
		let_go(c);
	return r;
}

size_t web_connection_waiting(const struct web_connection *c)
{
	return c->out.len - c->sent;
}

bool web_connection_established(const struct web_connection *c)
{
	return !c->tls || tls_established(c->tls);
}

const struct cert_info *web_connection_peer(const struct web_connection *c)
{
	return c->tls ? tls_peer(c->tls) : NULL;
}
