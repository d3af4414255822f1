// SPDX-License-Identifier: Apache-2.0
#include "daemon/core_batch.h"

#include <stdlib.h>

#include "daemon/core_log.h"

enum {
	COMPACT_STEP = 1024,	/* entries that go with one batch, so that it stays a short one */
	COMMIT_STEP = 256,	/* entries that may be committed before the log hears of it */
};

/*
 * What is compacted goes with the next batch, without an fsync of its own.  The core hears of it
 * first, and never asks for these entries again, whatever becomes of the batch.
 */
static int choose_compaction(struct core_batch *b, uint64_t *ret, struct error *err)
{
	struct raft_status status;

	raft_status(b->raft, &status);
	*ret = 0;
	if (b->compact_to < status.first_index)
		return 0;
	*ret = b->compact_to;
	if (b->compact_to - status.first_index >= COMPACT_STEP)
		*ret = status.first_index + COMPACT_STEP - 1;
	return raft_compact(b->raft, *ret, err);
}

/*
 * How far the log is committed goes with the terms; else now and then, and with every
 * configuration: what came before one tells where its servers are reached (daemon/log_replay.h).
 */
static bool tells_commit(const struct core_batch *b, uint64_t commit,
			 const struct log_entry *entries, size_t n)
{
	if (commit >= b->hard_state.commit + COMMIT_STEP)
		return true;
	for (size_t i = 0; i < n; i++)
		if (entries[i].kind == LOG_ENTRY_CONFIGURATION)
			return true;
	return false;
}

int core_batch_start(struct core_batch *b, struct raft_store *store, log_written_fn done,
		     void *data, struct error *err)
{
	struct raft_status status;
	struct log_entry *entries;
	uint64_t compact_to;
	int r = choose_compaction(b, &compact_to, err);

	if (r < 0)
		return r;
	entries = calloc(store->entry_count + 1, sizeof(*entries));
	if (!entries)
		return error_set(err, ERR_MEMORY, "no memory to store %zu log entries",
				 store->entry_count);
	for (size_t i = 0; i < store->entry_count; i++)
		entries[i] = core_log_entry(store->entries[i]);
	b->batch = (struct log_batch){ .truncate_from = store->truncate_from, .entries = entries,
				       .n_entries = store->entry_count, .compact_to = compact_to };
	raft_status(b->raft, &status);
	if (store->hard_state || compact_to ||
	    tells_commit(b, status.commit_index, entries, store->entry_count)) {
		b->hard_state = (struct hard_state){ .term = store->term, .vote = store->vote,
						     .commit = status.commit_index };
		b->batch.hard_state = &b->hard_state;
	}
	log_writer_append(b->writer, &b->batch, done, data);
	b->storing = (struct raft_actions){ .store = *store };
	b->entries = entries;
	*store = (struct raft_store){ 0 };
	return 0;
}

uint64_t core_batch_end(struct core_batch *b)
{
	uint64_t sequence = b->storing.store.sequence;

	raft_actions_release(&b->storing);
	free(b->entries);
	b->entries = NULL;
	return sequence;
}
