// SPDX-License-Identifier: Apache-2.0
/*
 * dns-load ADDRESS:PORT TYPE NAME COUNT WINDOW SECONDS
 *
 * Asks a name server over UDP, from SOCKETS ports, with WINDOW questions under way at each. NAME has
 * "#" for a number below COUNT, which jumps about; TYPE is a number.  The first tenth of the time
 * counts for nothing.  A question that has no answer in a second is lost, and asked anew.
 *
 * "RATE P50 P99 ALL LOST NAMES": answers per second, latencies in ns, answers of the whole run, what
 * was lost, and answers that had a record.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/addr.h"

enum {
	SOCKETS = 4,
	WINDOW_MAX = 1024,
	BATCH = 32,
	MESSAGE_MAX = 1232,
	QUESTION_MAX = 300,
	SAMPLES_MAX = 1 << 24,
	LOST_NS = 1000000000,
	OPT_BYTES = 11,
};

struct port {
	int fd;
	uint64_t asked_at[WINDOW_MAX];	/* ns; by the message's number */
	struct mmsghdr out[BATCH], in[BATCH];
	struct iovec out_io[BATCH], in_io[BATCH];
	uint8_t questions[BATCH][QUESTION_MAX], answers[BATCH][MESSAGE_MAX];
	unsigned int queued;
};

static struct port ports[SOCKETS];
static char *name_head, *name_tail;	/* around the number */
static unsigned int name_count, window, type;
static uint64_t asked, answered, lost, found, from, until;
static uint32_t *samples;	/* ns */
static size_t sample_count;

