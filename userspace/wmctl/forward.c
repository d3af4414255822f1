// SPDX-License-Identifier: Apache-2.0
#include "wmctl/forward.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "model/stun_list.h"
#include "rpc/client.h"
#include "v1/webrtc.pb-c.h"
#include "wmctl/flows.h"
#include "wmctl/session.h"

enum { ACCEPTS_AT_ONCE = 16 };

struct forward {
	struct forward_host *host;
	const struct forwarding *what;
	uv_poll_t listener;		/* begins when the data channel is there */
	uv_timer_t patience;		/* for what is waited for */
	struct rpc_client_call *call;	/* NULL: over */
	struct flows *flows;		/* of UDP */
	uint64_t reached;		/* the engine's session; 0: none */
	int socket;			/* that listens */
	uint16_t port;			/* where it does */
	bool started, stopping;
	bool stood;			/* it has been connected once */
	bool up;			/* it is */
	bool renewing;			/* another path is looked for */
	bool losing;			/* the call is cancelled, to be made anew */
	uint64_t lost_at;		/* uv_now() */
	unsigned int retry_ms;		/* how long until the next attempt */
};

__attribute__((format(printf, 2, 3)))
static void say(const struct forward *f, const char *fmt, ...)
{
	va_list args;

	printf("127.0.0.1:%u", f->port);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

/* ---- what has failed, and is tried again ---- */

static void fail(struct forward *f, const struct error *why)
{
	if (!f->stopping)
		f->host->failed(why, f->host->ctx);
}

static void stop_listening(struct forward *f)
{
	f->up = false;
	f->renewing = false;
	uv_poll_stop(&f->listener);
	uv_timer_stop(&f->patience);
	if (f->reached)
		engine_close(f->host->engine, f->reached);
	f->reached = 0;
}

static void on_retry(uv_timer_t *timer);

static void retry_later(struct forward *f)
{
	f->losing = false;
	uv_timer_start(&f->patience, on_retry, f->retry_ms, 0);
}

/* The first wait is short: a network that changes is there again in a moment. */
static void say_lost(struct forward *f, const struct error *why)
{
	uint64_t now = uv_now(&f->host->loop);

	if (f->up) {
		f->lost_at = now;
		f->retry_ms = FORWARD_RETRY_MIN_MS;
		say(f, ": lost: %s", why->text);
		say(f, ": its connections have ended; connecting with %s again ...", f->host->node);
		return;
	}
	f->retry_ms = f->retry_ms * 2 < FORWARD_RETRY_MAX_MS ? f->retry_ms * 2
							     : FORWARD_RETRY_MAX_MS;
	say(f, ": not yet: %s; again in %u s", why->text, (f->retry_ms + 500) / 1000);
}

/* What the next attempt may find otherwise; the node may still count the last one as ours. */
static bool is_passing(enum error_kind kind)
{
	return kind == ERR_UNAVAILABLE || kind == ERR_DEADLINE || kind == ERR_EXHAUSTED;
}

static bool is_worth_it(const struct forward *f, const struct error *why)
{
	return f->stood && is_passing(why->kind) &&
	       (f->up || uv_now(&f->host->loop) - f->lost_at < FORWARD_RETRY_FOR_MS);
}

static void lose(struct forward *f, const struct error *why)
{
	if (f->stopping || f->losing)
		return;
	if (!is_worth_it(f, why)) {
		fail(f, why);
		return;
	}
	say_lost(f, why);
	stop_listening(f);
	f->losing = true;
	if (f->call)
		rpc_client_cancel(f->call);
	else
		retry_later(f);
}

static void lose_with(struct forward *f, enum error_kind kind, const char *text)
{
	struct error why = { 0 };

	error_set(&why, kind, "%s: %s", f->host->node, text);
	lose(f, &why);
}

static void on_no_offer(uv_timer_t *timer)
{
	lose_with(timer->data, ERR_DEADLINE,
		  "no offer came in time: try again, or ask another node");
}

static void on_deaf(uv_timer_t *timer)
{
	lose_with(timer->data, ERR_UNAVAILABLE, "it does not answer to the address that we had");
}

static void on_no_reason(uv_timer_t *timer)
{
	lose_with(timer->data, ERR_UNAVAILABLE, "the data channel was closed");
}

/* ---- what is told to the node ---- */

static void tell(struct forward *f, const V1__StartDataChannelRequest *m)
{
	struct error err = { 0 };

	if (f->call && !f->stopping && !f->losing && rpc_client_send(f->call, &m->base, &err) < 0)
		lose(f, &err);
}

/* The first time for an offer, afterwards for a new one. */
static void ask(struct forward *f)
{
	V1__StartDataChannelRequest m = V1__START_DATA_CHANNEL_REQUEST__INIT;
	char dst[IP_TEXT_MAX];

	m.node_id = (char *)f->host->node;
	m.proto = (char *)(f->what->udp ? "udp" : "tcp");
	m.dst = ip_format(&f->what->remote.ip, dst);
	m.port = f->what->remote.port;
	tell(f, &m);
}

/* ---- what comes at the port ---- */

static void on_flow(int fd, void *ctx)
{
	struct forward *f = ctx;

	engine_connect(f->host->engine, f->reached, fd);
}

static void take_connections(struct forward *f)
{
	for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
		int fd = accept4(f->socket, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0)
			return;
		engine_connect(f->host->engine, f->reached, fd);
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

/* ---- what the engine tells ---- */

static void on_connected(struct forward *f, const char *path)
{
	char remote[ENDPOINT_TEXT_MAX];

	f->renewing = false;
	if (f->up) {
		say(f, ": goes on by %s", path);
		return;
	}
	f->up = true;
	f->stood = true;
	printf("connected with %s: %s\n", f->host->node, path);
	say(f, "%s leads to %s by way of %s, until Ctrl-C", f->what->udp ? " (UDP)" : "",
	    endpoint_format(&f->what->remote, remote), f->host->node);
	uv_poll_start(&f->listener, UV_READABLE, on_listener);
}

static void on_stale(struct forward *f, const char *why)
{
	if (!f->renewing)
		say(f, ": %s: looking for another path to %s ...", why, f->host->node);
	f->renewing = true;
	ask(f);
	if (!uv_is_active((uv_handle_t *)&f->patience))
		uv_timer_start(&f->patience, on_deaf, FORWARD_DEAF_MS, 0);
}

static void on_ended(struct forward *f, const struct error *why)
{
	f->reached = 0;
	if (why->kind)
		lose_with(f, why->kind, why->text);
	else
		uv_timer_start(&f->patience, on_no_reason, FORWARD_REASON_MS, 0);
}

bool forward_take(struct forward *f, const struct engine_event *event)
{
	V1__StartDataChannelRequest m = V1__START_DATA_CHANNEL_REQUEST__INIT;

	if (f->reached != event->session)
		return false;
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
	case ENGINE_STALE:
		on_stale(f, event->text);
		break;
	case ENGINE_ENDED:
		on_ended(f, &event->error);
	}
	return true;
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
	struct engine *engine = f->host->engine;
	struct ice_servers servers = { 0 };
	int r;

	uv_timer_stop(&f->patience);
	choose_servers(m, &servers);
	r = f->reached ? engine_reoffer(engine, f->reached, m->offer, &servers, err)
		       : engine_reach(engine, m->offer, f->what->udp, &servers, &f->reached, err);
	wipe(&servers, sizeof(servers));
	return r;
}

static void on_message(struct rpc_client_call *call, const ProtobufCMessage *msg, void *ctx)
{
	const V1__DataChannelOffer *m = (const V1__DataChannelOffer *)msg;
	struct forward *f = ctx;
	struct error err = { 0 };
	int r = 0;

	if (f->stopping || f->losing)
		return;
	if (*m->offer)
		r = take_offer(f, m, &err);
	if (r == 0 && *m->candidate && f->reached)
		r = engine_candidate(f->host->engine, f->reached, m->candidate, &err);
	if (r < 0)
		lose(f, &err);
	else
		rpc_client_read(call);
}

static void on_done(struct rpc_client_call *call, const struct error *err, void *ctx)
{
	struct forward *f = ctx;

	f->call = NULL;
	if (f->stopping)
		f->host->stopped(f, f->host->ctx);
	else if (f->losing)
		retry_later(f);
	else if (err->kind)
		lose(f, err);
	else
		lose_with(f, ERR_UNAVAILABLE, "the data channel was closed");
}

/* ---- the beginning, and the next one ---- */

static int start_call(struct forward *f, struct error *err)
{
	static const struct rpc_client_ops ops = { .message = on_message, .done = on_done };
	const struct rpc_target target = { .service = &v1__web_rtc__descriptor,
					   .method = "StartDataChannel" };
	struct session *s = f->host->session;
	int r = rpc_client_bidi(f->host->pump, s->channel, &target, &ops, f, &f->call, err);

	if (r < 0)
		return r;
	rpc_client_read(f->call);
	uv_timer_start(&f->patience, on_no_offer, s->timeout_ms, 0);
	ask(f);
	return 0;
}

/* By a connection of its own: that of the last one may be dead without anybody knowing. */
static void on_retry(uv_timer_t *timer)
{
	struct forward *f = timer->data;
	struct error err = { 0 };
	int r = session_reconnect(f->host->session, &err);

	if (r == 0)
		r = start_call(f, &err);
	if (r < 0)
		lose(f, &err);
}

static int listen_at(struct forward *f, struct error *err)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons(f->what->local),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sa);
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
	    (!udp && listen(f->socket, SOMAXCONN) < 0) ||
	    getsockname(f->socket, (struct sockaddr *)&sa, &len) < 0)
		return error_errno(err, errno, "127.0.0.1:%u cannot be listened at: say another port, as in %s0:%u",
				   f->what->local, udp ? "udp:" : "", f->what->remote.port);
	f->port = ntohs(sa.sin_port);
	return 0;
}

