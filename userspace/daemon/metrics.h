/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the daemon tells of itself in numbers: the owner copies what it knows each second, and the
 * thread of the pages (http/server.h) makes of the copy, and of what it reads beside the owner,
 * /metrics for Prometheus and /node-metrics, v1.NodeMetrics as JSON.  So a page holds up nobody, and
 * an owner that is held up shows in the page.  Owner thread, but for metrics_copy().
 */
#ifndef WGMESH_DAEMON_METRICS_H
#define WGMESH_DAEMON_METRICS_H

#include "base/error.h"
#include "http/site.h"
#include "metrics/snapshot.h"

struct daemon;
struct metrics;

/* Before the loop runs: its turns are timed from here on.  ERR_MEMORY. */
int metrics_new(struct daemon *d, struct metrics **ret, struct error *err);
/* The pages' thread ends; for the loop's last turns. */
void metrics_stop(struct metrics *m);
void metrics_free(struct metrics *m);	/* after the loop has ended; NULL is fine */

/*
 * For every second: copies, and sees to it that the pages are served.  They are not while their port is
 * another's, which is logged and tried again: the mesh does not depend on them.
 */
void metrics_refresh(struct metrics *m);
bool metrics_served(const struct metrics *m);

/* This node has heard who leads; "": nobody does. */
void metrics_note_leader(struct metrics *m, const char *node_id);

/* The last copy.  Any thread.  ERR_UNAVAILABLE: there is none yet. */
int metrics_copy(struct metrics *m, struct metrics_snapshot *ret, struct error *err);

/* The pages, for listeners besides its own; lives as long as @m. */
struct http_site metrics_site(struct metrics *m);

#endif
