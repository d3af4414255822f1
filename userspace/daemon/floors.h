/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replay floors that outlive the kernel's table.  WireGuard forgets a peer's newest handshake
 * with the peer, and the module with the last of its table: at a reboot, or when it is replaced.
 * What was recorded before could then be sent again, and would make dormant peers active.  So
 * they are kept in the node's own database.  Owner thread.
 */
#ifndef WGMESH_DAEMON_FLOORS_H
#define WGMESH_DAEMON_FLOORS_H

#include "dataplane/dataplane.h"
#include "store/local_store.h"

/* dataplane_floor_fn; @local is the struct local_store. */
bool floors_of(void *local, const struct key *public_key, uint8_t ret[WGMESH_FLOOR_LEN]);

/* Keeps those of peers that WireGuard holds: of others none moved. */
int floors_save(struct dataplane *dp, struct local_store *local, struct error *err);

/* Forgets those of nodes that are no peers any more. */
int floors_keep(struct local_store *local, const struct peer_set *peers, struct error *err);

#endif
