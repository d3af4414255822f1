// SPDX-License-Identifier: Apache-2.0
#include "dns/server.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "dns/tcp.h"
#include "dns/udp.h"

enum {
	BACKLOG = 64,
	EVENTS = 32,
	SOURCES_MAX = 2 * DNS_ADDRESSES_MAX + 1,
	PAUSE_MS = 1000,	/* in which nobody is accepted who has no descriptor */
};

struct dns_server {
	struct dns_config config;
	int epoll;
	struct source sources[SOURCES_MAX];	/* the first one ends the thread */
	unsigned int source_count;
	uint16_t port;
	pthread_t thread;
	bool running;

	/* the thread's */
	struct udp udp;
	struct tcp tcp;
	uint64_t paused_at;	/* ms; 0: not */

	pthread_mutex_t lock;	/* guards the next ones */
	struct zone *zone;	/* NULL: there is none yet */
	struct dns_counts counts;
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- the thread ---- */

static void listen_on(struct dns_server *s, bool on)
{
	for (unsigned int i = 0; i < s->source_count; i++) {
		struct source *source = &s->sources[i];
		struct epoll_event event = { .events = on ? EPOLLIN : 0, .data.ptr = source };

		if (source->kind == SOURCE_LISTENER)
			epoll_ctl(s->epoll, EPOLL_CTL_MOD, source->fd, &event);
	}
	s->paused_at = on ? 0 : now_ms();
}

/* Until a connection, or the pause, is due; -1: without end. */
static int pause_ms(struct dns_server *s)
{
	uint64_t now = now_ms();
	int due = tcp_sweep(&s->tcp, now);

	if (s->paused_at && now - s->paused_at >= PAUSE_MS)
		listen_on(s, true);
	return s->paused_at && (due < 0 || due > PAUSE_MS) ? PAUSE_MS : due;
}

static struct zone *hold_zone(struct dns_server *s)
{
	struct zone *zone;

	pthread_mutex_lock(&s->lock);
	zone = s->zone ? zone_ref(s->zone) : NULL;
	pthread_mutex_unlock(&s->lock);
	return zone;
}

static void tell_counts(struct dns_server *s)
{
	pthread_mutex_lock(&s->lock);
	s->counts = (struct dns_counts){
		.udp = s->udp.messages, .tcp = s->tcp.messages, .limited = s->udp.limited,
		.answered = s->udp.answered + s->tcp.answered, .connections = s->tcp.count,
	};
	pthread_mutex_unlock(&s->lock);
}

static void serve(struct dns_server *s, struct source *source, const struct dns_source *told)
{
	uint64_t now = now_ms();

	if (source->kind == SOURCE_UDP)
		udp_ready(&s->udp, source->fd, told, now);
	else if (source->kind == SOURCE_CONNECTION)
		tcp_ready(&s->tcp, source, told, now);
	else if (!tcp_accept(&s->tcp, source->fd, now))
		listen_on(s, false);
}

/*
 * Listeners come last: who is accepted may have another hung up on, of whom one of these events is.
 * False: it is to end.
 */
static bool turn(struct dns_server *s, struct epoll_event *events, int count)
{
	const struct dns_source told = { .zone = hold_zone(s), .keys = s->config.keys };
	bool ended = false;

	for (int last = 0; last < 2; last++)
		for (int i = 0; i < count; i++) {
			struct source *source = events[i].data.ptr;

			if (!source || (source->kind == SOURCE_LISTENER) != last)
				continue;
			events[i].data.ptr = NULL;
			if (source->kind == SOURCE_STOP)
				ended = true;
			else
				serve(s, source, &told);
		}
	tell_counts(s);
	zone_unref(told.zone);
	return !ended;
}

static void *run(void *data)
{
	struct epoll_event events[EVENTS];
	struct dns_server *s = data;
	int count;

	do {
		count = epoll_wait(s->epoll, events, EVENTS, pause_ms(s));
		if (count < 0 && errno != EINTR)
			break;
	} while (turn(s, events, count));
	tcp_fini(&s->tcp);
	return NULL;
}

/* Signals are for the thread that starts it. */
static int start_thread(struct dns_server *s)
{
	sigset_t all, old;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&s->thread, NULL, run, s);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	s->running = r == 0;
	return r;
}

/* ---- start ---- */

static int add_source(struct dns_server *s, enum source_kind kind, int fd, struct error *err)
{
	struct source *source = &s->sources[s->source_count];
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = source };

	*source = (struct source){ kind, fd };
	s->source_count++;
	if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		return error_errno(err, errno, "no descriptor for the names of the mesh");
	return 0;
}

