/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The routes of nodes (model/route.h): each tells those that it announces with its Join, and the
 * leader puts them into the state with the join.  Owner thread.
 */
#ifndef WGMESH_DAEMON_ANNOUNCE_H
#define WGMESH_DAEMON_ANNOUNCE_H

#include "daemon/daemon.h"
#include "store/entry.h"

/* What a Join has in its metadata, as route_list_format() says it; without it, what was stays. */
#define ROUTES_METADATA "wgmesh-routes"

struct rpc_call;

/*
 * Into the entry of @node_id's Join what its @call announces; nothing while the tables have no
 * place for it, for the node then joins again.  ERR_INVALID: not what may be announced.
 */
int announce_admit(struct daemon *d, const struct rpc_call *call, const char *node_id,
		   struct entry *entry, struct error *err);

/* Whether the state has the routes that the settings have, or has no place for them yet. */
bool announce_told(const struct daemon *d);

#endif
