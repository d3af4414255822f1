/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to dataplane/: routes that other nodes announce, behind those of the main table. */
#ifndef WGMESH_DATAPLANE_ANNOUNCED_H
#define WGMESH_DATAPLANE_ANNOUNCED_H

#include "dataplane/device.h"

/* @routes become the only ones through the device; rules lead to them while there are any. */
int announced_set(struct link_client *link, const char *ifname, const struct prefix *routes,
		  size_t count, struct error *err);

/* The rules alone: they go with the last route of the last device. */
int announced_settle(struct link_client *link, struct error *err);

#endif
