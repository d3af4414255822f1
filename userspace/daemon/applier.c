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

/* Behind it nodes compare what they have. */
static bool is_boundary(const struct log_entry *entry)
{
	return entry->index % APPLIER_BOUNDARY == 0 || entry->kind == LOG_ENTRY_CONFIGURATION;
}

static void tell(const struct log_entry *entries, size_t n, const struct apply_result *results,
		 const struct applier_listener *listener, applied_fn applied, void *data)
{
	const struct log_entry *last = &entries[n - 1];

	for (size_t i = 0; i < n && applied; i++)
		applied(data, &entries[i], &results[i]);
	if (listener->boundary && is_boundary(last))
		listener->boundary(listener->data, last->index);
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
	size_t i = 0;

	while (i + 1 < n && !is_boundary(&entries[i]))
		i++;
	return i + 1;
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
