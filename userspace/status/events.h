/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happened last, for whoever looks: a ring, in which each reader has a place of his own.  Nobody
 * holds up anybody: who is too slow, or was away too long, is told how many he has missed.
 * Any thread.
 */
#ifndef WGMESH_STATUS_EVENTS_H
#define WGMESH_STATUS_EVENTS_H

#include <stdint.h>

#include "base/buf.h"

enum { EVENTS_MAX = 256, EVENT_TEXT_MAX = 192 };

struct events;

/*
 * Events are numbered from @first on, which is another and higher number for each run of the
 * program, such as the time: readers come with numbers of an earlier run.  NULL: no memory.
 */
struct events *events_new(uint64_t first);
void events_free(struct events *e);	/* NULL is fine */

/* @kind: a word that lives as long as the program; @node_id: whom it is about, or "". */
void events_add(struct events *e, const char *kind, const char *node_id, int64_t at,
		const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/*
 * Appends those behind *@cursor as text/event-stream, the data of each a JSON object:
 * {"at": ms since 1970, "kind", "node", "text"}, and moves *@cursor.  Missed ones are an event of
 * kind "missed".  A cursor that is none of this run begins with the oldest one that is left.
 */
void events_read(struct events *e, uint64_t *cursor, struct buf *ret);

#endif
