/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of the mesh, as this node answers for them (dns/server.h), from its own copy of the state.
 *
 * When nodes change, a thread of libuv's pool reads all of them through a view of its own and makes the
 * next zone of them: 40 ms for 50,000 nodes, of which the owner has less than one.  Changes that
 * come meanwhile are in the one after it; a mesh that changes on and on costs a tenth of one processor
 * at most.  Nothing of this is needed for the mesh itself: what fails is logged and tried again.  Owner
 * thread.
 */
#ifndef WGMESH_DAEMON_DNS_H
#define WGMESH_DAEMON_DNS_H

#include <stdbool.h>

#include "base/error.h"

struct daemon;
struct dns;
struct metrics_snapshot;

int dns_new(struct daemon *d, struct dns **ret, struct error *err);	/* ERR_MEMORY */
/* No name is answered for any more; for the loop's last turns. */
void dns_stop(struct dns *dns);
void dns_free(struct dns *dns);		/* after the loop has ended; NULL is fine */

/* Nodes, or the mesh's settings, are others now. */
void dns_kick(struct dns *dns);
/* The settings were read again; so is the file of keys. */
void dns_reread(struct dns *dns);
/* For every upkeep: sees to it that what is told is what is known, where the settings want it. */
void dns_advance(struct dns *dns);

/* The state's file is open on another thread. */
bool dns_reads(const struct dns *dns);
bool dns_served(const struct dns *dns);
void dns_measure(struct dns *dns, struct metrics_snapshot *ret);	/* fills ret->names */

#endif
