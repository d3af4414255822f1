/* SPDX-License-Identifier: Apache-2.0 */
/* What the Raft core wants stored, on its way to the disk, and with it what the log may drop. */
#ifndef WGMESH_DAEMON_CORE_BATCH_H
#define WGMESH_DAEMON_CORE_BATCH_H

#include "daemon/log_writer.h"
#include "raft/raft.h"

/* Borrows both; zeroed otherwise. */
struct core_batch {
	struct raft *raft;
	struct log_writer *writer;
	struct raft_actions storing;	/* sequence 0: none is on its way */
	struct log_entry *entries;
	struct log_batch batch;
	struct hard_state hard_state;	/* the last that the log was told */
	/* the state has all up to here on disk, and nobody needs them */
	uint64_t compact_to;
};

/* Takes the entries of @store over, and gives them to the writer.  None is on its way. */
int core_batch_start(struct core_batch *b, struct raft_store *store, log_written_fn done,
		     void *data, struct error *err);
/* It is written, or is not; returns its sequence.  Also when none is on its way. */
uint64_t core_batch_end(struct core_batch *b);

#endif
