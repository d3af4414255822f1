/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a node that joined is told: its addresses, and the peers that it may speak to at once; not
 * the latter if it follows the log, as wgmeshd does, for there they are.
 */
#ifndef WGMESH_DAEMON_JOIN_REPLY_H
#define WGMESH_DAEMON_JOIN_REPLY_H

#include "daemon/daemon.h"
#include "rpc/call.h"

/*
 * Answers @call with the v1.JoinResponse of @id, which the state has; on failure it is
 * unanswered.
 */
int join_reply(struct daemon *d, struct rpc_call *call, const char *id, struct error *err);

#endif
