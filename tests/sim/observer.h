/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One that follows the log without being a member: it asks a server, or another observer, for
 * what comes behind its last entry, gets entries or a whole state, and serves others from what it
 * has.  When the one it asks is gone it asks another; when its power fails, its state may lag its
 * log.
 */
#ifndef WGMESH_SIM_OBSERVER_H
#define WGMESH_SIM_OBSERVER_H

#include <stdbool.h>

#include "log_model.h"
#include "machine.h"

enum { OBSERVERS_MAX = 3 };

struct cluster;

struct observer {
	struct cluster *cluster;
	unsigned int id;		/* its place among the observers, from 0 on */
	bool down;
	struct log_model log;		/* on disk before it is applied */
	struct machine state, synced;	/* applied; what a crash leaves of that */
	unsigned int source;	/* a server's id, or servers + 1 + an observer's; 0: none */
	uint64_t due;
};

void observer_init(struct observer *o, struct cluster *c, unsigned int id);
void observer_fini(struct observer *o);
void observer_crash(struct observer *o);
void observer_start(struct observer *o);
void observer_advance(struct observer *o);
/* Forget the log up to what is on disk of the state. */
void observer_compact(struct observer *o);

#endif
