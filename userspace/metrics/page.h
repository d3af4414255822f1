/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon's page for Prometheus.  No label has a value that grows with the mesh or comes from
 * others: methods of the API, status codes, roles, counters of the module and files are known by
 * name.
 */
#ifndef WGMESH_METRICS_PAGE_H
#define WGMESH_METRICS_PAGE_H

#include "base/buf.h"
#include "dataplane/peek.h"
#include "metrics/process.h"
#include "metrics/snapshot.h"
#include "metrics/traffic.h"

/* What is read beside the owner, when the page is made. */
struct metrics_readings {
	uint64_t now;			/* CLOCK_MONOTONIC, ns */
	bool has_process;
	struct metrics_process process;
	bool has_dataplane, has_traffic;	/* the next two could be read */
	struct dataplane_peek dataplane;
	struct metrics_traffic traffic;
	uint64_t reading_ns;		/* that took */
	struct {
		bool known;
		uint64_t bytes;
	} files[3];			/* by metrics_files[] */
	bool has_disk;
	uint64_t disk_free;		/* bytes of the file system of the state folder */
};

/* Names in the state folder; their journals count, too. */
extern const char *const metrics_files[3];

/* Reads what the snapshot is about.  Blocks; any thread.  What cannot be read is left out. */
void metrics_read(const struct metrics_snapshot *s, struct metrics_readings *ret);

/* Pure.  Appends the page. */
void metrics_page(const struct metrics_snapshot *s, const struct metrics_readings *r,
		  struct buf *out);

#endif
