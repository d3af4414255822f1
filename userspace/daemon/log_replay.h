/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the log knows to be committed and the state has lost with the power, applied again.  Without
 * it a server that was not alone in the dark would know the names of the others, by the
 * configuration, and not their addresses.  Before the server starts; owner thread.
 */
#ifndef WGMESH_DAEMON_LOG_REPLAY_H
#define WGMESH_DAEMON_LOG_REPLAY_H

#include "daemon/applier.h"
#include "daemon/log_writer.h"

/* Errors of log_writer_read() and applier_apply(); what was applied until then stays. */
int log_replay(struct log_writer *writer, struct state_store *state,
	       const struct applier_listener *listener, struct error *err);

#endif
