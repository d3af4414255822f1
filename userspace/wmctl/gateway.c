// SPDX-License-Identifier: Apache-2.0
#include "wmctl/gateway.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/file.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "model/turn_server.h"
#include "rpc/client.h"
#include "v1/webrtc.pb-c.h"
#include "wmctl/session.h"
#include "wmctl/websocket.h"

enum { N_SIGNALS = 2, TOKEN_BYTES = 16, TOKEN_CHARS = 2 * TOKEN_BYTES, HOST_MAX = 32 };

#define SIGNAL_PATH "/signal?"
#define IN_MAX (WEBSOCKET_MESSAGE_MAX + HTTP_HEAD_MAX)

struct gateway {
	struct session *session;
	const char *files;
	uv_loop_t loop;
	uv_tcp_t listener;
	uv_signal_t signals[N_SIGNALS];
	struct rpc_pump *pump;
	struct client *clients;
	unsigned int count;
	char token[TOKEN_CHARS + 1];
	char host[HOST_MAX];		/* "127.0.0.1:8446" */
	bool ending;
};

struct client {
	struct client *next;
	struct gateway *gateway;
	uv_tcp_t socket;
	uv_timer_t patience;
	unsigned int handles;		/* that the loop has */
	struct buf in;
	bool websocket, asked, closing;
	struct rpc_client_call *call;	/* NULL: none, or over */
};

/* ---- the end of a client ---- */

static void pump_stopped(void *user)
{
	struct gateway *g = user;

	rpc_pump_free(g->pump);
	g->pump = NULL;
}

/* Once nothing of it is left: neither handles nor its call. */
static void consider_free(struct client *c)
{
	struct gateway *g = c->gateway;
	struct client **at = &g->clients;

	if (c->handles || c->call)
		return;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	g->count--;
	buf_fini_secret(&c->in);
	free(c);
	if (g->ending && !g->clients && g->pump)
		rpc_pump_stop(g->pump, pump_stopped, g);
}

static void on_closed(uv_handle_t *handle)
{
	struct client *c = handle->data;

	c->handles--;
	consider_free(c);
}

static void drop(struct client *c)
{
	if (!uv_is_closing((uv_handle_t *)&c->socket)) {
		uv_close((uv_handle_t *)&c->socket, on_closed);
		uv_close((uv_handle_t *)&c->patience, on_closed);
	}
	if (c->call)
		rpc_client_cancel(c->call);
}

static void on_patience(uv_timer_t *timer)
{
	drop(timer->data);
}

/* ---- what is written ---- */

struct writing {
	uv_write_t request;
	struct buf data;
	bool last;
};

static void on_written(uv_write_t *request, int status)
{
	struct writing *w = request->data;
	struct client *c = request->handle->data;

	if (status < 0 || w->last)
		drop(c);
	buf_fini_secret(&w->data);
	free(w);
}

/* Takes over what is in @data; @last: the connection is closed behind it. */
static void put(struct client *c, struct buf *data, bool last)
{
	struct writing *w = calloc(1, sizeof(*w));
	uv_buf_t piece = uv_buf_init((char *)data->data, (unsigned int)data->len);

	if (!w || data->failed || uv_is_closing((uv_handle_t *)&c->socket) ||
	    uv_stream_get_write_queue_size((uv_stream_t *)&c->socket) > GATEWAY_UNREAD_MAX) {
		free(w);
		buf_fini_secret(data);
		drop(c);
		return;
	}
	if (last)
		uv_timer_start(&c->patience, on_patience, GATEWAY_PATIENCE_MS, 0);
	c->closing |= last;
	w->data = *data;
	w->last = last;
	w->request.data = w;
	if (uv_write(&w->request, (uv_stream_t *)&c->socket, &piece, 1, on_written) == 0)
		return;
	buf_fini_secret(&w->data);
	free(w);
	drop(c);
}

static void close_websocket(struct client *c, unsigned int code, const char *reason)
{
	struct buf out = BUF_INIT(IN_MAX);

	if (c->closing)
		return;
	websocket_write_close(&out, code, reason);
	put(c, &out, true);
}

static void close_for(struct client *c, const struct error *why)
{
	if (why->kind == ERR_NONE)
		close_websocket(c, WEBSOCKET_NORMAL, "");
	else
		close_websocket(c, GATEWAY_CLOSE_ERROR + (unsigned int)why->kind, why->text);
}

