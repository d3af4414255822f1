/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a Linux machine says of itself, as v1.HostMetrics.  Reads /proc, /etc and the file systems
 * that are not over the network: blocks; any thread.
 */
#ifndef WGMESH_METRICS_HOST_H
#define WGMESH_METRICS_HOST_H

#include "base/error.h"
#include "metrics/draft.h"
#include "v1/node_metrics.pb-c.h"

enum { HOST_DISKS_MAX = 32, HOST_ADDRESSES_MAX = 64 };

/* What could not be read stays empty. */
void host_read(struct draft *m, V1__HostMetrics *ret);

/* host_cpu.c, host_disks.c, host_info.c; the parsers of files are pure, for tests. */
void host_read_cpu(struct draft *m, V1__CPUTimes *ret);
void host_read_memory(V1__MemoryInfo *ret);
void host_read_disks(struct draft *m, V1__HostMetrics *ret);
void host_read_info(struct draft *m, V1__HostInfo *ret);

/* Of /proc/stat's first line, in seconds. */
void host_parse_stat(struct draft *m, const char *text, V1__CPUTimes *ret);
/* Of /proc/meminfo. */
void host_parse_meminfo(const char *text, V1__MemoryInfo *ret);
/* Of /etc/os-release (os-release(5)) and the point release, as /etc/debian_version has it. */
void host_parse_os_release(struct draft *m, const char *text, const char *debian_version,
			   V1__OSInfo *ret);

#endif
