/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to dataplane/: the process wireguard-go, one per device. */
#ifndef WGMESH_DATAPLANE_WIREGUARD_GO_H
#define WGMESH_DATAPLANE_WIREGUARD_GO_H

#include "base/error.h"

enum { WIREGUARD_GO_START_MS = 5000, WIREGUARD_GO_PATH_MAX = 64 };

/* Where it listens for the device @ifname (1 to 15 characters). */
void wireguard_go_socket(const char *ifname, char out[WIREGUARD_GO_PATH_MAX]);

/*
 * Starts it in a session of its own, so that it outlives us and our terminal,
 * and returns when it listens.  ERR_UNSUPPORTED: the program or /dev/net/tun is
 * missing.  Blocks for at most WIREGUARD_GO_START_MS.
 */
int wireguard_go_start(const char *ifname, struct error *err);

#endif
