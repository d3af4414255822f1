/* SPDX-License-Identifier: Apache-2.0 */
/* One core with an instant disk in an array; what it sends is kept for the test to look at. */
#ifndef WGMESH_TESTS_RAFT_DRIVER_H
#define WGMESH_TESTS_RAFT_DRIVER_H

#include <stdbool.h>
#include <string.h>

#include "raft/raft.h"

enum { DRIVER_LOG_MAX = 64, DRIVER_SENT_MAX = 64 };

struct driver {
	struct raft *raft;
	struct raft_entry *log[DRIVER_LOG_MAX + 1];	/* by index */
	uint64_t last, applied;
	bool hold;		/* leave the store under way */
	uint64_t held;		/* its sequence */
	struct raft_message sent[DRIVER_SENT_MAX];	/* without entries */
	size_t sent_count;
	struct raft_read read;	/* the last answer */
};

static inline int driver_term_at(void *data, uint64_t index, uint64_t *ret_term, struct error *err)
{
	struct driver *d = data;

	if (index == 0 || index > d->last)
		return error_set(err, ERR_NOT_FOUND, "no entry %d on disk", (int)index);
	*ret_term = d->log[index]->term;
	return 0;
}

static inline int driver_read(void *data, uint64_t from, size_t count_max, size_t bytes_max,
			      struct raft_entry **ret_entries, size_t *ret_count, struct error *err)
{
	struct driver *d = data;

	if (from == 0 || from + count_max - 1 > d->last)
		return error_set(err, ERR_NOT_FOUND, "no entry %d on disk", (int)from);
	for (size_t i = 0; i < count_max; i++)
		ret_entries[i] = raft_entry_ref(d->log[from + i]);
	*ret_count = count_max;
	return 0;
}

static inline struct raft_log_reader driver_reader(struct driver *d)
{
	return (struct raft_log_reader){ d, driver_term_at, driver_read };
}

static inline void driver_truncate(struct driver *d, uint64_t from)
{
	while (d->last >= from)
		raft_entry_unref(d->log[d->last--]);
}

static inline void driver_store(struct driver *d, const struct raft_store *store)
{
	if (store->truncate_from)
		driver_truncate(d, store->truncate_from);
	for (size_t i = 0; i < store->entry_count && d->last < DRIVER_LOG_MAX; i++)
		d->log[++d->last] = raft_entry_ref(store->entries[i]);
}

static inline int driver_act(struct driver *d, struct raft_actions *a, struct error *err)
{
	int rc = 0;

	for (size_t i = 0; i < a->message_count && d->sent_count < DRIVER_SENT_MAX; i++) {
		d->sent[d->sent_count] = a->messages[i];
		d->sent[d->sent_count++].entries = NULL;
	}
	if (a->read_count)
		d->read = a->reads[a->read_count - 1];
	if (a->store.sequence && d->hold) {
		d->held = a->store.sequence;
	} else if (a->store.sequence) {
		driver_store(d, &a->store);
		rc = raft_stored(d->raft, a->store.sequence, err);
	}
	if (!rc && a->apply_count) {
		d->applied = a->apply[a->apply_count - 1]->index;
		rc = raft_applied(d->raft, d->applied, err);
	}
	return rc;
}

/* Until the core wants nothing more. */
static inline int driver_pump(struct driver *d, struct error *err)
{
	struct raft_actions a;
	bool more = true;
	int rc = 0;

	while (!rc && more) {
		rc = raft_take_actions(d->raft, &a, err);
		if (rc)
			return rc;
		more = !raft_actions_empty(&a);
		rc = driver_act(d, &a, err);
		raft_actions_release(&a);
	}
	return rc;
}

static inline const struct raft_message *driver_last_sent(const struct driver *d,
							  enum raft_message_type type)
{
	for (size_t i = d->sent_count; i > 0; i--)
		if (d->sent[i - 1].type == type)
			return &d->sent[i - 1];
	return NULL;
}

static inline void driver_fini(struct driver *d)
{
	raft_free(d->raft);
	driver_truncate(d, 1);
	memset(d, 0, sizeof(*d));
}

#endif
