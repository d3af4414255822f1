/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mesh's certificate authority on this node: its key is on the founder's
 * disk from the start, and comes to each further voter once it votes.  Owner thread.
 */
#ifndef WGMESH_DAEMON_AUTHORITY_H
#define WGMESH_DAEMON_AUTHORITY_H

#include "daemon/daemon.h"

/* Loads the key if it is on the disk: not to have it is no error. */
int authority_load(struct daemon *d, struct error *err);

/* A voter without the key asks one of the others for it; one call at a time. */
void authority_advance(struct daemon *d);

/* Gives up a call under way, before the pump stops. */
void authority_stop(struct daemon *d);

#endif
