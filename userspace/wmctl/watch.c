// SPDX-License-Identifier: Apache-2.0
#include "wmctl/watch.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "wmctl/command.h"
#include "wmctl/difference.h"
#include "wmctl/screen.h"

enum { TIME_TEXT = 32, PATIENCE_S = 1 };

struct watch {
	struct session *s;
	const struct view *view;
	char *name;
	bool draws;
	json_t *known;		/* the last answer; NULL: none yet */
	char lost[TIME_TEXT];	/* since when nobody answers; "": somebody does */
	struct error why;
};

/* ---- the end ---- */

/* Held while something is printed: a line is not cut by the end. */
static pthread_mutex_t printing = PTHREAD_MUTEX_INITIALIZER;
static char *last_table;	/* that was drawn; under the mutex */
static sigset_t ending;

/* The screen goes, and what was on it last stays. */
static void put_screen_back(void)
{
	screen_leave();
	if (last_table)
		fputs(last_table, stdout);
	fflush(stdout);
	free(last_table);
	last_table = NULL;
}

/* A question that nobody answers lasts for seconds, so whoever asks cannot see to it. */
static void *end_at_signal(void *unused)
{
	struct timespec until;
	int number;

	while (sigwait(&ending, &number) != 0)
		;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_S;	/* for a reader who does not read */
	if (pthread_mutex_timedlock(&printing, &until) == 0)
		put_screen_back();
	_exit(EXIT_OK);
}

/* What whoever started us has ignored (nohup, a shell's background) stays so. */
static void choose_signals(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction old;

	sigemptyset(&ending);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaddset(&ending, numbers[i]);
}

int watch_begin(struct error *err)
{
	pthread_t thread;
	int e;

	choose_signals();
	pthread_sigmask(SIG_BLOCK, &ending, NULL);
	e = pthread_create(&thread, NULL, end_at_signal, NULL);
	if (e)
		return error_errno(err, e, "cannot start a thread that waits for signals");
	pthread_detach(thread);
	return 0;
}

/* ---- printing; the mutex is held ---- */

