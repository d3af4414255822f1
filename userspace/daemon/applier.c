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

int applier_apply(struct state_store *state, const struct log_entry *entries, size_t n,
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
		for (size_t i = 0; i < n && applied; i++)
			applied(data, &entries[i], &results[i]);
		listener->changed(listener->data, &changes);
		state_changes_fini(&changes);
	}
	free(results);
	return r;
}
