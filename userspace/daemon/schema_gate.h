/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of the state change by entries of the log, a version at a time, and only when every
 * node that applies the log has told that it can: in a mesh of mixed releases, when the last one
 * is upgraded.  A node tells it with its Join, again after each upgrade (join.h).  Owner thread.
 */
#ifndef WGMESH_DAEMON_SCHEMA_GATE_H
#define WGMESH_DAEMON_SCHEMA_GATE_H

#include "daemon/daemon.h"

/* What a Join has in its metadata; without it, the node does not apply the log. */
#define SCHEMA_METADATA "wgmesh-schema"

/*
 * Does nothing unless this node leads, knows a newer version than the state has, and all others
 * do.
 */
void schema_gate_advance(struct daemon *d);

/*
 * Into the entry of @node_id's Join what its @call tells; nothing if it tells nothing. 
 * ERR_INVALID; ERR_DENIED: the state is newer already than what the node can apply.
 */
struct rpc_call;
int schema_gate_admit(struct daemon *d, const struct rpc_call *call, const char *node_id,
		      struct entry *entry, struct error *err);

#endif
