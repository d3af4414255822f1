// SPDX-License-Identifier: Apache-2.0
/* Batches of actions, and the driver's reports on them. */
#include "raft/actions.h"

#include <stdlib.h>
#include <string.h>

#include "raft/core.h"

typedef unsigned long long ull;

/* Has anything changed that is not part of a store handed out? */
static bool is_dirty(const struct raft *r)
{
	const struct storing *s = &r->storing;

	if (s->hard_state_dirty)
		return true;
	if (s->under_way)
		return s->last != s->issued_last || r->log.last != s->issued_last;
	return r->log.last > r->log.stored || s->disk_last > r->log.stored;
}

/* Thesis 3.8: what a promise of this moment has to wait for. */
uint64_t raft_store_needed(const struct raft *r)
{
	if (is_dirty(r))
		return r->storing.issued + 1;
	return r->storing.under_way ? r->storing.issued : 0;
}

static void release_entries(struct raft_entry **entries, size_t count)
{
	for (size_t i = 0; i < count; i++)
		raft_entry_unref(entries[i]);
	free(entries);
}

static struct raft_entry **unstored_entries(struct raft *r, size_t count)
{
	struct raft_entry **entries = calloc(count, sizeof(struct raft_entry *));

	if (!entries) {
		raft_fail_memory(r, "entries to store");
		return NULL;
	}
	for (size_t i = 0; i < count; i++)
		entries[i] = raft_entry_ref(raft_log_in_memory(&r->log, r->log.stored + 1 + i));
	return entries;
}

/* Thesis 3.8; all that gathered since the last one in one go (10.2.2). */
static void take_store(struct raft *r, struct raft_store *ret)
{
	struct storing *s = &r->storing;
	size_t count = r->log.last - r->log.stored;

	if (s->under_way || s->wait_tick || !is_dirty(r))
		return;
	if (count) {
		ret->entries = unstored_entries(r, count);
		if (!ret->entries)
			return;
	}
	ret->entry_count = count;
	ret->sequence = ++s->issued;
	ret->hard_state = s->hard_state_dirty;
	ret->term = r->term;
	ret->vote = r->vote;
	ret->truncate_from = s->disk_last > r->log.stored ? r->log.stored + 1 : 0;
	s->under_way = true;
	s->hard_state_issued = s->hard_state_dirty;
	s->hard_state_dirty = false;
	s->last = s->issued_last = r->log.last;
}

/*
 * Thesis 3.5.  Not before it is stored here too: the state machine must never
 * be ahead of the log that a restart finds.
 */
static void take_apply(struct raft *r, struct raft_actions *ret)
{
	uint64_t to = r->commit < r->log.stored ? r->commit : r->log.stored;
	struct error err;
	size_t count;

	if (r->applying > r->applied || to <= r->applied)
		return;
	if (raft_log_slice(&r->log, r->applied + 1, to, RAFT_MESSAGE_ENTRIES_MAX,
			   r->config.apply_bytes_max, r->scratch, &count, &err)) {
		raft_fail(r, &err);
		return;
	}
	ret->apply = malloc(count * sizeof(struct raft_entry *));
	if (!ret->apply) {
		for (size_t i = 0; i < count; i++)
			raft_entry_unref(r->scratch[i]);
		raft_fail_memory(r, "entries to apply");
		return;
	}
	memcpy(ret->apply, r->scratch, count * sizeof(struct raft_entry *));
	ret->apply_count = count;
	r->applying = r->applied + count;
}

int raft_take_actions(struct raft *r, struct raft_actions *ret, struct error *err)
{
	struct raft_actions a = { 0 };

	if (r->role == RAFT_LEADER && !raft_has_failed(r)) {
		raft_reads_ask(r);
		raft_replicate(r);
	}
	if (!raft_has_failed(r))
		take_store(r, &a.store);
	if (!raft_has_failed(r))
		take_apply(r, &a);
	a.message_count = raft_outbox_take(r, &a.messages);
	a.read_count = raft_reads_take(r, &a.reads);
	a.changes = r->changes;
	r->changes = 0;
	if (raft_has_failed(r)) {
		raft_actions_release(&a);
		return raft_verdict(r, err);
	}
	*ret = a;
	return 0;
}

bool raft_actions_empty(const struct raft_actions *a)
{
	return !a->store.sequence && !a->message_count && !a->apply_count && !a->read_count &&
	       !a->changes;
}

void raft_actions_release(struct raft_actions *a)
{
	release_entries(a->store.entries, a->store.entry_count);
	release_entries(a->apply, a->apply_count);
	for (size_t i = 0; i < a->message_count; i++)
		raft_message_release(&a->messages[i]);
	free(a->messages);
	free(a->reads);
	*a = (struct raft_actions){ 0 };
}

/* Thesis 3.8, 10.2.1: promises go out, and the own log counts. */
int raft_stored(struct raft *r, uint64_t sequence, struct error *err)
{
	struct storing *s = &r->storing;

	if (raft_has_failed(r))
		return raft_verdict(r, err);
	if (!s->under_way || sequence != s->issued)
		return error_set(err, ERR_INVALID, "raft: store %llu is not under way",
				 (ull)sequence);
	s->under_way = false;
	s->failing = false;
	s->done = sequence;
	s->disk_last = s->issued_last;
	raft_log_set_stored(&r->log, s->last);
	raft_log_trim(&r->log, r->commit, r->config.tail_bytes_max);
	raft_election_stored(r);
	if (r->role == RAFT_LEADER)
		raft_advance_commit(r);
	return raft_verdict(r, err);
}

/* Thesis 3.8: who cannot store cannot promise, and does not lead. */
int raft_store_failed(struct raft *r, struct error *err)
{
	struct storing *s = &r->storing;

	if (raft_has_failed(r))
		return raft_verdict(r, err);
	if (!s->under_way)
		return error_set(err, ERR_INVALID, "raft: no store is under way");
	s->under_way = false;
	s->failing = true;
	s->wait_tick = true;
	s->hard_state_dirty |= s->hard_state_issued;
	if (s->disk_last < s->issued_last)
		s->disk_last = s->issued_last;	/* perhaps */
	if (r->role == RAFT_LEADER)
		raft_become_follower(r, r->term, 0);
	return raft_verdict(r, err);
}

/* Thesis 3.5: lastApplied. */
int raft_applied(struct raft *r, uint64_t index, struct error *err)
{
	if (raft_has_failed(r))
		return raft_verdict(r, err);
	if (index < r->applied || index > r->applying)
		return error_set(err, ERR_INVALID, "raft: entry %llu was not handed out to apply",
				 (ull)index);
	r->applied = index;
	return 0;
}
