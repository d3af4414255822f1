/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters of now: the module answers with those that it read from WireGuard last,
 * and being asked makes it read them again.
 */
#ifndef WGMESH_WGMESH_REFRESH_H
#define WGMESH_WGMESH_REFRESH_H

#include "netlink/mesh_peers.h"

enum { REFRESH_AGE_MS = 1000, REFRESH_PATIENCE_MS = 1000 };

/*
 * Returns when the counters of the mesh @ifname are at most REFRESH_AGE_MS old, when it
 * has no peers, or after REFRESH_PATIENCE_MS at the latest: old counters are better than none.
 */
void refresh_counters(struct mesh_client *client, const char *ifname);

#endif
