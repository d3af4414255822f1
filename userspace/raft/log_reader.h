/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the core reads stored entries: its memory holds only the end of the log,
 * and lagging followers, conflicts and a restart need older ones.  Supplied by
 * the driver, called synchronously from inside raft_*() calls, and never for
 * an index above the last one that raft_stored() covered (or raft_start named).
 * Must not call back into the core.
 */
#ifndef WGMESH_RAFT_LOG_READER_H
#define WGMESH_RAFT_LOG_READER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "raft/entry.h"

struct raft_log_reader {
	void *data;	/* handed to each call */

	/* The term of the stored entry @index. */
	int (*term_at)(void *data, uint64_t index, uint64_t *ret_term, struct error *err);

	/*
	 * Consecutive stored entries from @from on, at least one, at most
	 * @count_max, and stopping once their data passes @bytes_max; each with
	 * one reference that becomes the caller's.
	 */
	int (*read)(void *data, uint64_t from, size_t count_max, size_t bytes_max,
		    struct raft_entry **ret_entries, size_t *ret_count, struct error *err);
};

/* Any error of these is final: the core fails with it (raft_failure()). */

/*
 * The other way round: entries that the core still has in memory, for whoever serves them to
 * others.  Consecutive from @from on, at most @count_max, without references: valid until the
 * next call that is not a getter.  Returns how many; 0: @from is not in memory.
 */
struct raft;
size_t raft_recent_entries(const struct raft *r, uint64_t from, size_t count_max,
			   struct raft_entry **ret_entries);

#endif
