// SPDX-License-Identifier: Apache-2.0
#include "daemon/log_replay.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

enum {
	BATCH_ENTRIES = 512,
	BATCH_BYTES = 1 << 20,
};

struct batch {
	struct log_entry entries[BATCH_ENTRIES];
	size_t n;
};

static int add_entry(const struct log_entry *entry, void *data)
{
	struct batch *batch = data;
	void *copy = malloc(entry->len + 1);	/* the log's bytes live during this call only */

	if (!copy)
		return -ERR_MEMORY;
	if (entry->len)
		memcpy(copy, entry->data, entry->len);
	batch->entries[batch->n] = *entry;
	batch->entries[batch->n].data = copy;
	return ++batch->n == BATCH_ENTRIES;
}

static int apply_batch(struct log_writer *writer, struct state_store *state, uint64_t to,
		       const struct applier_listener *listener, struct batch *batch, struct error *err)
{
	int r;

	batch->n = 0;
	r = log_writer_read(writer, state_store_applied(state) + 1, to, BATCH_BYTES, add_entry,
			    batch, err);
	if (r == -ERR_MEMORY)
		error_set(err, ERR_MEMORY, "no memory to read the log");
	if (r >= 0)
		r = applier_apply(state, batch->entries, batch->n, listener, NULL, NULL, err);
	for (size_t i = 0; i < batch->n; i++)
		free((void *)batch->entries[i].data);
	return r;
}

int log_replay(struct log_writer *writer, struct state_store *state,
	       const struct applier_listener *listener, struct error *err)
{
	struct log_writer_bounds bounds = log_writer_bounds(writer);
	uint64_t applied = state_store_applied(state), commit = bounds.hard_state.commit;
	struct batch *batch;
	int r = 0;

	/* A state from before the log's first entry is no matter of applying. */
	if (commit <= applied || applied + 1 < bounds.first)
		return 0;
	batch = malloc(sizeof(*batch));
	if (!batch)
		return error_set(err, ERR_MEMORY, "no memory to read the log");
	while (r == 0 && state_store_applied(state) < commit)
		r = apply_batch(writer, state, commit, listener, batch, err);
	free(batch);
	if (r == 0)
		log_info("state-caught-up", "from=%lu to=%lu", (unsigned long)applied,
			 (unsigned long)commit);
	return r;
}
