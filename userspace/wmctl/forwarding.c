// SPDX-License-Identifier: Apache-2.0
#include "wmctl/forwarding.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "base/buf.h"
#include "model/stun_list.h"
#include "rpc/client.h"
#include "rtc/engine.h"
#include "v1/webrtc.pb-c.h"
#include "wmctl/flows.h"
#include "wmctl/session.h"

#define UDP "udp:"

enum {
	ACCEPTS_AT_ONCE = 16,
	N_SIGNALS = 2,
	REASON_MS = 2000,	/* the node closes the data channel, and then tells why */
};

struct forward {
	const struct session *session;
	const struct forwarding *what;
	uv_loop_t loop;
	uv_poll_t listener;		/* begins when the data channel is there */
	uv_async_t wakeup;		/* of the engine */
	uv_timer_t patience;		/* until the offer; until the reason of the end */
	uv_signal_t signals[N_SIGNALS];
	struct rpc_pump *pump;
	struct rpc_client_call *call;	/* NULL: over */
	struct flows *flows;		/* of UDP */
	struct engine *engine;
	uint64_t reached;		/* the engine's session; 0: none */
	int socket;			/* that listens */
	bool ending;
	struct error why;		/* ERR_NONE: as it should */
};

/* ---- what is asked for ---- */

static bool parse_port(const char *text, unsigned long least, uint16_t *ret)
{
	char *end;
	unsigned long port = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || port < least || port > UINT16_MAX)
		return false;
	*ret = (uint16_t)port;
	return true;
}

static bool parse_remote(const char *text, struct endpoint *ret)
{
	if (endpoint_parse(text, ret))
		return ret->port != 0;
	ip_parse("127.0.0.1", &ret->ip);
	return parse_port(text, 1, &ret->port);
}

static bool parse_ports(const char *text, struct forwarding *ret)
{
	const char *colon = strchr(text, ':');
	char local[8];

	if (!colon) {
		ret->local = 0;
		return parse_remote(text, &ret->remote) && (ret->local = ret->remote.port);
	}
	if (colon - text >= (ptrdiff_t)sizeof(local))
		return false;
	snprintf(local, sizeof(local), "%.*s", (int)(colon - text), text);
	return parse_port(local, 0, &ret->local) && parse_remote(colon + 1, &ret->remote);
}

bool forwarding_parse(const char *text, struct forwarding *ret)
{
	ret->udp = strncmp(text, UDP, strlen(UDP)) == 0;
	return parse_ports(ret->udp ? text + strlen(UDP) : text, ret);
}

/* ---- the end: each part, once gone, lets the next one go ---- */

static void on_pump_stopped(void *user)
{
	struct forward *f = user;

	rpc_pump_free(f->pump);
	f->pump = NULL;
}

static void close_handle(uv_handle_t *handle, void *arg)
{
	struct forward *f = arg;

	if (!uv_is_closing(handle) && (handle == (uv_handle_t *)&f->listener ||
				       handle == (uv_handle_t *)&f->wakeup ||
				       handle == (uv_handle_t *)&f->patience ||
				       handle->type == UV_SIGNAL))
		uv_close(handle, NULL);
}

static void let_go(struct forward *f)
{
	flows_free(f->flows);
	f->flows = NULL;
	engine_free(f->engine);
	f->engine = NULL;
	uv_walk(&f->loop, close_handle, f);
	if (f->pump)
		rpc_pump_stop(f->pump, on_pump_stopped, f);
}

/* The first reason is the one that counts. */
static void end(struct forward *f, const struct error *why)
{
	if (f->ending)
		return;
	f->ending = true;
	f->why = *why;
	if (f->call)
		rpc_client_cancel(f->call);
	else
		let_go(f);
}

static void end_with(struct forward *f, enum error_kind kind, const char *text)
{
	struct error why = { 0 };

	error_set(&why, kind, "%s: %s", f->what->node, text);
	end(f, &why);
}

static void on_signal(uv_signal_t *handle, int number)
{
	end(handle->data, &(struct error){ 0 });
}

static void on_patience(uv_timer_t *timer)
{
	end_with(timer->data, ERR_DEADLINE, "no offer came in time: try again, or ask another node");
}

