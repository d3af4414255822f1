/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sees to it that systemd-resolved asks this node for the names of the mesh, as long as it answers, and
 * leaves everything else of the host's resolving alone (resolved.h).  A thread of libuv's pool speaks
 * with it.  Where it does not run nothing happens, and nothing is worse than without.  Owner thread.
 */
#ifndef WGMESH_DAEMON_RESOLVER_H
#define WGMESH_DAEMON_RESOLVER_H

#include <stdbool.h>
#include <uv.h>

#include "daemon/resolved.h"

struct resolver;

struct resolver *resolver_new(uv_loop_t *loop);	/* NULL: no memory */
/* What it had set is taken back in the loop's last turns. */
void resolver_stop(struct resolver *r);
void resolver_free(struct resolver *r);		/* after the loop has ended; NULL is fine */

/* For every upkeep: what it is to have; an @wanted->ifindex of 0: nothing. */
void resolver_advance(struct resolver *r, const struct resolved_link *wanted);

#endif