static void tell_time(char out[TIME_TEXT])
{
	time_t now = time(NULL);
	struct tm tm;

	*out = 0;
	if (gmtime_r(&now, &tm))
		strftime(out, TIME_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static char *make_table(const struct watch *w)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	bool made;

	if (!out)
		return NULL;
	made = w->view->print(out, w->s->format == OUTPUT_WIDE, w->known);
	if (fclose(out) == 0 && made)
		return text;
	free(text);
	return NULL;
}

static bool draw_page(const struct watch *w, const char *table)
{
	char now[TIME_TEXT], *page = NULL;
	int n;

	tell_time(now);
	if (*w->lost)
		n = asprintf(&page, "%s  as it was at %s; asking again: %s\n\n%s", now, w->lost,
			     w->why.text, table);
	else
		n = asprintf(&page, "%s  every %u s, Ctrl-C ends it\n\n%s", now,
			     w->s->interval_ms / 1000, table);
	if (n >= 0)
		screen_draw(page);
	free(n >= 0 ? page : NULL);
	return n >= 0;
}

static bool draw(const struct watch *w)
{
	char *table = make_table(w);

	if (!table)
		return false;
	free(last_table);
	last_table = table;
	return draw_page(w, table);
}

static bool print_table(const struct watch *w, bool first)
{
	char *table = make_table(w);
	bool made = table;

	if (made)
		printf("%s%s", first ? "" : "\n", table);
	free(table);
	return made;
}

static void print_changes(const struct watch *w, const json_t *changes)
{
	for (size_t i = 0; i < json_array_size(changes); i++) {
		if (w->s->format == OUTPUT_YAML)
			puts("---");
		output_value(w->s->format, json_incref(json_array_get(changes, i)));
	}
}

static bool print_new(const struct watch *w, const json_t *before)
{
	char now[TIME_TEXT];
	json_t *changes;
	bool good = true;

	tell_time(now);
	changes = difference(before, w->known, w->view->key, w->view->restless, now);
	if (!changes)
		return false;
	if (output_structured(w->s->format))
		print_changes(w, changes);
	else if (!before || json_array_size(changes))
		good = print_table(w, !before);
	json_decref(changes);
	return good;
}

static int print(const struct watch *w, const json_t *before, struct error *err)
{
	bool good = w->draws ? draw(w) : print_new(w, before);

	if (!good)
		return error_set(err, ERR_MEMORY, "no memory to print the answer");
	/* That nobody reads any more ends the watch in order: pause_and_see() finds it out. */
	if ((fflush(stdout) == 0 && !ferror(stdout)) || errno == EPIPE)
		return 0;
	return error_errno(err, errno, "cannot write to standard output");
}

static int show(const struct watch *w, const json_t *before, struct error *err)
{
	int r;

	pthread_mutex_lock(&printing);
	r = print(w, before, err);
	pthread_mutex_unlock(&printing);
	return r;
}

/* ---- who does not answer ---- */

/* A node that has no room for a call is one to be watched, not one to be left. */
static bool may_pass(int r)
{
	return r == -ERR_UNAVAILABLE || r == -ERR_DEADLINE || r == -ERR_EXHAUSTED;
}

/* Where the screen is drawn on it tells: words between would be drawn over. */
static bool tells_beside(const struct watch *w)
{
	return !w->draws || !isatty(STDERR_FILENO);
}

/* The next question is asked on a new connection, with the identity as it is then. */
static int lose(struct watch *w, const struct error *why, struct error *err)
{
	session_close(w->s);
	w->why = *why;
	if (!*w->lost) {
		tell_time(w->lost);
		if (tells_beside(w))
			fprintf(stderr, "wmctl: %s; asking again every %u s\n", why->text,
				w->s->interval_ms / 1000);
	}
	return w->draws ? show(w, w->known, err) : 0;
}

static void find_again(struct watch *w)
{
	if (*w->lost && tells_beside(w))
		fprintf(stderr, "wmctl: %s answers again\n", w->s->address);
	*w->lost = 0;
}

/* ---- looking ---- */

static int ask(struct watch *w, json_t **ret, struct error *err)
{
	int r = w->s->channel ? 0 : session_open(w->s, err);

	if (r == 0)
		r = w->view->fetch(w->s, w->name, ret, err);
	if (r == -ERR_NOT_FOUND && w->known && w->s->channel) {
		*ret = json_array();	/* what was there is gone, and may come back */
		r = *ret ? 0 : error_set(err, ERR_MEMORY, "no memory for the answer");
	}
	return r;
}

static int look(struct watch *w, struct error *err)
{
	json_t *before = w->known, *now;
	struct error why;
	int r = ask(w, &now, err);

	if (before && may_pass(r)) {
		why = *err;
		return lose(w, &why, err);
	}
	if (r < 0)
		return r;
	find_again(w);
	w->known = now;
	r = show(w, before, err);
	json_decref(before);
	return r;
}

/* Whether somebody still reads what is printed, at the end of the interval. */
static bool pause_and_see(const struct watch *w)
{
	struct pollfd out = { .fd = STDOUT_FILENO };

	return poll(&out, 1, (int)w->s->interval_ms) <= 0;
}

int watch_run(struct session *s, const struct view *view, char *name)
{
	struct watch w = { .s = s, .view = view, .name = name };
	struct error err = { 0 };
	int r;

	w.draws = !output_structured(s->format) && screen_is_there();
	do
		r = look(&w, &err);
	while (r == 0 && pause_and_see(&w));
	pthread_mutex_lock(&printing);
	put_screen_back();
	pthread_mutex_unlock(&printing);
	json_decref(w.known);
	return r < 0 ? command_fail(&err) : EXIT_OK;
}