static void on_no_reason(uv_timer_t *timer)
{
	end_with(timer->data, ERR_UNAVAILABLE, "the data channel was closed");
}

/* ---- what is told to the node ---- */

static void tell(struct forward *f, const V1__StartDataChannelRequest *m)
{
	struct error err = { 0 };

	if (f->call && !f->ending && rpc_client_send(f->call, &m->base, &err) < 0)
		end(f, &err);
}

static void ask(struct forward *f)
{
	V1__StartDataChannelRequest m = V1__START_DATA_CHANNEL_REQUEST__INIT;
	char dst[IP_TEXT_MAX];

	m.node_id = (char *)f->what->node;
	m.proto = (char *)(f->what->udp ? "udp" : "tcp");
	m.dst = ip_format(&f->what->remote.ip, dst);
	m.port = f->what->remote.port;
	tell(f, &m);
}

/* ---- what the engine tells ---- */

static uint16_t local_port(const struct forward *f)
{
	struct sockaddr_in sa;
	socklen_t len = sizeof(sa);

	return getsockname(f->socket, (struct sockaddr *)&sa, &len) < 0 ? 0 : ntohs(sa.sin_port);
}

static void on_flow(int fd, void *ctx)
{
	struct forward *f = ctx;

	engine_connect(f->engine, f->reached, fd);
}

static void take_connections(struct forward *f)
{
	for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
		int fd = accept4(f->socket, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0)
			return;
		engine_connect(f->engine, f->reached, fd);
	}
}

static void on_listener(uv_poll_t *handle, int status, int events)
{
	struct forward *f = handle->data;

	if (f->what->udp)
		flows_take(f->flows);
	else
		take_connections(f);
}

static void on_connected(struct forward *f, const char *path)
{
	char remote[ENDPOINT_TEXT_MAX];

	printf("connected with %s: %s\n", f->what->node, path);
	printf("127.0.0.1:%u%s leads to %s by way of %s, until Ctrl-C\n", local_port(f),
	       f->what->udp ? " (UDP)" : "", endpoint_format(&f->what->remote, remote), f->what->node);
	fflush(stdout);
	uv_poll_start(&f->listener, UV_READABLE, on_listener);
}

static void on_event(struct forward *f, const struct engine_event *event)
{
	V1__StartDataChannelRequest m = V1__START_DATA_CHANNEL_REQUEST__INIT;

	switch (event->kind) {
	case ENGINE_DESCRIPTION:
		m.answer = event->text;
		tell(f, &m);
		break;
	case ENGINE_CANDIDATE:
		m.candidate = event->text;
		tell(f, &m);
		break;
	case ENGINE_CONNECTED:
		on_connected(f, event->text);
		break;
	case ENGINE_ENDED:
		if (event->error.kind)
			end_with(f, event->error.kind, event->error.text);
		else
			uv_timer_start(&f->patience, on_no_reason, REASON_MS, 0);
	}
}

static void on_wakeup(uv_async_t *handle)
{
	struct forward *f = handle->data;
	struct engine_event event;

	while (!f->ending && engine_next(f->engine, &event)) {
		on_event(f, &event);
		free(event.text);
	}
}

/* On the engine's thread. */
static void notify(void *user)
{
	struct forward *f = user;

	uv_async_send(&f->wakeup);
}

/* ---- what the node tells ---- */

/* The first of each kind; what is neither is passed over. */
static void choose_servers(const V1__DataChannelOffer *m, struct ice_servers *ret)
{
	struct stun_list stun = { 0 };

	for (size_t i = 0; i < m->n_stun_servers; i++) {
		if (!stun.count && stun_list_add(&stun, m->stun_servers[i], NULL) == 0)
			ret->stun = stun.items[0];
		else if (!*ret->relay.user)
			turn_server_parse(m->stun_servers[i], &ret->relay, NULL);
	}
	if (!*ret->relay.user)
		ret->relay = (struct turn_server){ 0 };
}

static int take_offer(struct forward *f, const V1__DataChannelOffer *m, struct error *err)
{
	struct ice_servers servers = { 0 };
	int r;

	uv_timer_stop(&f->patience);
	choose_servers(m, &servers);
	r = engine_reach(f->engine, m->offer, f->what->udp, &servers, &f->reached, err);
	wipe(&servers, sizeof(servers));
	return r;
}