/* The addresses may come later than this, with the device, and may go and come again. */
static void set_options(int fd, sa_family_t family)
{
	const int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (family == AF_INET6) {
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
		setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof(on));
	} else {
		setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof(on));
	}
}

static int bind_to(int fd, int type, const struct endpoint *e, struct error *err)
{
	struct sockaddr_in6 address;
	socklen_t len = endpoint_to_sockaddr(e, &address);
	char text[ENDPOINT_TEXT_MAX];

	set_options(fd, e->ip.family);
	if (bind(fd, (struct sockaddr *)&address, len) == 0 &&
	    (type == SOCK_DGRAM || listen(fd, BACKLOG) == 0))
		return 0;
	if (errno == EADDRINUSE)
		return error_set(err, ERR_EXISTS, "somebody else listens at %s",
				 endpoint_format(e, text));
	return error_errno(err, errno, "cannot listen at %s", endpoint_format(e, text));
}

static int open_socket(struct dns_server *s, int type, const struct endpoint *e, struct error *err)
{
	int fd = socket(e->ip.family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), r;
	char text[ENDPOINT_TEXT_MAX];

	if (fd < 0)
		return error_errno(err, errno, "no socket for %s", endpoint_format(e, text));
	r = bind_to(fd, type, e, err);
	if (r < 0)
		close(fd);
	else
		r = add_source(s, type == SOCK_DGRAM ? SOURCE_UDP : SOURCE_LISTENER, fd, err);
	return r;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_in6 address;
	socklen_t len = sizeof(address);
	struct endpoint bound = { 0 };

	if (getsockname(fd, (struct sockaddr *)&address, &len) == 0)
		endpoint_from_sockaddr((struct sockaddr *)&address, len, &bound);
	return bound.port;
}

/* Where any port will do, UDP takes that which TCP has got. */
static int open_address(struct dns_server *s, struct endpoint e, struct error *err)
{
	int r = open_socket(s, SOCK_STREAM, &e, err);

	if (r < 0)
		return r;
	e.port = port_of(s->sources[s->source_count - 1].fd);
	if (!s->port)
		s->port = e.port;
	return open_socket(s, SOCK_DGRAM, &e, err);
}

static int open_all(struct dns_server *s, struct error *err)
{
	int stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), r;

	s->epoll = s->tcp.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (stop < 0 || s->epoll < 0) {
		close(stop);
		return error_errno(err, errno, "no descriptor for the names of the mesh");
	}
	r = add_source(s, SOURCE_STOP, stop, err);
	for (unsigned int i = 0; r == 0 && i < s->config.address_count; i++)
		r = open_address(s, s->config.addresses[i], err);
	if (r < 0)
		return r;
	r = start_thread(s);
	return r ? error_errno(err, r, "no thread for the names of the mesh") : 0;
}

int dns_server_start(const struct dns_config *config, struct dns_server **ret, struct error *err)
{
	struct dns_server *s = calloc(1, sizeof(*s));
	int r;

	if (!s || pthread_mutex_init(&s->lock, NULL)) {
		free(s);
		return error_set(err, ERR_MEMORY, "no memory for the names of the mesh");
	}
	s->config = *config;
	s->tcp.idle_ms = config->idle_ms ? config->idle_ms : DNS_IDLE_MS;
	udp_init(&s->udp, config->rate);
	r = open_all(s, err);
	if (r < 0)
		dns_server_stop(s);
	else
		*ret = s;
	return r;
}

uint16_t dns_server_port(const struct dns_server *server)
{
	return server->port;
}

/* ---- what others do to it ---- */

void dns_server_set_zone(struct dns_server *server, struct zone *zone)
{
	struct zone *old;

	pthread_mutex_lock(&server->lock);
	old = server->zone;
	server->zone = zone_ref(zone);
	pthread_mutex_unlock(&server->lock);
	zone_unref(old);
}

struct dns_counts dns_server_counts(struct dns_server *server)
{
	struct dns_counts counts;

	pthread_mutex_lock(&server->lock);
	counts = server->counts;
	pthread_mutex_unlock(&server->lock);
	return counts;
}

void dns_server_stop(struct dns_server *server)
{
	const uint64_t one = 1;

	if (!server)
		return;
	/* Into a counter that is 0 this cannot fail. */
	if (server->running &&
	    write(server->sources[0].fd, &one, sizeof(one)) == sizeof(one))
		pthread_join(server->thread, NULL);
	for (unsigned int i = 0; i < server->source_count; i++)
		close(server->sources[i].fd);
	if (server->epoll >= 0)
		close(server->epoll);
	zone_unref(server->zone);
	pthread_mutex_destroy(&server->lock);
	free(server);
}