int forward_new(struct forward_host *host, const struct forwarding *what, struct forward **ret,
		struct error *err)
{
	struct forward *f = calloc(1, sizeof(*f));
	int r;

	if (!f)
		return error_set(err, ERR_MEMORY, "no memory for a forwarded port");
	f->host = host;
	f->what = what;
	r = listen_at(f, err);
	if (r < 0)
		forward_free(f);
	else
		*ret = f;
	return r;
}

void forward_free(struct forward *f)
{
	if (!f)
		return;
	if (f->socket >= 0)
		close(f->socket);
	free(f);
}

int forward_start(struct forward *f, struct error *err)
{
	int r = 0;

	uv_timer_init(&f->host->loop, &f->patience);
	uv_poll_init(&f->host->loop, &f->listener, f->socket);
	f->patience.data = f->listener.data = f;
	f->started = true;
	if (f->what->udp)
		r = flows_new(&f->host->loop, f->socket, on_flow, f, &f->flows, err);
	return r < 0 ? r : start_call(f, err);
}

void forward_stop(struct forward *f)
{
	if (f->stopping)
		return;
	f->stopping = true;
	if (f->started) {
		flows_free(f->flows);
		f->flows = NULL;
		uv_close((uv_handle_t *)&f->patience, NULL);
		uv_close((uv_handle_t *)&f->listener, NULL);
	}
	if (f->call)
		rpc_client_cancel(f->call);
	else
		f->host->stopped(f, f->host->ctx);
}
