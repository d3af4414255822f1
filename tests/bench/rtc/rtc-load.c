// SPDX-License-Identifier: Apache-2.0
/*
 * rtc-load serve|reach: one end of a session, of which somebody else carries the descriptions.
 * Line by line, as pion/main.go has it, too
 *   in:   offer JSON (reach)   answer JSON (serve)   candidate TEXT   and of who reaches:
 *         stream SECONDS   echo SECONDS   ping COUNT   open COUNT
 *   out:  description JSON   candidate TEXT   connected
 *         rate BYTES-PER-SECOND BYTES   latency P50 P99 (µs)   opened
 * `stream` and `echo` are rates without the first third of the time, and all bytes that were
 * carried; `open` makes connections that stay. Ends with its input.
 */
#include <err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "rtc/engine.h"
#include "service.h"

enum { MESSAGE = 64, DRAIN_S = 20 };

static struct engine *engine;
static uint64_t session;
static int wakeup;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- measurements ---- */

static int connect_to(char kind)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		err(1, "socketpair");
	engine_connect(engine, session, ends[0]);
	if (send(ends[1], &kind, 1, MSG_NOSIGNAL) != 1)
		err(1, "send");
	return ends[1];
}

struct transfer {
	int fd;
	size_t worth;		/* bytes that one coming back stands for */
	double sent, got;	/* bytes */
	bool sending;
};

static void step(struct transfer *t)
{
	static const char out[SERVICE_UNIT];
	static char in[SERVICE_UNIT];
	struct pollfd p = { .fd = t->fd, .events = t->sending ? POLLIN | POLLOUT : POLLIN };
	ssize_t n;

	poll(&p, 1, 1000);
	if (p.revents & POLLOUT) {
		n = send(t->fd, out, sizeof(out), MSG_DONTWAIT | MSG_NOSIGNAL);
		t->sent += n > 0 ? (double)n : 0;
	}
	if (p.revents & POLLIN) {
		n = recv(t->fd, in, sizeof(in), MSG_DONTWAIT);
		if (n <= 0)
			errx(1, "the connection is over");
		t->got += (double)n * (double)t->worth;
	}
}

static void transfer(char kind, double seconds)
{
	struct transfer t = { .worth = kind == SERVICE_SINK ? SERVICE_UNIT : 1, .sending = true };
	double begin = now(), warm = 0, warm_got = 0, end;

	t.fd = connect_to(kind);
	while (now() < begin + seconds) {
		step(&t);
		if (!warm && now() > begin + seconds / 3) {
			warm = now();
			warm_got = t.got;
		}
	}
	end = now();
	printf("rate %.0f ", (t.got - warm_got) / (end - warm));
	t.sending = false;
	while (t.got + (double)t.worth <= t.sent && now() < end + DRAIN_S)
		step(&t);
	printf("%.0f\n", t.sent);
	close(t.fd);
}

static void exchange(int fd)
{
	char data[MESSAGE] = { 0 };

	if (send(fd, data, sizeof(data), MSG_NOSIGNAL) != sizeof(data) ||
	    recv(fd, data, sizeof(data), MSG_WAITALL) != sizeof(data))
		errx(1, "the connection is over");
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void ping(size_t count)
{
	double *took = calloc(count + 1, sizeof(*took));
	int fd = connect_to(SERVICE_ECHO);

	if (!took)
		errx(1, "no memory");
	exchange(fd);	/* which waits for the service, too */
	for (size_t i = 0; i < count; i++) {
		double begin = now();

		exchange(fd);
		took[i] = (now() - begin) * 1e6;
	}
	qsort(took, count, sizeof(*took), compare);
	printf("latency %.1f %.1f\n", took[count / 2], took[count * 99 / 100]);
	free(took);
	close(fd);
}

static void open_idle(size_t count)
{
	while (count--)
		exchange(connect_to(SERVICE_ECHO));
	puts("opened");
}

/* ---- the session ---- */

static void notify(void *user)
{
	eventfd_write(wakeup, 1);
}

static void print_events(void)
{
	static const char *const names[] = {
		[ENGINE_DESCRIPTION] = "description ", [ENGINE_CANDIDATE] = "candidate ",
		[ENGINE_CONNECTED] = "connected ", [ENGINE_STALE] = "stale ", [ENGINE_ENDED] = "ended ",
	};
	struct engine_event event;
	eventfd_t count;

	eventfd_read(wakeup, &count);
	while (engine_next(engine, &event)) {
		printf("%s%s\n", names[event.kind], event.text ? event.text : event.error.text);
		free(event.text);
	}
}

static void execute(char *line)
{
	const char *verb = strsep(&line, " ");
	struct error why = { 0 };
	int r = 0;

	if (strcmp(verb, "offer") == 0)
		r = engine_reach(engine, line, false, NULL, &session, &why);
	else if (strcmp(verb, "answer") == 0)
		r = engine_answer(engine, session, line, &why);
	else if (strcmp(verb, "candidate") == 0)
		r = engine_candidate(engine, session, line, &why);
	else if (strcmp(verb, "stream") == 0)
		transfer(SERVICE_SINK, atof(line));
	else if (strcmp(verb, "echo") == 0)
		transfer(SERVICE_ECHO, atof(line));
	else if (strcmp(verb, "ping") == 0)
		ping(strtoul(line, NULL, 10));
	else if (strcmp(verb, "open") == 0)
		open_idle(strtoul(line, NULL, 10));
	if (r < 0)
		errx(1, "%s: %s", verb, why.text);
}

static void serve_session(void)
{
	struct channel_service service = { .at = service_start() };
	struct error why = { 0 };

	if (engine_open(engine, &service, NULL, &session, &why) < 0)
		errx(1, "%s", why.text);
}

static void run(void)
{
	struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN },
				{ .fd = wakeup, .events = POLLIN } };
	char *line = NULL;
	size_t cap = 0;

	while (poll(fds, 2, -1) >= 0) {
		if (fds[1].revents)
			print_events();
		if (!fds[0].revents)
			continue;
		if (getline(&line, &cap, stdin) <= 0)
			break;
		line[strcspn(line, "\n")] = 0;
		execute(line);
	}
	free(line);
}

int main(int argc, char **argv)
{
	struct engine_config config = { .ice = { .loopback = true }, .notify = notify };
	struct error why = { 0 };

	wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	setvbuf(stdin, NULL, _IONBF, 0);	/* or a line could wait where poll() does not look */
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (engine_new(&config, &engine, &why) < 0)
		errx(1, "%s", why.text);
	if (argc > 1 && strcmp(argv[1], "serve") == 0)
		serve_session();
	run();
	engine_free(engine);
	return 0;
}
