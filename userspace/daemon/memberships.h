/* SPDX-License-Identifier: Apache-2.0 */
/* What this node knows of the Raft group's configurations, from its state and its log. */
#ifndef WGMESH_DAEMON_MEMBERSHIPS_H
#define WGMESH_DAEMON_MEMBERSHIPS_H

#include "daemon/log_writer.h"
#include "raft/raft.h"
#include "store/state_store.h"

/*
 * The newest configuration in state and log, committed or not, and, if it is not applied, the one
 * before it.  Index 0: none.
 */
int memberships_read(struct log_writer *writer, struct state_store *state,
		     struct raft_membership *ret_current, struct raft_membership *ret_previous,
		     struct error *err);

#endif