_Noreturn static void die(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* ---- questions ---- */

static uint8_t *put_name(uint8_t *at)
{
	char text[QUESTION_MAX / 2];

	/* A prime apart: neighbours in the order of a zone are not asked for together. */
	snprintf(text, sizeof(text), "%s%u%s", name_head,
		 (unsigned int)(asked * 2654435761 % name_count), name_tail);
	for (const char *label = text; *label;) {
		size_t len = strcspn(label, ".");

		*at = (uint8_t)len;
		at = mempcpy(at + 1, label, len);
		label += len + (label[len] == '.');
	}
	*at++ = 0;
	return at;
}

/* With EDNS, and the payload that resolvers tell (RFC 6891). */
static size_t make_question(uint8_t *out, unsigned int number)
{
	static const uint8_t opt[OPT_BYTES] = { 0, 0, 41, MESSAGE_MAX >> 8, MESSAGE_MAX & 255 };
	uint8_t *at = out + 12;

	memset(out, 0, 12);
	out[0] = (uint8_t)(number >> 8);
	out[1] = (uint8_t)number;
	out[5] = out[11] = 1;	/* a question, and the record that is OPT */
	at = put_name(at);
	*at++ = (uint8_t)(type >> 8);
	*at++ = (uint8_t)type;
	*at++ = 0;
	*at++ = 1;
	at = mempcpy(at, opt, OPT_BYTES);
	return (size_t)(at - out);
}

static void send_queued(struct port *p)
{
	for (unsigned int at = 0; at < p->queued;) {
		int sent = sendmmsg(p->fd, p->out + at, p->queued - at, 0);

		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			die("send");
		at += sent > 0 ? (unsigned int)sent : 0;
	}
	p->queued = 0;
}

static void ask(struct port *p, unsigned int number)
{
	unsigned int i = p->queued++;

	p->out_io[i] = (struct iovec){ p->questions[i], make_question(p->questions[i], number) };
	p->out[i].msg_hdr = (struct msghdr){ .msg_iov = &p->out_io[i], .msg_iovlen = 1 };
	p->asked_at[number] = now_ns();
	asked++;
	if (p->queued == BATCH)
		send_queued(p);
}

/* ---- answers ---- */

static void count(const struct port *p, const uint8_t *message, unsigned int number, uint64_t now)
{
	answered++;
	found += message[7] != 0;
	if (now >= from && now < until && sample_count < SAMPLES_MAX)
		samples[sample_count++] = (uint32_t)(now - p->asked_at[number]);
}

/* What comes after it was lost is another one's number by now, and rare. */
static void take(struct port *p, const uint8_t *message, size_t len, uint64_t now)
{
	unsigned int number = (unsigned int)message[0] << 8 | message[1];

	if (len < 12 || number >= window || !(message[2] & 0x80))
		return;
	count(p, message, number, now);
	ask(p, number);
}

static void receive(struct port *p)
{
	uint64_t now;
	int got;

	for (int i = 0; i < BATCH; i++) {
		p->in_io[i] = (struct iovec){ p->answers[i], MESSAGE_MAX };
		p->in[i].msg_hdr = (struct msghdr){ .msg_iov = &p->in_io[i], .msg_iovlen = 1 };
	}
	got = recvmmsg(p->fd, p->in, BATCH, MSG_DONTWAIT, NULL);
	now = now_ns();
	for (int i = 0; i < got; i++)
		take(p, p->answers[i], p->in[i].msg_len, now);
	send_queued(p);
}

static void ask_lost_again(uint64_t now)
{
	for (struct port *p = ports; p < ports + SOCKETS; p++) {
		for (unsigned int number = 0; number < window; number++)
			if (now - p->asked_at[number] > LOST_NS) {
				lost++;
				ask(p, number);
			}
		send_queued(p);
	}
}

/* ---- a run ---- */

static void begin(const struct endpoint *server)
{
	struct sockaddr_in6 address;
	socklen_t len = endpoint_to_sockaddr(server, &address);

	for (struct port *p = ports; p < ports + SOCKETS; p++) {
		p->fd = socket(server->ip.family, SOCK_DGRAM, 0);
		if (p->fd < 0 || connect(p->fd, (struct sockaddr *)&address, len) < 0)
			die("connect");
		for (unsigned int number = 0; number < window; number++)
			ask(p, number);
		send_queued(p);
	}
}

static void run(void)
{
	struct pollfd fds[SOCKETS];
	uint64_t now = now_ns(), looked_at = now;

	for (int i = 0; i < SOCKETS; i++)
		fds[i] = (struct pollfd){ .fd = ports[i].fd, .events = POLLIN };
	while (now < until) {
		if (poll(fds, SOCKETS, 100) < 0)
			die("poll");
		for (int i = 0; i < SOCKETS; i++)
			if (fds[i].revents)
				receive(&ports[i]);
		now = now_ns();
		if (now - looked_at > LOST_NS) {
			ask_lost_again(now);
			looked_at = now;
		}
	}
}

static int ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void tell(void)
{
	if (!sample_count) {
		fputs("dns-load: nothing was answered\n", stderr);
		exit(1);
	}
	qsort(samples, sample_count, sizeof(*samples), ascending);
	printf("%.1f %u %u %lu %lu %lu\n", (double)sample_count * 1e9 / (double)(until - from),
	       samples[sample_count / 2], samples[sample_count * 99 / 100], (unsigned long)answered,
	       (unsigned long)lost, (unsigned long)found);
}

int main(int argc, char *argv[])
{
	struct endpoint server;
	double seconds;

	if (argc != 7 || !endpoint_parse(argv[1], &server)) {
		fputs("usage: dns-load ADDRESS:PORT TYPE NAME COUNT WINDOW SECONDS\n", stderr);
		return 2;
	}
	type = (unsigned int)atoi(argv[2]);
	name_head = strsep(&argv[3], "#");
	name_tail = argv[3];
	name_count = (unsigned int)atoi(argv[4]);
	window = (unsigned int)atoi(argv[5]);
	seconds = atof(argv[6]);
	samples = malloc(SAMPLES_MAX * sizeof(*samples));
	if (!name_tail || !name_count || !window || window > WINDOW_MAX || !samples)
		return 2;
	from = now_ns() + (uint64_t)(seconds * 1e8);
	until = from + (uint64_t)(seconds * 9e8);
	begin(&server);
	run();
	tell();
	return 0;
}
