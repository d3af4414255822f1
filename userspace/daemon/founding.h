/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first entry of a new mesh: its settings and its founder.  Proposed by the
 * founder as soon as it leads, until it is applied.  Owner thread.
 */
#ifndef WGMESH_DAEMON_FOUNDING_H
#define WGMESH_DAEMON_FOUNDING_H

#include "daemon/daemon.h"

/* Does nothing unless this node leads a cluster whose state has no mesh yet. */
void founding_advance(struct daemon *d);

#endif
