// SPDX-License-Identifier: Apache-2.0
#include "daemon/applier.h"

#include <stdlib.h>

static int apply_all(struct state_store *state, const struct log_entry *entries, size_t n,
		     struct apply_result *results, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = state_store_apply(state, &entries[i], &results[i], err);
	if (r < 0)
		state_store_rollback(state);
	return r;
}

static int run_batch(struct state_store *state, const struct log_entry *entries, size_t n,
		     struct apply_result *results, struct state_changes *changes,
		     struct error *err)
{
	int r = state_store_begin(state, err);

	if (r == 0)
		r = apply_all(state, entries, n, results, err);
	if (r == 0)
		r = state_store_commit(state, changes, err);
	return r;
}

static void tell(const struct log_entry *entries, size_t n, const struct apply_result *results,
		 const struct applier_listener *listener, applied_fn applied, void *data)
{
	uint64_t last = entries[n - 1].index;

	for (size_t i = 0; i < n && applied; i++)
		applied(data, &entries[i], &results[i]);
	if (listener->boundary && last % APPLIER_BOUNDARY == 0)
		listener->boundary(listener->data, last);
	for (size_t i = 0; i < n && listener->digest; i++)
		if (results[i].digest_index)
			listener->digest(listener->data, results[i].digest_index,
					 results[i].digest);
}

static int apply_part(struct state_store *state, const struct log_entry *entries, size_t n,
		      const struct applier_listener *listener, applied_fn applied, void *data,
		      struct error *err)
{
	struct apply_result *results = calloc(n, sizeof(*results));
	struct state_changes changes = { 0 };
	int r;

	if (!results)
		return error_set(err, ERR_MEMORY, "no memory to apply %zu entries", n);
	r = run_batch(state, entries, n, results, &changes, err);
	if (r == 0) {
		tell(entries, n, results, listener, applied, data);
		listener->changed(listener->data, &changes);
		state_changes_fini(&changes);
	}
	free(results);
	return r;
}

/* Up to the next boundary, with the entry on it. */
static size_t part_size(const struct log_entry *entries, size_t n)
{
	uint64_t room = APPLIER_BOUNDARY - (entries[0].index - 1) % APPLIER_BOUNDARY;

	return n < room ? n : (size_t)room;
}

int applier_apply(struct state_store *state, const struct log_entry *entries, size_t n,
		  const struct applier_listener *listener, applied_fn applied, void *data,
		  struct error *err)
{
	int r = 0;

	while (r == 0 && n) {
		size_t part = part_size(entries, n);

		r = apply_part(state, entries, part, listener, applied, data, err);
		entries += part;
		n -= part;
	}
	return r;
}
