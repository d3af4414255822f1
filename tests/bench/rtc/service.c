// SPDX-License-Identifier: Apache-2.0
#include "service.h"

#include <err.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS = 512 };

struct client {
	int fd;
	char kind;	/* 0: has said nothing yet */
	size_t rest;	/* bytes of a unit that has begun */
};

/* Of the thread. The first one listens. */
static struct client clients[CLIENTS];
static struct pollfd fds[CLIENTS];
static nfds_t count;

static void add(int fd)
{
	if (fd < 0 || count == CLIENTS)
		errx(1, "the service has no room for another connection");
	clients[count] = (struct client){ .fd = fd };
	fds[count++] = (struct pollfd){ .fd = fd, .events = POLLIN };
}

static void drop(nfds_t i)
{
	close(clients[i].fd);
	count--;
	clients[i] = clients[count];
	fds[i] = fds[count];
}

static void accept_one(void)
{
	int on = 1, fd = accept4(clients[0].fd, NULL, NULL, SOCK_CLOEXEC);

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	add(fd);
}

static void write_all(int fd, const uint8_t *data, size_t len)
{
	while (len) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;		/* reading tells the end */
		data += n;
		len -= (size_t)n;
	}
}

static void answer(struct client *c, const uint8_t *data, size_t len)
{
	size_t units;

	if (!c->kind) {
		c->kind = (char)*data++;
		len--;
	}
	if (c->kind == SERVICE_SINK) {
		c->rest += len;
		units = c->rest / SERVICE_UNIT;
		c->rest %= SERVICE_UNIT;
		len = units;
	}
	write_all(c->fd, data, len);
}

static void *serve(void *arg)
{
	static uint8_t data[4 * SERVICE_UNIT];

	while (poll(fds, count, -1) >= 0) {
		if (fds[0].revents)
			accept_one();
		for (nfds_t i = count; i-- > 1;) {
			ssize_t n = fds[i].revents ? recv(fds[i].fd, data, sizeof(data), 0) : -1;

			if (n > 0)
				answer(&clients[i], data, (size_t)n);
			else if (fds[i].revents)
				drop(i);
		}
	}
	return NULL;
}

struct endpoint service_start(void)
{
	struct endpoint at = { .ip = { AF_INET, { 127, 0, 0, 1 } } };
	struct sockaddr_in6 sa;
	socklen_t len = endpoint_to_sockaddr(&at, &sa);
	pthread_t thread;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(fd, (struct sockaddr *)&sa, len) < 0 || listen(fd, CLIENTS) < 0 ||
	    getsockname(fd, (struct sockaddr *)&sa, &len) < 0)
		err(1, "the service");
	endpoint_from_sockaddr((struct sockaddr *)&sa, len, &at);
	add(fd);
	if (pthread_create(&thread, NULL, serve, NULL) != 0)
		errx(1, "the service has no thread");
	return at;
}