/* Takes over @message. */
static void say(struct client *c, json_t *message)
{
	char *text = message ? json_dumps(message, JSON_COMPACT) : NULL;
	struct buf out = BUF_INIT(GATEWAY_UNREAD_MAX);

	json_decref(message);
	if (text && !c->closing) {
		websocket_write(&out, WEBSOCKET_TEXT, text, strlen(text));
		put(c, &out, false);
	}
	free(text);
}

/* ---- what the node says ---- */

/* As RTCConfiguration.iceServers has it. */
static json_t *server_of(const char *url)
{
	struct turn_server server;
	char plain[TURN_URL_MAX];
	json_t *object;

	if (turn_server_parse(url, &server, NULL) < 0)
		return json_pack("{s:s}", "urls", url);
	object = json_pack("{s:s, s:s}", "username", server.user, "credential", server.password);
	wipe(server.password, sizeof(server.password));
	*server.user = 0;
	json_object_set_new(object, "urls", json_string(turn_server_format(&server, plain)));
	return object;
}

static void on_message(struct rpc_client_call *call, const ProtobufCMessage *msg, void *ctx)
{
	const V1__DataChannelOffer *m = (const V1__DataChannelOffer *)msg;
	struct client *c = ctx;
	json_t *servers = json_array();

	for (size_t i = 0; i < m->n_stun_servers; i++)
		json_array_append_new(servers, server_of(m->stun_servers[i]));
	if (*m->offer)
		say(c, json_pack("{s:s, s:O}", "offer", m->offer, "servers", servers));
	if (*m->candidate)
		say(c, json_pack("{s:s}", "candidate", m->candidate));
	json_decref(servers);
	rpc_client_read(call);
}

static void on_done(struct rpc_client_call *call, const struct error *err, void *ctx)
{
	struct client *c = ctx;

	c->call = NULL;
	if (uv_is_closing((uv_handle_t *)&c->socket))
		consider_free(c);
	else
		close_for(c, err);
}

/* ---- what the browser says ---- */

static const char *text_of(const json_t *message, const char *name)
{
	const char *text = json_string_value(json_object_get(message, name));

	return text ? text : "";
}

static int start_call(struct client *c, struct error *err)
{
	static const struct rpc_client_ops ops = { .message = on_message, .done = on_done };
	const struct rpc_target target = { .service = &v1__web_rtc__descriptor,
					   .method = "StartDataChannel" };
	struct gateway *g = c->gateway;
	int r = rpc_client_bidi(g->pump, g->session->channel, &target, &ops, c, &c->call, err);

	if (r == 0)
		rpc_client_read(c->call);
	return r;
}

/*
 * The first message asks, and starts the call; the others are passed on, and the node judges all.  One
 * that asks once more, in the same words, has it restart ICE.
 */
static int pass_on(struct client *c, const json_t *message, struct error *err)
{
	V1__StartDataChannelRequest m = V1__START_DATA_CHANNEL_REQUEST__INIT;
	json_int_t port = json_integer_value(json_object_get(message, "port"));
	int r = c->asked ? 0 : start_call(c, err);

	if (r < 0 || !c->call)
		return r;
	m.node_id = (char *)text_of(message, "node");
	m.proto = (char *)text_of(message, "proto");
	m.dst = (char *)text_of(message, "dst");
	m.port = port > 0 && port <= UINT16_MAX ? (uint32_t)port : 0;
	m.answer = (char *)text_of(message, "answer");
	m.candidate = (char *)text_of(message, "candidate");
	c->asked = true;
	uv_timer_stop(&c->patience);
	return rpc_client_send(c->call, &m.base, err);
}

static void take_text(struct client *c, const struct websocket_frame *frame)
{
	json_t *message = json_loadb((const char *)frame->data, frame->len, 0, NULL);
	struct error err = { 0 };

	if (!json_is_object(message))
		close_websocket(c, WEBSOCKET_WRONG, "not an object of JSON");
	else if (pass_on(c, message, &err) < 0)
		close_for(c, &err);
	json_decref(message);
}

static void take_frame(struct client *c, const struct websocket_frame *frame)
{
	struct buf out = BUF_INIT(IN_MAX);

	switch (frame->kind) {
	case WEBSOCKET_TEXT:
		take_text(c, frame);
		break;
	case WEBSOCKET_PING:
		websocket_write(&out, WEBSOCKET_PONG, frame->data, frame->len);
		put(c, &out, false);
		break;
	case WEBSOCKET_CLOSE:
		close_websocket(c, WEBSOCKET_NORMAL, "");
		break;
	default:
		break;
	}
}

