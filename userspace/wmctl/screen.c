// SPDX-License-Identifier: Apache-2.0
/* Control sequences are those of ECMA-48, and the pages of xterm (1049), as all terminals have them. */
#include "wmctl/screen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define ENTER "\033[?1049h\033[?25l"	/* another page, without a cursor */
#define LEAVE "\033[?25h\033[?1049l"
#define HOME  "\033[H"
#define ERASE_LINE "\033[K"		/* what is behind the cursor, in its line */
#define ERASE_REST "\033[J"		/* and below it */

enum { ROWS = 24, COLUMNS = 80 };	/* of a terminal that does not tell */

static bool drawn;

bool screen_is_there(void)
{
	const char *kind = getenv("TERM");

	return isatty(STDOUT_FILENO) && kind && *kind && strcmp(kind, "dumb") != 0;
}

/* ---- what has room ---- */

/* Every byte of UTF-8 but the first of a character. */
static bool goes_on(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static void fit_line(const char *line, size_t len, size_t columns, struct buf *out)
{
	size_t shown = 0;

	for (size_t i = 0; i < len; i++) {
		char c = line[i];

		if (!goes_on(c) && shown++ == columns)
			break;
		if ((unsigned char)c < ' ' || c == 0x7f)
			c = '?';
		buf_append(out, &c, 1);
	}
	buf_append_text(out, ERASE_LINE);
}

static size_t count_lines(const char *text)
{
	size_t lines = 0;

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
		lines++;
	return lines;
}

void screen_fit(const char *text, size_t rows, size_t columns, struct buf *out)
{
	size_t lines = count_lines(text), shown = lines > rows ? rows - 1 : lines;

	buf_append_text(out, HOME);
	for (size_t i = 0; i < shown; i++) {
		size_t len = strcspn(text, "\n");

		if (i)
			buf_append_text(out, "\r\n");
		fit_line(text, len, columns, out);
		text += len + (text[len] == '\n');
	}
	if (shown < lines)
		buf_printf(out, "%s%zu more lines" ERASE_LINE, shown ? "\r\n" : "", lines - shown);
	buf_append_text(out, ERASE_REST);
}

/* ---- the terminal ---- */

/* A write that fails is found out by who asks stdio. */
static void put(const char *text)
{
	fputs(text, stdout);
	fflush(stdout);
}

void screen_draw(const char *text)
{
	struct winsize size = { 0 };
	struct buf out = BUF_INIT(SCREEN_BYTES_MAX);

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	if (!drawn)
		buf_append_text(&out, ENTER);
	drawn = true;
	screen_fit(text, size.ws_row ? size.ws_row : ROWS, size.ws_col ? size.ws_col : COLUMNS, &out);
	put(buf_text(&out));
	buf_fini(&out);
}

void screen_leave(void)
{
	if (drawn)
		put(LEAVE);
	drawn = false;
}
