/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Applies committed entries to the state, whoever brought them (Raft or the
 * follower's stream), and tells the rest of the daemon what changed.  Owner thread.
 */
#ifndef WGMESH_DAEMON_APPLIER_H
#define WGMESH_DAEMON_APPLIER_H

#include "store/state_store.h"

/*
 * The same on every node, or they have nothing to compare.  A digest reads the whole state: with
 * 100,000 nodes and thousands of entries per second it must not be all that a core does.
 */
enum { APPLIER_BOUNDARY = 8192 };

struct applier_listener {
	/* After the batch is committed: what it touched; valid during the call. */
	void (*changed)(void *data, const struct state_changes *changes);
	/*
	 * Both may be NULL.  The state is exactly what the entries up to @index make it, a
	 * multiple of APPLIER_BOUNDARY or a configuration's; and what somebody else's state of
	 * such an index was.
	 */
	void (*boundary)(void *data, uint64_t index);
	void (*digest)(void *data, uint64_t index, const uint8_t digest[STATE_DIGEST]);
	void *data;
};

/* One entry's outcome, told in order, after the batch is committed. */
typedef void (*applied_fn)(void *data, const struct log_entry *entry,
			   const struct apply_result *result);

/*
 * Apply @entries, which follow the last one applied, as one transaction, or more where
 * boundaries lie between; after each tell the outcomes to @applied (may be NULL) and the changes to
 * @listener.  On failure nothing of the transaction is applied and nobody is told.
 */
int applier_apply(struct state_store *state, const struct log_entry *entries, size_t n,
		  const struct applier_listener *listener, applied_fn applied, void *data,
		  struct error *err);

#endif
