// SPDX-License-Identifier: Apache-2.0
/*
 * offer [SILENCE-MS [ANSWER-MS]]: the engine by itself, for a peer that another stack drives.  Line by line
 *   in:   open tcp|udp ADDRESS:PORT    answer N JSON    candidate N TEXT    restart N    close N    counts
 *   out:  opened N    offer N JSON    candidate N TEXT    connected N PATH    stale N TEXT    ended N KIND TEXT
 *         counts SESSIONS CONNECTIONS DESCRIPTORS    refused KIND TEXT
 * Ends with its input.
 */
#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "rtc/engine.h"

static int wakeup;

static void notify(void *user)
{
	eventfd_write(wakeup, 1);
}

static unsigned int count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

static void refuse(const struct error *err)
{
	printf("refused %s %s\n", error_kind_name(err->kind), err->text);
}

static void open_session(struct engine *e, const char *proto, const char *at)
{
	struct channel_service service = { .udp = strcmp(proto, "udp") == 0 };
	struct error err = { .kind = ERR_INVALID, .text = "no address" };
	uint64_t session;

	if (!endpoint_parse(at, &service.at) ||
	    engine_open(e, &service, NULL, &session, &err) < 0)
		refuse(&err);
	else
		printf("opened %lu\n", session);
}

static void execute(struct engine *e, char *line)
{
	char *verb = strsep(&line, " "), *first = strsep(&line, " ");
	uint64_t session = first ? strtoull(first, NULL, 10) : 0;
	struct engine_counts counts;
	struct error err = { 0 };
	int r = 0;

	if (strcmp(verb, "open") == 0 && line) {
		open_session(e, first, line);
	} else if (strcmp(verb, "answer") == 0 && line) {
		r = engine_answer(e, session, line, &err);
	} else if (strcmp(verb, "candidate") == 0 && line) {
		r = engine_candidate(e, session, line, &err);
	} else if (strcmp(verb, "restart") == 0) {
		r = engine_restart(e, session, &(struct ice_servers){ 0 }, &err);
	} else if (strcmp(verb, "close") == 0) {
		engine_close(e, session);
	} else if (strcmp(verb, "counts") == 0) {
		counts = engine_counts(e);
		printf("counts %zu %zu %u\n", counts.sessions, counts.connections,
		       count_descriptors());
	}
	if (r < 0)
		refuse(&err);
}

static void print_events(struct engine *e)
{
	static const char *const names[] = { "offer", "candidate", "connected", "stale", "ended" };
	struct engine_event event;
	eventfd_t count;

	eventfd_read(wakeup, &count);
	while (engine_next(e, &event)) {
		printf("%s %lu ", names[event.kind], event.session);
		if (event.text)
			printf("%s\n", event.text);
		else
			printf("%s %s\n", error_kind_name(event.error.kind), event.error.text);
		free(event.text);
	}
}

/* False at the end of the input. */
static bool read_line(struct engine *e)
{
	static char *line;
	static size_t cap;
	ssize_t len = getline(&line, &cap, stdin);

	if (len <= 0) {
		free(line);
		return false;
	}
	line[strcspn(line, "\n")] = 0;
	execute(e, line);
	return true;
}

int main(int argc, char **argv)
{
	struct engine_config config = { .ice = { .loopback = true }, .notify = notify };
	struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .events = POLLIN } };
	struct error err = { 0 };
	struct engine *e;
	bool more = true;

	if (argc > 1)
		config.silence_ms = (unsigned int)atoi(argv[1]);
	if (argc > 2)
		config.answer_ms = (unsigned int)atoi(argv[2]);
	wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	fds[1].fd = wakeup;
	setvbuf(stdin, NULL, _IONBF, 0);	/* or a line could wait where poll() does not look */
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (engine_new(&config, &e, &err) < 0) {
		refuse(&err);
		return 1;
	}
	while (more && poll(fds, 2, -1) >= 0) {
		if (fds[1].revents)
			print_events(e);
		if (fds[0].revents)
			more = read_line(e);
	}
	engine_free(e);
	close(wakeup);
	return 0;
}
