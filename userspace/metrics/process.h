/* SPDX-License-Identifier: Apache-2.0 */
/* What this process takes: proc(5).  Any thread. */
#ifndef WGMESH_METRICS_PROCESS_H
#define WGMESH_METRICS_PROCESS_H

#include <stdint.h>

#include "base/error.h"

struct metrics_process {
	double cpu_seconds;	/* user and system */
	uint64_t resident_bytes, virtual_bytes;
	uint64_t descriptors, descriptors_max;
	uint64_t threads;
};

/* Of /proc/PID/stat: processor, memory and threads.  ERR_INVALID. */
int metrics_process_parse(const char *stat, struct metrics_process *ret, struct error *err);
int metrics_process_read(struct metrics_process *ret, struct error *err);

#endif
