/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --watch: a view that is asked for again and again, until SIGINT, SIGTERM or SIGHUP ends it with
 * exit code 0, or nobody reads what it prints.  The mesh has no stream of changes that everybody
 * may read: the log is for nodes alone, and what a status tells is in no log.
 *
 * On a terminal a table is drawn anew in its place.  Elsewhere, what has changed is printed: a
 * table as a whole, behind an empty line; JSON and YAML as one document for each object that has
 * changed (wmctl/difference.h), JSON on a line.  Who does not answer any more is told on standard
 * error, and asked again.
 */
#ifndef WGMESH_WMCTL_WATCH_H
#define WGMESH_WMCTL_WATCH_H

#include "base/error.h"
#include "wmctl/view.h"

enum { WATCH_INTERVAL_MS = 2000 };	/* from an answer to the next question */

/*
 * From here on the signals that end a watch do it.  Before any thread is started: they are to be
 * blocked in all of them.
 */
int watch_begin(struct error *err);

/* Returns an exit code: what does not answer the first time, or answers no, is an error. */
int watch_run(struct session *s, const struct view *view, char *name);

#endif
