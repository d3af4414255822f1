/* SPDX-License-Identifier: Apache-2.0 */
/* v1.NodeMetrics of this node: its device, its peers and its machine. */
#ifndef WGMESH_METRICS_NODE_H
#define WGMESH_METRICS_NODE_H

#include "base/error.h"
#include "metrics/snapshot.h"
#include "v1/node_metrics.pb-c.h"

enum { NODE_METRICS_BYTES_MAX = 3 << 20 };	/* of the peers, packed: gRPC takes 4 MiB */

/*
 * Peers are those that WireGuard holds, until they are NODE_METRICS_BYTES_MAX together; the number
 * of the others comes in *@ret_left_out.  What cannot be read is left empty, and said in
 * @ret_trouble ("": nothing).  Blocks; any thread.  v1__node_metrics__free_unpacked(*ret, NULL).  ERR_MEMORY.
 */
int node_metrics_read(const struct metrics_snapshot *s, V1__NodeMetrics **ret,
		      uint32_t *ret_left_out, struct error *ret_trouble, struct error *err);

#endif
