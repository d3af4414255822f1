/* SPDX-License-Identifier: Apache-2.0 */
/* Which zones a mesh has: of its domain, of its IPv4 addresses and of its IPv6 ones.  Any thread. */
#ifndef WGMESH_DNS_APEX_H
#define WGMESH_DNS_APEX_H

#include "model/mesh.h"

/*
 * As text without a dot at the end, until @fn returns non-zero, which is passed on.  There may be some
 * hundred, as a network that begins within a label has a zone for each of its values.
 */
typedef int (*zone_apex_fn)(const char *name, void *data);
int zone_each_apex(const struct mesh *mesh, zone_apex_fn fn, void *data);

#endif
