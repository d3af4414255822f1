// SPDX-License-Identifier: Apache-2.0
#include "rtc/connection.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "rtc/watch.h"

enum {
	DATAGRAM_MAX = 64 * 1024,
	READS_AT_ONCE = 8,	/* then the others have their turn */
};

struct connection {
	GMainContext *context;
	const struct connection_ops *ops;
	void *ctx;
	const struct channel_service *service;
	size_t message_max;
	uint16_t number;
	bool dialled, connected;
	bool first_whole;	/* a datagram waits for dialling; those after it are lost */
	bool full;		/* as was told */
	bool finished;		/* the other side has sent its last */
	bool ended;		/* the service has, and it is told */
	bool broken;		/* the service takes no more */
	int fd;
	struct watch *watch;
	struct timer *timer;	/* of dialling, stalling or idling */
	struct buf queue;	/* for the service */
	uint8_t *held;		/* from the service, not taken yet */
	size_t held_len;
};

/* ---- ends ---- */

static void set_full(struct connection *c, bool full)
{
	if (c->full == full)
		return;
	c->full = full;
	if (!c->service->udp && c->connected)
		timer_set(c->timer, full ? CONNECTION_STALL_MS : -1);
	c->ops->full(full, c->ctx);
}

static void update_watch(struct connection *c)
{
	int events = 0;

	if (!c->watch)
		return;
	if (!c->connected || (c->queue.len && !c->service->udp))
		events |= WATCH_OUT;
	if (c->connected && !c->ended && !c->held)
		events |= WATCH_IN;
	watch_set(c->watch, events);
}

static void end(struct connection *c)
{
	if (c->ended)
		return;
	c->ended = true;
	c->ops->ended(c->number, c->ctx);
}

static void shut(struct connection *c)
{
	watch_free(c->watch);
	c->watch = NULL;
	timer_set(c->timer, -1);
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

/* The service is gone: what waits for it has no use, and what comes for it neither. */
static void break_off(struct connection *c)
{
	c->broken = true;
	buf_fini(&c->queue);
	shut(c);
	set_full(c, false);
	end(c);
}

static void on_timer(void *ctx)
{
	break_off(ctx);
}

/* ---- to the service ---- */

static ssize_t write_some(struct connection *c, const void *data, size_t len)
{
	ssize_t n = send(c->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return n;
}

/* Everything of UDP that cannot be sent now is lost, and its errors mean nothing for the next. */
static void send_datagram(struct connection *c)
{
	if (write_some(c, c->queue.data, c->queue.len) >= 0)
		timer_set(c->timer, CONNECTION_IDLE_MS);
	buf_reset(&c->queue);
}

static void flush(struct connection *c)
{
	while (c->connected && !c->service->udp && c->queue.len) {
		ssize_t n = write_some(c, c->queue.data, c->queue.len);

		if (n < 0) {
			break_off(c);
			return;
		}
		if (n == 0)
			break;
		buf_consume(&c->queue, (size_t)n);
		if (c->full)
			timer_set(c->timer, CONNECTION_STALL_MS);
	}
	if (c->queue.len < CONNECTION_FULL / 2)
		set_full(c, false);
	if (c->finished && c->connected && !c->queue.len && !c->broken)
		shutdown(c->fd, SHUT_WR);
	update_watch(c);
}

/* Without a copy as long as the service keeps up. */
static size_t write_through(struct connection *c, const void *data, size_t len)
{
	ssize_t n = c->connected && !c->queue.len ? write_some(c, data, len) : 0;

	if (n < 0) {
		break_off(c);
		return len;
	}
	return (size_t)n;
}

void connection_deliver(struct connection *c, const void *data, size_t len, bool end_of_message)
{
	size_t done;

	if (c->broken || c->finished || c->first_whole)
		return;
	done = c->service->udp || !c->dialled ? 0 : write_through(c, data, len);
	if (c->broken)
		return;
	if (len > done && !buf_append(&c->queue, (const uint8_t *)data + done, len - done)) {
		break_off(c);
		return;
	}
	if (c->service->udp && end_of_message) {
		c->first_whole = !c->connected;
		if (c->connected)
			send_datagram(c);
	}
	if (c->dialled && c->queue.len >= CONNECTION_FULL)
		set_full(c, true);
	update_watch(c);
}

void connection_finish(struct connection *c)
{
	if (c->finished)
		return;
	c->finished = true;
	if (c->connected)
		flush(c);
}

bool connection_done(const struct connection *c)
{
	if (c->broken || !c->dialled)
		return true;
	return c->service->udp || (c->ended && !c->queue.len);
}

/* ---- from the service ---- */

static bool hold(struct connection *c, const void *data, size_t len)
{
	c->held = malloc(len);
	if (!c->held)
		return false;
	memcpy(c->held, data, len);
	c->held_len = len;
	return true;
}

/* True: there may be more. */
static bool take(struct connection *c, const void *data, size_t len)
{
	int r = c->ops->send(c->number, data, len, c->ctx);

	if (r == 0)
		return true;
	if (c->service->udp && r == -ERR_EXHAUSTED)
		return true;	/* lost, as on any full line */
	if (c->finished && r == -ERR_UNAVAILABLE)
		return true;	/* read on to the end: closing before would reset the connection */
	if (r != -ERR_EXHAUSTED || !hold(c, data, len))
		break_off(c);
	return false;
}

static bool read_stream(struct connection *c)
{
	uint8_t data[CONNECTION_READ];
	size_t cap = c->message_max < sizeof(data) ? c->message_max : sizeof(data);
	ssize_t n = recv(c->fd, data, cap, MSG_DONTWAIT);

	if (n > 0)
		return take(c, data, (size_t)n);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n < 0)
		break_off(c);
	else
		end(c);
	return false;
}

static bool read_datagram(struct connection *c)
{
	uint8_t data[DATAGRAM_MAX];
	ssize_t n = recv(c->fd, data, sizeof(data), MSG_DONTWAIT);

	/* ECONNREFUSED: nobody is there now; it is asked for by each datagram anew. */
	if (n < 0)
		return false;
	timer_set(c->timer, CONNECTION_IDLE_MS);
	return (size_t)n > c->message_max || take(c, data, (size_t)n);
}

static void read_some(struct connection *c)
{
	for (int i = 0; i < READS_AT_ONCE && c->fd >= 0 && !c->ended && !c->held; i++) {
		if (!(c->service->udp ? read_datagram(c) : read_stream(c)))
			break;
	}
}

void connection_resume(struct connection *c)
{
	uint8_t *held = c->held;
	size_t len = c->held_len;

	if (!held)
		return;
	c->held = NULL;
	take(c, held, len);
	free(held);
	update_watch(c);
}

/* ---- dialling ---- */

static void connect_done(struct connection *c)
{
	int why = 0;
	socklen_t len = sizeof(why);

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &why, &len) < 0 || why) {
		break_off(c);
		return;
	}
	c->connected = true;
	timer_set(c->timer, c->full ? CONNECTION_STALL_MS : -1);
	flush(c);
}

