/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Applies committed entries to the state, whoever brought them (Raft or the
 * follower's stream), and tells the rest of the daemon what changed.  Owner thread.
 */
#ifndef WGMESH_DAEMON_APPLIER_H
#define WGMESH_DAEMON_APPLIER_H

#include "store/state_store.h"

struct applier_listener {
	/* After the batch is committed: what it touched; valid during the call. */
	void (*changed)(void *data, const struct state_changes *changes);
	void *data;
};

/* One entry's outcome, told in order, after the batch is committed. */
typedef void (*applied_fn)(void *data, const struct log_entry *entry,
			   const struct apply_result *result);

/*
 * Apply @entries, which follow the last one applied, as one transaction; then
 * tell each outcome to @applied (may be NULL) and the changes to @listener.
 * On failure nothing of the batch is applied and nobody is told.
 */
int applier_apply(struct state_store *state, const struct log_entry *entries, size_t n,
		  const struct applier_listener *listener, applied_fn applied, void *data,
		  struct error *err);

#endif
