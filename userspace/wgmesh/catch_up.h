/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After events were lost: what changed in each mesh since the last generation that was
 * seen.  Knows a generation for each mesh, from when it was made and from events.
 */
#ifndef WGMESH_WGMESH_CATCH_UP_H
#define WGMESH_WGMESH_CATCH_UP_H

#include "netlink/mesh_monitor.h"

struct catch_up;

/* Asks the kernel for its meshes; to be called after events are listened to.  Blocks. */
int catch_up_new(struct catch_up **ret, struct error *err);
void catch_up_free(struct catch_up *c);

/* Notes the generation of an event; ERR_MEMORY. */
int catch_up_note(struct catch_up *c, const struct mesh_event *event, struct error *err);

/*
 * Tells MESH_EVENT_OVERRUN for each mesh, and behind it MESH_EVENT_CHANGED for each peer that
 * a batch has added or changed since; MESH_EVENT_DEL for a mesh that is gone.  Blocks.
 */
int catch_up_run(struct catch_up *c, mesh_event_fn *fn, void *data, struct error *err);

#endif