static void on_ready(void *ctx, int events)
{
	struct connection *c = ctx;

	if (!c->connected) {
		connect_done(c);
		return;
	}
	if (events & WATCH_OUT)
		flush(c);
	if (events & WATCH_IN)
		read_some(c);
	update_watch(c);
}

static int open_socket(struct connection *c)
{
	const struct channel_service *service = c->service;
	struct sockaddr_in6 sa;
	socklen_t len = endpoint_to_sockaddr(&service->at, &sa);
	int on = 1;

	c->fd = socket(service->at.ip.family,
		       (service->udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return -1;
	if (!service->udp)
		setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return connect(c->fd, (struct sockaddr *)&sa, len) < 0 && errno != EINPROGRESS ? -1 : 0;
}

static void start_datagrams(struct connection *c)
{
	c->connected = true;
	timer_set(c->timer, CONNECTION_IDLE_MS);
	if (c->first_whole)
		send_datagram(c);
	c->first_whole = false;
}

bool connection_dialled(const struct connection *c)
{
	return c->dialled;
}

void connection_dial(struct connection *c)
{
	c->dialled = true;
	if (c->broken)
		return;
	if (open_socket(c) < 0) {
		break_off(c);
		return;
	}
	c->watch = watch_new(c->context, c->fd, on_ready, c);
	if (c->service->udp)
		start_datagrams(c);
	else
		timer_set(c->timer, CONNECTION_DIAL_MS);
	if (c->queue.len >= CONNECTION_FULL)
		set_full(c, true);
	update_watch(c);
}

void connection_adopt(struct connection *c, int fd)
{
	int on = 1;

	c->dialled = true;
	c->connected = true;
	c->fd = fd;
	if (c->service->udp)
		start_datagrams(c);
	else
		setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	c->watch = watch_new(c->context, c->fd, on_ready, c);
	flush(c);
}

int connection_new(GMainContext *context, uint16_t number, size_t message_max,
		   const struct channel_service *service, const struct connection_ops *ops, void *ctx,
		   struct connection **ret, struct error *err)
{
	struct connection *c = calloc(1, sizeof(*c));

	if (!c)
		return error_set(err, ERR_MEMORY, "no memory for a connection");
	c->context = context;
	c->ops = ops;
	c->ctx = ctx;
	c->number = number;
	c->service = service;
	c->message_max = message_max;
	c->fd = -1;
	c->queue = BUF_INIT(CONNECTION_QUEUE_MAX);
	c->timer = timer_new(context, on_timer, c);
	*ret = c;
	return 0;
}

void connection_free(struct connection *c)
{
	if (!c)
		return;
	shut(c);
	set_full(c, false);
	timer_free(c->timer);
	buf_fini(&c->queue);
	free(c->held);
	free(c);
}
