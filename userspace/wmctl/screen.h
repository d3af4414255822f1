/* SPDX-License-Identifier: Apache-2.0 */
/* A terminal that one text is drawn on, again and again.  One thread. */
#ifndef WGMESH_WMCTL_SCREEN_H
#define WGMESH_WMCTL_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum { SCREEN_BYTES_MAX = 1 << 20 };	/* of one drawing */

/* Whether standard output is a terminal that can be drawn on. */
bool screen_is_there(void);

/*
 * @text as it is written to a terminal of @rows lines of @columns characters, which it overwrites
 * from the first one on.  What has no room is left out; that lines are is told by the last one.
 * Control characters, which may be another node's words, are "?".  Pure.
 */
void screen_fit(const char *text, size_t rows, size_t columns, struct buf *out);

/* Draws on a page of its own; what stood on the terminal comes back with screen_leave(). */
void screen_draw(const char *text);
/* Nothing where nothing was drawn. */
void screen_leave(void);

#endif
