// SPDX-License-Identifier: Apache-2.0
#include "transport/listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "transport/inbound.h"

enum { BACKLOG = 64 };

struct listener {
	struct transport *t;
	uv_tcp_t tcp;
	struct endpoint asked;
	bool closing;
	uv_tcp_t turned_away;	/* a connection that there is no memory for */
	bool turning_away;
	bool another;		/* came meanwhile */
	int handles;		/* open */
};

static void on_handle_closed(struct listener *l)
{
	struct anchor *anchor = &l->t->anchor;

	if (--l->handles)
		return;
	free(l);
	anchor_release(anchor);
}

static void on_tcp_closed(uv_handle_t *handle)
{
	on_handle_closed(handle->data);
}

void listener_free(struct listener *l)
{
	if (!l)
		return;
	l->closing = true;
	uv_close((uv_handle_t *)&l->tcp, on_tcp_closed);
}

static void turn_away(struct listener *l);

static void on_turned_away(uv_handle_t *handle)
{
	struct listener *l = handle->data;

	l->turning_away = false;
	if (l->another && !l->closing)
		turn_away(l);
	on_handle_closed(l);
}

/* libuv listens no further until each connection is accepted, if only to be closed. */
static void turn_away(struct listener *l)
{
	l->another = l->turning_away;
	if (l->turning_away)
		return;
	uv_tcp_init(l->t->loop, &l->turned_away);
	l->turned_away.data = l;
	l->turning_away = true;
	l->handles++;
	uv_accept((uv_stream_t *)&l->tcp, (uv_stream_t *)&l->turned_away);
	uv_close((uv_handle_t *)&l->turned_away, on_turned_away);
}

static void on_connection(uv_stream_t *server, int status)
{
	struct listener *l = server->data;
	struct error err;

	if (status < 0)		/* out of descriptors: the kernel keeps the connection queued */
		return;
	if (inbound_accept(l->t, server, &err)) {
		turn_away(l);
		l->t->refused++;
		transport_tell(l->t, TRANSPORT_REFUSED, 0, &l->asked, err.text);
	}
}

/* The mesh's address appears after us, and may go and come again. */
static int bind_freely(struct listener *l)
{
	const bool six = l->asked.ip.family == AF_INET6;
	struct sockaddr_in6 sa;
	const int on = 1;
	uv_os_fd_t fd;
	int r = uv_fileno((uv_handle_t *)&l->tcp, &fd);

	if (r < 0)
		return r;
	if (setsockopt(fd, six ? IPPROTO_IPV6 : IPPROTO_IP, six ? IPV6_FREEBIND : IP_FREEBIND, &on,
		       sizeof(on)))
		return uv_translate_sys_error(errno);
	endpoint_to_sockaddr(&l->asked, &sa);
	return uv_tcp_bind(&l->tcp, (const struct sockaddr *)&sa, six ? UV_TCP_IPV6ONLY : 0);
}

int listener_new(struct transport *t, const struct endpoint *address, struct listener **ret,
		 struct error *err)
{
	struct listener *l = calloc(1, sizeof(*l));
	char text[ENDPOINT_TEXT_MAX];
	int r;

	if (!l)
		return error_set(err, ERR_MEMORY, "no memory to listen at %s",
				 endpoint_format(address, text));
	l->t = t;
	l->asked = *address;
	r = uv_tcp_init_ex(t->loop, &l->tcp, address->ip.family);
	if (r < 0) {
		free(l);
		return error_errno(err, -r, "cannot listen at %s", endpoint_format(address, text));
	}
	l->tcp.data = l;
	l->handles = 1;
	anchor_hold(&t->anchor);
	r = bind_freely(l);
	if (r >= 0)
		r = uv_listen((uv_stream_t *)&l->tcp, BACKLOG, on_connection);
	if (r < 0) {
		listener_free(l);
		return error_errno(err, -r, "cannot listen at %s", endpoint_format(address, text));
	}
	*ret = l;
	return 0;
}

bool listener_address(const struct listener *l, struct endpoint *ret)
{
	struct sockaddr_in6 sa;
	int len = sizeof(sa);

	if (uv_tcp_getsockname(&l->tcp, (struct sockaddr *)&sa, &len) < 0)
		return false;
	return endpoint_from_sockaddr((const struct sockaddr *)&sa, (socklen_t)len, ret);
}

bool listener_serves(const struct listener *l, const struct endpoint *address)
{
	struct endpoint real;

	return endpoint_equal(&l->asked, address) ||
	       (listener_address(l, &real) && endpoint_equal(&real, address));
}
