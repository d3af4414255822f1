/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to dataplane/: whether this host passes on what is not for itself. */
#ifndef WGMESH_DATAPLANE_FORWARDING_H
#define WGMESH_DATAPLANE_FORWARDING_H

#include "base/error.h"

#include <sys/socket.h>

/*
 * Turns forwarding of @family on unless it is, for all devices: the packets of hosts behind this
 * one come by others than ours.  It stays on.  ERR_PRECONDITION: this host would lose the default
 * route that it has of a router's advertisements; ERR_DENIED.  Both name the remedy.
 */
int forwarding_enable(sa_family_t family, struct error *err);

#endif
