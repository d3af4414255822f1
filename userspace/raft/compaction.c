// SPDX-License-Identifier: Apache-2.0
/*
 * Log compaction (thesis chapter 5).  The state machine's own durable state is
 * the snapshot, and it travels outside of Raft: the core only knows from where on
 * it has entries, and when a leader's begin behind what is agreed.
 */
#include "raft/core.h"

typedef unsigned long long ull;

/* Thesis 5.1: only what is applied, which is committed and stored here, may go. */
int raft_compact(struct raft *r, uint64_t index, struct error *err)
{
	int rc;

	if (raft_has_failed(r))
		return raft_verdict(r, err);
	if (index < r->log.first)
		return 0;
	if (index > r->applied)
		return error_set(err, ERR_INVALID,
				 "raft: entry %llu cannot be compacted, applied is only %llu",
				 (ull)index, (ull)r->applied);
	rc = raft_log_compact(&r->log, index, err);
	if (rc)
		raft_fail(r, err);
	return rc;
}

/*
 * Thesis 5.3: the leader would have to send a snapshot.  The last entry that it has
 * dropped is committed; with the same one here, all before it agrees (3.5).
 */
static bool lacks(struct raft *r, uint64_t index, uint64_t term)
{
	if (index <= r->commit)
		return false;
	return index > r->log.last || raft_term_at(r, index) != term;
}

bool raft_note_base(struct raft *r, uint64_t index, uint64_t term)
{
	bool behind = lacks(r, index, term);

	if (behind && !r->behind)
		r->changes |= RAFT_CHANGED_BEHIND;
	r->behind = behind;
	return behind;
}
