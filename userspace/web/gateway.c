// SPDX-License-Identifier: Apache-2.0
#include "web/gateway.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rpc/client.h"
#include "web/signalling.h"
#include "web/visitor.h"

/* ---- the end ---- */

static void pump_stopped(void *user)
{
	struct gateway *g = user;
	void (*stopped)(void *user) = g->stopped;
	void *whose = g->user;

	rpc_pump_free(g->pump);
	for (size_t i = 0; i < HTTP_SITES_MAX; i++)
		for (size_t k = 0; k < HTTP_PAGES_MAX; k++)
			buf_fini(&g->made[i][k].body);
	free(g);
	stopped(whose);
}

/* Once nobody is there and nothing listens. */
static void consider_stop(struct gateway *g)
{
	if (g->stopping && !g->visitors && !g->handles)
		rpc_pump_stop(g->pump, pump_stopped, g);
}

void visitor_consider_free(struct visitor *v)
{
	struct gateway *g = v->gateway;
	struct visitor **at = &g->visitors;

	if (!v->gone || v->asking || v->signalling)
		return;
	while (*at != v)
		at = &(*at)->next;
	*at = v->next;
	free(v);
	consider_stop(g);
}

static void on_closed(const struct error *why, void *user)
{
	struct visitor *v = user;
	const struct gateway_config *config = &v->gateway->config;

	if (v->asking)
		rpc_client_cancel(v->asking);
	signalling_cancel(v->signalling);
	if (!web_connection_established(&v->connection) && config->refused && !v->gateway->stopping)
		config->refused(&v->connection.from, why, config->data);
}

static void on_gone(void *user)
{
	struct visitor *v = user;

	v->gone = true;
	visitor_consider_free(v);
}

/* ---- who comes ---- */

bool visitor_is_there(const struct visitor *v)
{
	return !v->gone && !v->connection.closed;
}

void visitor_name(const struct visitor *v, struct rpc_behalf *ret)
{
	const struct cert_info *peer = web_connection_peer(&v->connection);
	struct rpc_identity who = { .kind = peer->subject.kind == SUBJECT_ADMIN
						    ? RPC_IDENTITY_ADMIN : RPC_IDENTITY_NODE };

	_Static_assert(sizeof(who.id) == sizeof(peer->subject.name), "one fits the other");
	memcpy(who.id, peer->subject.name, sizeof(who.id));
	rpc_behalf_named(&who, peer->serial, &v->connection.from, ret);
}

static void on_data(struct buf *in, void *user)
{
	struct visitor *v = user;

	if (v->websocket)
		visitor_take_frames(v, in);
	else if (!v->asked)
		visitor_take_request(v, in);
}

/* Of those who are there: the one for longest who has not shown who he is. */
static struct visitor *find_stranger(struct gateway *g, unsigned int *ret_count)
{
	struct visitor *found = NULL;
	unsigned int count = 0;

	for (struct visitor *v = g->visitors; v; v = v->next) {
		if (!visitor_is_there(v))
			continue;
		count++;
		if (!web_connection_established(&v->connection))
			found = v;
	}
	*ret_count = count;
	return found;
}

static void on_connection(uv_stream_t *listener, int status)
{
	static const struct web_connection_ops ops = { on_data, on_closed, on_gone };
	struct gateway *g = listener->data;
	struct visitor *v = status == 0 ? calloc(1, sizeof(*v)) : NULL;
	unsigned int count;
	struct visitor *stranger = find_stranger(g, &count);

	if (!v)
		return;
	v->gateway = g;
	v->next = g->visitors;
	g->visitors = v;
	if (web_connection_accept(&v->connection, listener, g->config.tls, VISITOR_OUT_MAX, &ops,
				  v, NULL) < 0)
		return;
	if (count >= GATEWAY_VISITORS_MAX)
		web_connection_close(stranger ? &stranger->connection : &v->connection);
}

/* ---- life ---- */

static int listen_at(struct gateway *g, struct error *err)
{
	char text[ENDPOINT_TEXT_MAX];
	struct sockaddr_storage at;
	struct endpoint bound;
	int len = sizeof(at), r;

	endpoint_to_sockaddr(&g->config.address, (struct sockaddr_in6 *)&at);
	r = uv_tcp_bind(&g->listener, (const struct sockaddr *)&at, 0);
	if (r == 0)
		r = uv_listen((uv_stream_t *)&g->listener, SOMAXCONN, on_connection);
	if (r == 0)
		r = uv_tcp_getsockname(&g->listener, (struct sockaddr *)&at, &len);
	if (r < 0)
		return error_set(err, ERR_UNAVAILABLE, "%s cannot be listened at (%s)",
				 endpoint_format(&g->config.address, text), uv_strerror(r));
	endpoint_from_sockaddr((struct sockaddr *)&at, (socklen_t)len, &bound);
	snprintf(g->host, sizeof(g->host), "%s", endpoint_format(&bound, text));
	return 0;
}

static void handle_closed(uv_handle_t *handle)
{
	struct gateway *g = handle->data;

	g->handles--;
	consider_stop(g);
}

static void nobody(void *user)
{
}

int gateway_start(const struct gateway_config *config, struct gateway **ret, struct error *err)
{
	struct gateway *g = calloc(1, sizeof(*g));
	int r;

	if (!g)
		return error_set(err, ERR_MEMORY, "no memory for browsers");
	g->config = *config;
	r = rpc_pump_new(config->loop, &g->pump, err);
	if (r < 0) {
		free(g);
		return r;
	}
	uv_tcp_init(config->loop, &g->listener);
	uv_timer_init(config->loop, &g->ticker);
	g->listener.data = g->ticker.data = g;
	g->handles = 2;
	r = listen_at(g, err);
	if (r < 0)
		gateway_stop(g, nobody, NULL);
	else
		*ret = g;
	return r;
}

void gateway_show(struct gateway *g, const struct tls_context *tls, struct rpc_channel *channel)
{
	g->config.tls = tls;
	g->config.channel = channel;
}

const char *gateway_host(const struct gateway *g)
{
	return g->host;
}

void gateway_stop(struct gateway *g, void (*stopped)(void *user), void *user)
{
	g->stopping = true;
	g->stopped = stopped;
	g->user = user;
	uv_close((uv_handle_t *)&g->listener, handle_closed);
	uv_close((uv_handle_t *)&g->ticker, handle_closed);
	for (struct visitor *v = g->visitors; v; v = v->next)
		web_connection_close(&v->connection);
}