static void take_frames(struct client *c)
{
	struct websocket_frame frame;
	struct error err = { 0 };
	int r = 0;

	while (!c->closing && (r = websocket_take(&c->in, &frame, &err)) > 0) {
		take_frame(c, &frame);
		websocket_drop(&c->in, &frame);
	}
	if (r < 0)
		close_websocket(c, r == -ERR_EXHAUSTED ? WEBSOCKET_TOO_LARGE : WEBSOCKET_WRONG,
				err.text);
}

/* ---- requests ---- */

static void answer(struct client *c, const char *status, const char *type, const struct buf *body)
{
	struct buf out = BUF_INIT(GATEWAY_FILE_MAX + HTTP_HEAD_MAX);

	buf_printf(&out, "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
			 "Connection: close\r\nCache-Control: no-store\r\n"
			 "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"
			 "Content-Security-Policy: default-src 'self'; connect-src ws://%s; "
			 "frame-ancestors 'none'\r\n\r\n",
		   status, type, body->len, c->gateway->host);
	buf_append(&out, body->data, body->len);
	put(c, &out, true);
}

static void refuse(struct client *c, const char *status)
{
	struct buf body = BUF_INIT(HTTP_WORD_MAX);

	buf_printf(&body, "%s\n", status);
	answer(c, status, "text/plain", &body);
	buf_fini(&body);
}

static void serve_file(struct client *c, const char *name, const char *type)
{
	struct buf body = BUF_INIT(GATEWAY_FILE_MAX);
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", c->gateway->files, name);
	if (file_read(path, &body, NULL) < 0)
		refuse(c, "404 Not Found");
	else
		answer(c, "200 OK", type, &body);
	buf_fini(&body);
}

static bool has_token(const struct gateway *g, const char *path)
{
	const char *token = path + strlen(SIGNAL_PATH);

	return strncmp(path, SIGNAL_PATH, strlen(SIGNAL_PATH)) == 0 &&
	       strlen(token) == TOKEN_CHARS && secret_equal(token, g->token, TOKEN_CHARS);
}

/* Programs have no origin; a page has, and cannot hide it. */
static bool is_own_origin(const struct gateway *g, const char *origin)
{
	static const char scheme[] = "http://";

	return !*origin || (strncmp(origin, scheme, strlen(scheme)) == 0 &&
			    strcmp(origin + strlen(scheme), g->host) == 0);
}

static void begin_websocket(struct client *c, const struct http_head *head)
{
	struct buf out = BUF_INIT(HTTP_HEAD_MAX);

	if (!has_token(c->gateway, head->path) || !is_own_origin(c->gateway, head->origin)) {
		refuse(c, "403 Forbidden");
		return;
	}
	if (websocket_accept(head, &out, NULL) < 0) {
		drop(c);
		return;
	}
	c->websocket = true;
	put(c, &out, false);
	take_frames(c);
}

/* Another name for this address is a page that somebody else serves to the same browser. */
static void take_request(struct client *c, const struct http_head *head)
{
	if (strcmp(head->host, c->gateway->host) != 0)
		refuse(c, "403 Forbidden");
	else if (strcmp(head->method, "GET") != 0)
		refuse(c, "405 Method Not Allowed");
	else if (head->upgrade)
		begin_websocket(c, head);
	else if (strcmp(head->path, "/") == 0)
		serve_file(c, "index.html", "text/html; charset=utf-8");
	else if (strcmp(head->path, "/page.js") == 0)
		serve_file(c, "page.js", "text/javascript; charset=utf-8");
	else if (strcmp(head->path, "/client.js") == 0)
		serve_file(c, "client.js", "text/javascript; charset=utf-8");
	else
		refuse(c, "404 Not Found");
}

/* ---- connections ---- */

static void progress(struct client *c)
{
	struct http_head head;
	int r;

	if (c->websocket) {
		take_frames(c);
		return;
	}
	r = http_head_take(&c->in, &head, NULL);
	if (r > 0)
		take_request(c, &head);
	else if (r < 0)
		refuse(c, "400 Bad Request");
}

