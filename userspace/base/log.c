// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 2048 };

static const char *const level_names[] = { "error", "warn", "info", "debug" };
static const int journal_priority[] = { 3, 4, 6, 7 };
static enum log_level max_level = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	max_level = level;
}

int log_level_parse(const char *text, enum log_level *ret_level)
{
	for (int i = LOG_LEVEL_ERROR; i <= LOG_LEVEL_DEBUG; i++) {
		if (strcmp(text, level_names[i]) == 0) {
			*ret_level = i;
			return 0;
		}
	}
	return -1;
}

static int put_head(char *line, enum log_level level, const char *event)
{
	struct timespec now;
	struct tm tm;
	char stamp[32];

	if (getenv("JOURNAL_STREAM"))
		return snprintf(line, LINE_MAX_BYTES, "<%d>event=%s ",
				journal_priority[level], event);
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	return snprintf(line, LINE_MAX_BYTES, "time=%s.%03ldZ level=%s event=%s ",
			stamp, now.tv_nsec / 1000000, level_names[level], event);
}

/* One event is one line: what a peer sent must not be able to forge another. */
static void flatten(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = ' ';
}

const char *log_text_into(const char *text, char out[LOG_TEXT_MAX])
{
	size_t n = strnlen(text, LOG_TEXT_MAX - 1);

	for (size_t i = 0; i < n; i++)
		out[i] = text[i] == '"' ? '\'' : text[i] == '\\' ? '/' : text[i];
	out[n] = 0;
	return out;
}

void log_line(enum log_level level, const char *event, const char *fmt, ...)
{
	char line[LINE_MAX_BYTES + 1];
	va_list args;
	int n;

	if (level > max_level)
		return;
	n = put_head(line, level, event);
	va_start(args, fmt);
	vsnprintf(line + n, LINE_MAX_BYTES - n, fmt, args);
	va_end(args);
	flatten(line + n);
	n = strlen(line);
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, n) < 0)
		return;	/* nowhere left to complain */
}
