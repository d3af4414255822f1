/* SPDX-License-Identifier: Apache-2.0 */
/*
 * While this node leads: makes the Raft group what the state says.  Voters of
 * the state become learners, then voters, if the Raft ACLs let them; servers that the state does
 * not have as voters any more are removed.  One step at a time (thesis 4.1), as
 * often as it takes.  Owner thread.
 */
#ifndef WGMESH_DAEMON_MEMBERSHIP_H
#define WGMESH_DAEMON_MEMBERSHIP_H

#include "daemon/replica.h"

/*
 * The step number @skip, from 0, of those that are due; any of them may come first, since a
 * learner that lags must not hold up the others.  ret->name is @name (NODE_ID_MAX + 1 bytes,
 * filled).  False: there are no more; with @skip 0: the group is what the state says.
 */
bool membership_step(struct state_store *state, const struct raft_configuration *configuration,
		     unsigned int skip, struct raft_change *ret, char *name);

/* Take one step if one is due and possible. */
void membership_advance(struct replica *replica, struct state_store *state);

#endif
