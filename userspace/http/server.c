// SPDX-License-Identifier: Apache-2.0
#include "http/server.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "http/pages.h"

enum { BACKLOG = 64 };

/* After the start everything but @wake and @stopping belongs to the thread. */
struct http_server {
	struct http_config config;
	struct pages pages;
	struct MHD_Daemon *daemon;
	int listener, wake;	/* @listener is the library's once there is a daemon */
	atomic_bool stopping;
	uint16_t port;
	pthread_t thread;
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- the thread ---- */

static enum MHD_Result on_request(void *data, struct MHD_Connection *connection, const char *path,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_size, void **request)
{
	struct http_server *s = data;

	/* Answered as soon as the head is here: no body of anybody is read. */
	return pages_answer(&s->pages, connection, path, method, now_ms());
}

static void on_connection(void *data, struct MHD_Connection *connection, void **context,
			  enum MHD_ConnectionNotificationCode what)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct http_server *s = data;

	if (what == MHD_CONNECTION_NOTIFY_STARTED)
		connections_add(&s->pages.connections, info->connect_fd, now_ms(),
				s->config.seconds_max * 1000);
	else
		connections_remove(&s->pages.connections, info->connect_fd);
}

static int sooner(int a, int b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

/* Until the library, a stream, or a connection that is due, wants to be looked at; -1: without end. */
static int pause_ms(struct http_server *s)
{
	int due = sooner(connections_sweep(&s->pages.connections, now_ms()),
			 streams_pause(&s->pages.streams, now_ms()));
	MHD_UNSIGNED_LONG_LONG own;

	if (MHD_get_timeout(s->daemon, &own) != MHD_YES)
		return due;
	if (own > (MHD_UNSIGNED_LONG_LONG)s->config.seconds_max * 1000)
		own = s->config.seconds_max * 1000;
	return sooner(due, (int)own);
}

/* One that is full listens again only in the turn behind that in which somebody has left. */
static void turn(struct http_server *s)
{
	unsigned int before;

	do {
		before = s->pages.connections.count;
		MHD_run(s->daemon);
	} while (s->pages.connections.count != before);
}

static void look_at_streams(struct http_server *s)
{
	uint64_t told;

	if (read(s->wake, &told, sizeof(told)) == sizeof(told))
		streams_wake(&s->pages.streams);
	streams_beat(&s->pages.streams, now_ms());
}

static void *run(void *data)
{
	struct http_server *s = data;
	struct pollfd fds[] = {
		{ .fd = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd,
		  .events = POLLIN },
		{ .fd = s->wake, .events = POLLIN },
	};

	while (!s->stopping) {
		if (poll(fds, 2, pause_ms(s)) < 0 && errno != EINTR)
			break;
		look_at_streams(s);
		turn(s);
	}
	/* The library ends no connection that is suspended. */
	streams_end(&s->pages.streams);
	MHD_stop_daemon(s->daemon);
	pages_fini(&s->pages);
	return NULL;
}

/* Signals are for the thread that starts it. */
static int start_thread(struct http_server *s)
{
	sigset_t all, old;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&s->thread, NULL, run, s);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return r;
}

/* ---- start and stop ---- */

static int listen_at(struct http_server *s, struct error *err)
{
	const struct endpoint *e = &s->config.address;
	struct sockaddr_in6 address;
	socklen_t len = endpoint_to_sockaddr(e, &address);
	struct endpoint bound;
	char text[ENDPOINT_TEXT_MAX];
	int on = 1;

	s->listener = socket(e->ip.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->listener < 0)
		return error_errno(err, errno, "no socket for %s", endpoint_format(e, text));
	setsockopt(s->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(s->listener, (struct sockaddr *)&address, len) < 0 ||
	    listen(s->listener, BACKLOG) < 0)
		return errno == EADDRINUSE
			? error_set(err, ERR_EXISTS, "somebody else listens at %s",
				    endpoint_format(e, text))
			: error_errno(err, errno, "cannot listen at %s", endpoint_format(e, text));
	len = sizeof(address);
	if (getsockname(s->listener, (struct sockaddr *)&address, &len) < 0 ||
	    !endpoint_from_sockaddr((struct sockaddr *)&address, len, &bound))
		return error_errno(err, errno, "no port at %s", endpoint_format(e, text));
	s->port = bound.port;
	return 0;
}

/* It takes the listener over, whether it succeeds or not. */
static int start_daemon(struct http_server *s, struct error *err)
{
	unsigned int flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;

	if (s->config.address.ip.family == AF_INET6)
		flags |= MHD_USE_IPv6;
	s->daemon = MHD_start_daemon(flags, s->port, NULL, NULL, on_request, s,
				     MHD_OPTION_LISTEN_SOCKET, s->listener,
				     MHD_OPTION_CONNECTION_LIMIT,
				     (unsigned int)HTTP_CONNECTIONS_MAX,
				     MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_REQUEST_MAX,
				     MHD_OPTION_CONNECTION_TIMEOUT, s->config.seconds_max,
				     MHD_OPTION_STRICT_FOR_CLIENT, 1,
				     MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,
				     MHD_OPTION_END);
	s->listener = -1;
	return s->daemon ? 0 : error_set(err, ERR_INTERNAL, "libmicrohttpd does not start");
}

static void free_server(struct http_server *s)
{
	if (s->listener >= 0)
		close(s->listener);
	if (s->wake >= 0)
		close(s->wake);
	free(s);
}

static int open_all(struct http_server *s, struct error *err)
{
	int r;

	s->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->wake < 0)
		return error_errno(err, errno, "no descriptor for the pages' thread");
	r = listen_at(s, err);
	if (r == 0)
		r = start_daemon(s, err);
	if (r < 0)
		return r;
	r = start_thread(s);
	if (r == 0)
		return 0;
	MHD_stop_daemon(s->daemon);
	return error_errno(err, r, "no thread for the pages");
}

static bool sites_fit(const struct http_config *config)
{
	bool fit = config->site_count <= HTTP_SITES_MAX;

	for (size_t i = 0; fit && i < config->site_count; i++)
		fit = config->sites[i].page_count <= HTTP_PAGES_MAX;
	return fit;
}

int http_server_start(const struct http_config *config, struct http_server **ret,
		      struct error *err)
{
	char text[ENDPOINT_TEXT_MAX];
	struct http_server *s;
	int r;

	if (!ip_is_loopback(&config->address.ip))
		return error_set(err, ERR_INVALID, "%s is not on the loopback",
				 endpoint_format(&config->address, text));
	if (!sites_fit(config))
		return error_set(err, ERR_INVALID, "there are more pages than a listener takes");
	s = calloc(1, sizeof(*s));
	if (!s)
		return error_set(err, ERR_MEMORY, "no memory for the pages");
	s->config = *config;
	if (!s->config.seconds_max)
		s->config.seconds_max = HTTP_SECONDS_MAX;
	s->pages.config = &s->config;
	s->listener = s->wake = -1;
	r = open_all(s, err);
	if (r < 0)
		free_server(s);
	else
		*ret = s;
	return r;
}

uint16_t http_server_port(const struct http_server *server)
{
	return server->port;
}

/* Into a counter that is small this cannot fail. */
static bool wake(struct http_server *server)
{
	const uint64_t one = 1;

	return write(server->wake, &one, sizeof(one)) == sizeof(one);
}

void http_server_notify(struct http_server *server)
{
	wake(server);
}

void http_server_stop(struct http_server *server)
{
	if (!server)
		return;
	server->stopping = true;
	if (wake(server))
		pthread_join(server->thread, NULL);
	free_server(server);
}