static void on_message(struct rpc_client_call *call, const ProtobufCMessage *msg, void *ctx)
{
	const V1__DataChannelOffer *m = (const V1__DataChannelOffer *)msg;
	struct forward *f = ctx;
	struct error err = { 0 };
	int r = 0;

	if (f->ending)
		return;
	if (*m->offer && !f->reached)
		r = take_offer(f, m, &err);
	if (r == 0 && *m->candidate && f->reached)
		r = engine_candidate(f->engine, f->reached, m->candidate, &err);
	if (r < 0)
		end(f, &err);
	else
		rpc_client_read(call);
}

static void on_done(struct rpc_client_call *call, const struct error *err, void *ctx)
{
	struct forward *f = ctx;

	f->call = NULL;
	if (f->ending)
		let_go(f);
	else if (err->kind)
		end(f, err);
	else
		end_with(f, ERR_UNAVAILABLE, "the data channel was closed");
}

/* ---- the beginning ---- */

static int start_listening(struct forward *f, struct error *err)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons(f->what->local),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	bool udp = f->what->udp;
	int on = 1;

	f->socket = socket(AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC,
			   0);
	if (f->socket < 0)
		return error_errno(err, errno, "no socket to listen at");
	/* Of UDP it would have two processes share the port. */
	if (!udp)
		setsockopt(f->socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(f->socket, (struct sockaddr *)&sa, sizeof(sa)) < 0 ||
	    (!udp && listen(f->socket, SOMAXCONN) < 0))
		return error_errno(err, errno, "127.0.0.1:%u cannot be listened at: say another port, as in %s0:%u",
				   f->what->local, udp ? UDP : "", f->what->remote.port);
	return 0;
}

static void start_handles(struct forward *f)
{
	static const int numbers[N_SIGNALS] = { SIGINT, SIGTERM };

	uv_async_init(&f->loop, &f->wakeup, on_wakeup);
	uv_timer_init(&f->loop, &f->patience);
	uv_poll_init(&f->loop, &f->listener, f->socket);
	f->wakeup.data = f->patience.data = f->listener.data = f;
	uv_timer_start(&f->patience, on_patience, f->session->timeout_ms, 0);
	for (int i = 0; i < N_SIGNALS; i++) {
		uv_signal_init(&f->loop, &f->signals[i]);
		f->signals[i].data = f;
		uv_signal_start(&f->signals[i], on_signal, numbers[i]);
	}
}

static int start_call(struct forward *f, struct error *err)
{
	static const struct rpc_client_ops ops = { .message = on_message, .done = on_done };
	const struct rpc_target target = { .service = &v1__web_rtc__descriptor,
					   .method = "StartDataChannel" };
	/* What is reached by the mesh needs no data channel: its device is no way for one. */
	struct engine_config config = { .ice.exclude = { "wgmesh0" }, .notify = notify, .user = f };
	int r = engine_new(&config, &f->engine, err);

	if (r == 0 && f->what->udp)
		r = flows_new(&f->loop, f->socket, on_flow, f, &f->flows, err);
	if (r == 0)
		r = rpc_pump_new(&f->loop, &f->pump, err);
	return r < 0 ? r : rpc_client_bidi(f->pump, f->session->channel, &target, &ops, f, &f->call,
					   err);
}

static void start(struct forward *f)
{
	struct error err = { 0 };

	start_handles(f);
	if (start_call(f, &err) < 0) {
		end(f, &err);
		return;
	}
	rpc_client_read(f->call);
	ask(f);
}

int forwarding_run(struct session *s, const struct forwarding *what, struct error *err)
{
	struct forward f = { .session = s, .what = what, .socket = -1 };
	int r = start_listening(&f, err);

	if (r == 0) {
		signal(SIGPIPE, SIG_IGN);
		uv_loop_init(&f.loop);
		start(&f);
		uv_run(&f.loop, UV_RUN_DEFAULT);
		uv_loop_close(&f.loop);
		r = f.why.kind ? error_set(err, f.why.kind, "%s", f.why.text) : 0;
	}
	if (f.socket >= 0)
		close(f.socket);
	return r;
}
