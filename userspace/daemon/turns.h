/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long each turn of a loop takes, from where it has waited to where it waits again: meanwhile
 * nothing else happens.  The loop's thread.
 */
#ifndef WGMESH_DAEMON_TURNS_H
#define WGMESH_DAEMON_TURNS_H

#include <uv.h>

#include "metrics/durations.h"

struct turns {
	uv_prepare_t prepare;
	uint64_t turned_at, idle;	/* at the last turn, ns */
	struct durations durations;	/* since the start; the turn under way is none yet */
};

/* Before the loop runs; it does not keep the loop alive. */
void turns_start(struct turns *turns, uv_loop_t *loop);
void turns_stop(struct turns *turns);	/* @turns stays until the loop has closed it */

#endif
