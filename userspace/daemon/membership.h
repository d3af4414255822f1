/* SPDX-License-Identifier: Apache-2.0 */
/*
 * While this node leads: makes the Raft group what the state says.  Voters of
 * the state become learners, then voters; servers that the state does not
 * have as voters any more are removed.  One step at a time (thesis 4.1), as
 * often as it takes.  Owner thread.
 */
#ifndef WGMESH_DAEMON_MEMBERSHIP_H
#define WGMESH_DAEMON_MEMBERSHIP_H

#include "daemon/replica.h"

/*
 * What the next step is, if any: *@ret points into @configuration and @name
 * (NODE_ID_MAX + 1 bytes, filled).  False: the group is what the state says.
 */
bool membership_next(struct state_store *state, const struct raft_configuration *configuration,
		     struct raft_change *ret, char *name);

/* Take the next step if one is due; true while there is more to do. */
bool membership_advance(struct replica *replica, struct state_store *state);

#endif