static void on_room(uv_handle_t *handle, size_t wanted, uv_buf_t *ret)
{
	static char room[16 * 1024];

	*ret = uv_buf_init(room, sizeof(room));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *data)
{
	struct client *c = stream->data;

	if (n < 0 || (n > 0 && !buf_append(&c->in, data->base, (size_t)n)))
		drop(c);
	else if (n > 0 && !c->closing)
		progress(c);
}

static struct client *add_client(struct gateway *g)
{
	struct client *c = g->count < GATEWAY_CLIENTS_MAX ? calloc(1, sizeof(*c)) : NULL;

	if (!c)
		return NULL;
	c->gateway = g;
	c->in = BUF_INIT(IN_MAX);
	c->next = g->clients;
	g->clients = c;
	g->count++;
	c->handles = 2;
	uv_tcp_init(&g->loop, &c->socket);
	uv_timer_init(&g->loop, &c->patience);
	c->socket.data = c->patience.data = c;
	uv_timer_start(&c->patience, on_patience, GATEWAY_PATIENCE_MS, 0);
	return c;
}

/* Without room it waits in the listener's queue, and comes when somebody goes. */
static void on_connection(uv_stream_t *listener, int status)
{
	struct gateway *g = listener->data;
	struct client *c = status == 0 ? add_client(g) : NULL;

	if (!c)
		return;
	if (uv_accept(listener, (uv_stream_t *)&c->socket) < 0 ||
	    uv_read_start((uv_stream_t *)&c->socket, on_room, on_read) < 0)
		drop(c);
}

/* ---- all of it ---- */

static void end(struct gateway *g)
{
	if (g->ending)
		return;
	g->ending = true;
	uv_close((uv_handle_t *)&g->listener, NULL);
	for (int i = 0; i < N_SIGNALS; i++)
		uv_close((uv_handle_t *)&g->signals[i], NULL);
	for (struct client *c = g->clients; c; c = c->next)
		drop(c);
	if (!g->clients && g->pump)
		rpc_pump_stop(g->pump, pump_stopped, g);
}

static void on_signal(uv_signal_t *handle, int number)
{
	end(handle->data);
}

static int listen_at(struct gateway *g, uint16_t port, struct error *err)
{
	struct sockaddr_in at;
	int len = sizeof(at), r;

	uv_ip4_addr("127.0.0.1", port, &at);
	r = uv_tcp_bind(&g->listener, (const struct sockaddr *)&at, 0);
	if (r == 0)
		r = uv_listen((uv_stream_t *)&g->listener, SOMAXCONN, on_connection);
	if (r == 0)
		r = uv_tcp_getsockname(&g->listener, (struct sockaddr *)&at, &len);
	if (r < 0)
		return error_set(err, ERR_UNAVAILABLE, "127.0.0.1:%u cannot be listened at (%s): say "
				 "another port", port, uv_strerror(r));
	snprintf(g->host, sizeof(g->host), "127.0.0.1:%u", ntohs(at.sin_port));
	return 0;
}

static int start(struct gateway *g, uint16_t port, struct error *err)
{
	static const int numbers[N_SIGNALS] = { SIGINT, SIGTERM };
	uint8_t token[TOKEN_BYTES];
	int r = random_bytes(token, sizeof(token), err);

	uv_tcp_init(&g->loop, &g->listener);
	g->listener.data = g;
	for (int i = 0; i < N_SIGNALS; i++) {
		uv_signal_init(&g->loop, &g->signals[i]);
		g->signals[i].data = g;
		uv_signal_start(&g->signals[i], on_signal, numbers[i]);
	}
	if (r == 0)
		r = rpc_pump_new(&g->loop, &g->pump, err);
	if (r == 0)
		r = listen_at(g, port, err);
	hex_format(token, sizeof(token), g->token);
	return r;
}

int gateway_run(struct session *s, uint16_t port, const char *files, struct error *err)
{
	struct gateway g = { .session = s, .files = files };
	int r;

	signal(SIGPIPE, SIG_IGN);
	uv_loop_init(&g.loop);
	r = start(&g, port, err);
	if (r == 0) {
		printf("http://%s/#%s until Ctrl-C\n", g.host, g.token);
		fflush(stdout);
	} else {
		end(&g);
	}
	uv_run(&g.loop, UV_RUN_DEFAULT);
	uv_loop_close(&g.loop);
	wipe(g.token, sizeof(g.token));
	return r;
}
