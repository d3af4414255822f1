// SPDX-License-Identifier: Apache-2.0
#include "wmctl/flows.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { AT_ONCE = 16, SWEEP_MS = 10 * 1000 };

struct flow {
	uv_poll_t watch;
	struct flow *next;
	struct flows *all;
	struct sockaddr_in6 from;
	socklen_t from_len;
	int fd;				/* our end */
	uint64_t heard;			/* uv_now() */
};

struct flows {
	uv_timer_t sweep;
	int socket;
	flows_open_fn open;
	void *ctx;
	struct flow *first;
	unsigned int count;
	uint8_t datagram[FLOW_DATAGRAM_MAX];
};

/* ---- one flow ---- */

static void on_flow_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void remove_flow(struct flows *f, struct flow **at)
{
	struct flow *flow = *at;

	*at = flow->next;
	f->count--;
	uv_close((uv_handle_t *)&flow->watch, on_flow_closed);
	close(flow->fd);
}

/* Back to the sender. */
static void on_answer(uv_poll_t *handle, int status, int events)
{
	struct flow *flow = handle->data;
	struct flows *f = flow->all;

	for (int i = 0; i < AT_ONCE; i++) {
		ssize_t n = recv(flow->fd, f->datagram, sizeof(f->datagram), MSG_DONTWAIT);

		if (n < 0)
			return;
		flow->heard = uv_now(handle->loop);
		sendto(f->socket, f->datagram, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL,
		       (const struct sockaddr *)&flow->from, flow->from_len);
	}
}

static bool is_from(const struct flow *flow, const struct sockaddr_in6 *from, socklen_t len)
{
	return flow->from_len == len && memcmp(&flow->from, from, len) == 0;
}

static struct flow **lookup(struct flows *f, const struct sockaddr_in6 *from, socklen_t len)
{
	struct flow **at = &f->first;

	while (*at && !is_from(*at, from, len))
		at = &(*at)->next;
	return at;
}

static struct flow *add_flow(struct flows *f, const struct sockaddr_in6 *from, socklen_t len)
{
	struct flow *flow = f->count < FLOWS_MAX ? calloc(1, sizeof(*flow)) : NULL;
	int ends[2];

	if (!flow)
		return NULL;
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) < 0) {
		free(flow);
		return NULL;
	}
	flow->all = f;
	flow->from = *from;
	flow->from_len = len;
	flow->fd = ends[0];
	flow->next = f->first;
	f->first = flow;
	f->count++;
	uv_poll_init(f->sweep.loop, &flow->watch, flow->fd);
	flow->watch.data = flow;
	uv_poll_start(&flow->watch, UV_READABLE, on_answer);
	f->open(ends[1], f->ctx);
	return flow;
}

/* ---- all of them ---- */

/* False: its other end is closed, which happens when nothing came for long, or there was no room. */
static bool give(struct flow *flow, const void *data, size_t len)
{
	flow->heard = uv_now(flow->watch.loop);
	return send(flow->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 ||
	       (errno != ECONNREFUSED && errno != ECONNRESET && errno != ENOTCONN &&
		errno != EPIPE);
}

static void take(struct flows *f, size_t len, const struct sockaddr_in6 *from, socklen_t from_len)
{
	struct flow **at = lookup(f, from, from_len);
	struct flow *flow;

	if (*at && give(*at, f->datagram, len))
		return;
	if (*at)
		remove_flow(f, at);
	flow = add_flow(f, from, from_len);
	if (flow)
		give(flow, f->datagram, len);
}

void flows_take(struct flows *f)
{
	for (int i = 0; i < AT_ONCE; i++) {
		struct sockaddr_in6 from = { 0 };
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(f->socket, f->datagram, sizeof(f->datagram), MSG_DONTWAIT,
				     (struct sockaddr *)&from, &len);

		if (n < 0)
			return;
		take(f, (size_t)n, &from, len);
	}
}

static void on_sweep(uv_timer_t *timer)
{
	struct flows *f = timer->data;

	for (struct flow **at = &f->first; *at;) {
		if (uv_now(timer->loop) - (*at)->heard > FLOW_IDLE_MS)
			remove_flow(f, at);
		else
			at = &(*at)->next;
	}
}

int flows_new(uv_loop_t *loop, int socket, flows_open_fn open, void *ctx, struct flows **ret,
	      struct error *err)
{
	struct flows *f = calloc(1, sizeof(*f));

	if (!f)
		return error_set(err, ERR_MEMORY, "no memory for datagrams");
	f->socket = socket;
	f->open = open;
	f->ctx = ctx;
	uv_timer_init(loop, &f->sweep);
	f->sweep.data = f;
	uv_timer_start(&f->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
	*ret = f;
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void flows_free(struct flows *f)
{
	if (!f)
		return;
	while (f->first)
		remove_flow(f, &f->first);
	uv_close((uv_handle_t *)&f->sweep, on_closed);
}
