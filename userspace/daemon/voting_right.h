/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a node may become a voter, as the Raft ACLs of the state say (model/acl.h).  Asked when
 * it joins as one, when an administrator promotes it, and again before Raft takes it in.  Who
 * votes already goes on doing so.
 */
#ifndef WGMESH_DAEMON_VOTING_RIGHT_H
#define WGMESH_DAEMON_VOTING_RIGHT_H

#include "base/error.h"

struct state_store;

/* ERR_DENIED names the ACL that denies it, or says that none allows it.  Owner thread. */
int voting_right_check(struct state_store *state, const char *node_id, struct error *err);

#endif
