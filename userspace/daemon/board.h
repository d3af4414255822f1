/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The status page: the owner copies what it knows each second, and tells of events when they happen; the
 * thread of a listener (http/site.h) makes /status.json of the copy, and of what it reads of the data
 * plane itself.  So a page holds up nobody.  Nodes are copied only while somebody looks, at most
 * ROSTER_MAX of them: servers first, then those that there are sessions with.
 * Owner thread, but for the site.
 */
#ifndef WGMESH_DAEMON_BOARD_H
#define WGMESH_DAEMON_BOARD_H

#include "http/site.h"
#include "store/state_store.h"

struct daemon;
struct board;

/* ERR_MEMORY. */
int board_new(struct daemon *d, struct board **ret, struct error *err);
void board_free(struct board *b);	/* when no listener has its site; NULL is fine */

/* For listeners; lives as long as the board. */
struct http_site board_site(struct board *b);
/* Called with @data, on the owner thread, when there are events; NULL: nobody is. */
void board_set_listener(struct board *b, void (*notify)(void *data), void *data);

/* For every second. */
void board_refresh(struct board *b);

/* What is an event at once: who leads and what this node is; nodes that came, changed or went. */
void board_note_role(struct board *b);
void board_note_changes(struct board *b, const struct state_changes *changes);

#endif
