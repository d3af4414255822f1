/* SPDX-License-Identifier: Apache-2.0 */
/* What a network device has carried since it was made.  Any thread. */
#ifndef WGMESH_METRICS_TRAFFIC_H
#define WGMESH_METRICS_TRAFFIC_H

#include <stdint.h>

#include "base/error.h"

struct metrics_traffic {
	uint64_t rx_bytes, rx_packets, rx_errors, rx_dropped;
	uint64_t tx_bytes, tx_packets, tx_errors, tx_dropped;
};

/* From the lines of /proc/net/dev (proc(5)).  ERR_NOT_FOUND: no such device. */
int metrics_traffic_parse(const char *lines, const char *ifname, struct metrics_traffic *ret,
			  struct error *err);
int metrics_traffic_read(const char *ifname, struct metrics_traffic *ret, struct error *err);

#endif
