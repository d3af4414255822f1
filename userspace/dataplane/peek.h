/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks at a device beside the data plane that drives it, and changes nothing: for what must not
 * hold up the thread that has the struct dataplane.
 */
#ifndef WGMESH_DATAPLANE_PEEK_H
#define WGMESH_DATAPLANE_PEEK_H

#include <stdbool.h>

#include "base/error.h"
#include "netlink/mesh.h"
#include "netlink/wg_peer.h"

struct dataplane_peek {
	uint16_t listen_port;		/* 0 with "none" */
	uint64_t peers_known;
	uint64_t peers_active;		/* as dataplane_stats() has it */
	bool has_module;		/* the backend is "mesh", and the next is filled */
	struct mesh_stats module;
};

/*
 * @backend: as dataplane_backend() tells it.  Tells @fn, which may be NULL, each peer that WireGuard
 * holds now, without its secrets.  Any thread; opens what it needs and closes it again; blocks as
 * any call of dataplane.h.
 */
int dataplane_peek(const char *backend, const char *ifname, wg_peer_fn *fn, void *data,
		   struct dataplane_peek *ret, struct error *err);

#endif
