/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A channel to another node's API, with this node's certificate: whoever answers there and shows
 * another node's certificate does not get a byte.  Owner thread.
 */
#ifndef WGMESH_DAEMON_NODE_CHANNEL_H
#define WGMESH_DAEMON_NODE_CHANNEL_H

#include <stddef.h>

#include "crypto/identity.h"
#include "daemon/directory.h"
#include "rpc/channel.h"

/*
 * @entries, @count of them and at least one, are addresses of one node, the best first; the others
 * are tried while it does not answer.  Copies what it needs.
 */
int node_channel_open(const struct identity *self, const struct directory_entry *entries,
		      size_t count, struct rpc_channel **ret, struct error *err);

#endif
