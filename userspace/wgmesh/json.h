/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tool's objects as JSON; the names are the netlink specification's with
 * underscores.  Big answers are streamed: one small object at a time.
 */
#ifndef WGMESH_WGMESH_JSON_H
#define WGMESH_WGMESH_JSON_H

#include <jansson.h>

#include "netlink/mesh_monitor.h"
#include "netlink/mesh_peers.h"

/* New references; NULL: no memory. */
json_t *json_of_mesh(const struct mesh_info *info);
json_t *json_of_stats(const struct mesh_stats *stats);
json_t *json_of_peer(const struct wg_peer *peer);
json_t *json_of_prefix(const struct mesh_prefix *prefix);
json_t *json_of_event(const struct mesh_event *event);

/* Writes @value (stolen; NULL is an error) on one line without a newline. */
int json_write(json_t *value, struct error *err);
/* Writes the object @value (stolen) but its closing brace, so that more members may follow. */
int json_write_open(json_t *value, struct error *err);

#endif
