// SPDX-License-Identifier: Apache-2.0
/*
 * rtc-relay DELAY-MS A B: a line between two UDP ports of 127.0.0.1, each datagram DELAY-MS
 * under way, in order. Prints "at FOR-A FOR-B": where A reaches B, and where B reaches A. Who
 * else sends there is not heard. Ends with its input, with
 * "passed BYTES lost DATAGRAMS".
 */
#include <arpa/inet.h>
#include <err.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	QUEUE = 16384,		/* datagrams each way: 100 ms of 1.5 Gbit/s */
	DATAGRAM_MAX = 1500,
	BATCH = 64,
	SOCKET_BUFFER = 8 * 1024 * 1024,
};

/* One way: what comes at one end, from `from`, leaves at the other. */
struct way {
	int in, out;
	struct sockaddr_in from, to;
	uint32_t head, tail;
	int64_t due[QUEUE];	/* ns */
	uint16_t len[QUEUE];
	uint8_t data[QUEUE][DATAGRAM_MAX];
};

static struct way ways[2];
static int64_t delay;	/* ns */
static uint64_t passed, lost;

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static bool same(const struct sockaddr_in *a, const struct sockaddr_in *b)
{
	return a->sin_port == b->sin_port && a->sin_addr.s_addr == b->sin_addr.s_addr;
}

static void keep(struct way *w, const struct mmsghdr *m, uint32_t slot, int64_t due)
{
	uint32_t end = w->tail % QUEUE;

	if (!same(m->msg_hdr.msg_name, &w->from))
		return;
	/* Those before it may have been of somebody else. */
	if (slot != end)
		memcpy(w->data[end], w->data[slot], m->msg_len);
	w->len[end] = (uint16_t)m->msg_len;
	w->due[end] = due;
	w->tail++;
}

static void take(struct way *w)
{
	struct mmsghdr m[BATCH] = { 0 };
	struct iovec v[BATCH];
	struct sockaddr_in from[BATCH];
	uint32_t first = w->tail, room = QUEUE - (w->tail - w->head);
	int n;

	for (uint32_t i = 0; i < BATCH; i++) {
		v[i] = (struct iovec){ w->data[(first + i) % QUEUE], DATAGRAM_MAX };
		m[i].msg_hdr = (struct msghdr){ .msg_name = &from[i], .msg_namelen = sizeof(from[i]),
						.msg_iov = &v[i], .msg_iovlen = 1 };
	}
	/* What there is no room for waits in the socket, and is lost there. */
	n = room ? recvmmsg(w->in, m, room < BATCH ? room : BATCH, MSG_DONTWAIT, NULL) : 0;
	for (int i = 0; i < n; i++)
		keep(w, &m[i], (first + (uint32_t)i) % QUEUE, now() + delay);
}

static void pass(struct way *w)
{
	struct mmsghdr m[BATCH] = { 0 };
	struct iovec v[BATCH];
	int64_t t = now();
	uint32_t n = 0;
	int sent;

	for (; n < BATCH && w->head + n != w->tail && w->due[(w->head + n) % QUEUE] <= t; n++) {
		uint32_t slot = (w->head + n) % QUEUE;

		v[n] = (struct iovec){ w->data[slot], w->len[slot] };
		m[n].msg_hdr = (struct msghdr){ .msg_name = &w->to, .msg_namelen = sizeof(w->to),
						.msg_iov = &v[n], .msg_iovlen = 1 };
	}
	sent = n ? sendmmsg(w->out, m, n, 0) : 0;
	/* One that cannot be sent, to a port that is closed, say, is lost. */
	w->head += sent > 0 ? (uint32_t)sent : n > 0;
	for (int i = 0; i < sent; i++)
		passed += v[i].iov_len;
	lost += sent < 0;
}

/* Nanoseconds until something is due. */
static int64_t wait_for(void)
{
	int64_t first = INT64_MAX, t = now();

	for (int i = 0; i < 2; i++) {
		const struct way *w = &ways[i];

		if (w->head != w->tail && w->due[w->head % QUEUE] < first)
			first = w->due[w->head % QUEUE];
	}
	return first == INT64_MAX ? 1000000000 : first > t ? first - t : 0;
}

static int open_end(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), bytes = SOCKET_BUFFER;

	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		err(1, "bind");
	/* Beyond the limit of the host as root, up to it otherwise. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	return fd;
}

static int port_of(int fd)
{
	struct sockaddr_in at;
	socklen_t len = sizeof(at);

	if (getsockname(fd, (struct sockaddr *)&at, &len) < 0)
		err(1, "getsockname");
	return ntohs(at.sin_port);
}

static uint32_t count_drops(int fd)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(info);

	getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len);
	return info[SK_MEMINFO_DROPS];
}

static struct sockaddr_in local(const char *port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static void set_up(struct way *w, int in, int out, struct sockaddr_in from, struct sockaddr_in to)
{
	w->in = in;
	w->out = out;
	w->from = from;
	w->to = to;
}

static void run(int a, int b)
{
	struct pollfd fds[] = { { .fd = a, .events = POLLIN }, { .fd = b, .events = POLLIN },
				{ .fd = STDIN_FILENO, .events = POLLIN } };

	while (!fds[2].revents) {
		int64_t ns = wait_for();
		struct timespec t = { ns / 1000000000, ns % 1000000000 };

		ppoll(fds, 3, &t, NULL);
		for (int i = 0; i < 2; i++) {
			if (fds[i].revents)
				take(&ways[i]);
			pass(&ways[i]);
		}
	}
}

int main(int argc, char **argv)
{
	int a = open_end(), b = open_end();

	if (argc != 4)
		errx(2, "usage: rtc-relay DELAY-MS A B");
	delay = (int64_t)(atof(argv[1]) * 1e6);
	set_up(&ways[0], a, b, local(argv[2]), local(argv[3]));
	set_up(&ways[1], b, a, local(argv[3]), local(argv[2]));
	prctl(PR_SET_TIMERSLACK, 1);
	printf("at %d %d\n", port_of(a), port_of(b));
	fflush(stdout);
	run(a, b);
	printf("passed %lu lost %lu\n", passed, lost + count_drops(a) + count_drops(b));
	return 0;
}
