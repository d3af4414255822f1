/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events of all meshes in the network namespace, by multicast.  Non-blocking:
 * poll mesh_monitor_fd() for reading, then call mesh_monitor_read().
 */
#ifndef WGMESH_NETLINK_MESH_MONITOR_H
#define WGMESH_NETLINK_MESH_MONITOR_H

#include <stdbool.h>

#include "netlink/mesh.h"

enum mesh_monitor_groups {
	MESH_MONITOR_CONFIG = 1,	/* new, set, del, apply, fault */
	MESH_MONITOR_PEERS = 2,		/* peer, suppressed */
};

enum mesh_event_kind {
	MESH_EVENT_NEW,
	MESH_EVENT_SET,
	MESH_EVENT_DEL,
	MESH_EVENT_APPLY,
	MESH_EVENT_FAULT,
	MESH_EVENT_PEER,
	MESH_EVENT_SUPPRESSED,	/* the kernel had more events of peers than it tells */
	MESH_EVENT_OVERRUN,	/* events were lost: list what changed since the last generation */
	MESH_EVENT_CHANGED,	/* not the kernel's: a peer of such a list */
};

struct mesh_event {
	enum mesh_event_kind kind;
	struct mesh_info mesh;		/* ifindex, ifname, generation; all of it for new and set */
	uint32_t upserted, removed;	/* apply */
	int sys_errno;			/* fault: what WireGuard answered, positive */
	uint32_t reason;		/* peer: enum wgmesh_peer_reason */
	uint32_t suppressed;		/* suppressed: so many */
	uint64_t since;			/* overrun of a mesh: the last generation that was seen */
	bool removals;			/* overrun of a mesh: peers were removed since then */
	/* peer, changed, and fault where it may be NULL; borrowed */
	const struct wg_peer *peer;
};

/* 0 goes on; anything else ends mesh_monitor_read(), which then returns it. */
typedef int mesh_event_fn(void *data, const struct mesh_event *event);

struct mesh_monitor;

/* @groups: MESH_MONITOR_*, or-ed.  ERR_UNSUPPORTED when the module is not loaded. */
int mesh_monitor_open(uint32_t groups, struct mesh_monitor **ret, struct error *err);
void mesh_monitor_close(struct mesh_monitor *m);
int mesh_monitor_fd(const struct mesh_monitor *m);

/* Tells every event that waits and returns 0 when none is left.  An overrun has no mesh. */
int mesh_monitor_read(struct mesh_monitor *m, mesh_event_fn *fn, void *data, struct error *err);

/* "mesh-new", "apply", ..., "overrun"; and "activated", "handshake", ...; NULL when unknown. */
const char *mesh_event_name(enum mesh_event_kind kind);
const char *mesh_reason_name(uint32_t reason);

#endif
