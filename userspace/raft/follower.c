// SPDX-License-Identifier: Apache-2.0
/* A follower's side of log replication: thesis 3.5. */
#include "raft/core.h"

typedef unsigned long long ull;

/* False: there cannot be two leaders of one term (thesis 3.6.3), so whoever sent this is none. */
static bool follow(struct raft *r, uint64_t leader)
{
	if (r->role == RAFT_LEADER)
		return false;
	raft_become_follower(r, r->term, leader);
	return true;
}

/* The acknowledged entries become durable first (thesis 3.8). */
static void accept(struct raft *r, const struct raft_message *m, uint64_t agreed)
{
	raft_send_stored(r, (struct raft_message){
		.type = RAFT_APPEND_REPLY,
		.to = m->from,
		.log_index = agreed,
	});
}

/* Thesis 3.5, at its end: the last place here whose term the leader may have there. */
static void refuse(struct raft *r, const struct raft_message *m)
{
	uint64_t hint = m->log_index < r->log.last ? m->log_index : r->log.last;

	while (hint > r->commit && raft_term_at(r, hint) > m->log_term && !raft_has_failed(r))
		hint--;
	raft_send(r, (struct raft_message){
		.type = RAFT_APPEND_REPLY,
		.to = m->from,
		.reject = true,
		.log_index = m->log_index,
		.hint_index = hint,
		.hint_term = raft_term_at(r, hint),
	});
}

/* Thesis 3.5: a conflicting suffix goes, and a configuration in it rolls back (4.1). */
static void drop_suffix(struct raft *r, uint64_t from)
{
	struct error err;

	if (from <= r->commit) {
		error_set(&err, ERR_CORRUPT, "raft: entry %llu is committed here and different at "
			  "the leader: this server's disk or another's has lost what it had "
			  "stored; remove this server and join anew", (ull)from);
		raft_fail(r, &err);
		return;
	}
	if (raft_log_truncate(&r->log, from, &err)) {
		raft_fail(r, &err);
		return;
	}
	if (r->storing.under_way && r->storing.last >= from)
		r->storing.last = from - 1;
	raft_membership_truncated(r, from);
}

/* Thesis 3.5; a configuration is in effect at once (4.1). */
static void append_entry(struct raft *r, struct raft_entry *entry)
{
	struct error err;

	if (entry->index < r->log.first)
		return;
	if (entry->index <= r->log.last) {
		if (raft_term_at(r, entry->index) == entry->term)
			return;		/* the same entry (log matching, thesis 3.5) */
		drop_suffix(r, entry->index);
	}
	if (raft_has_failed(r))
		return;
	if (raft_log_append(&r->log, entry, &err))
		raft_fail(r, &err);
	else if (entry->kind == RAFT_ENTRY_CONFIGURATION)
		raft_membership_appended(r, entry);
}

/* All that is committed agrees (thesis 3.6), and may be gone from this log. */
static bool agrees(struct raft *r, const struct raft_message *m)
{
	if (m->log_index < r->commit)
		return true;
	return m->log_index <= r->log.last && raft_term_at(r, m->log_index) == m->log_term;
}

/* Thesis 3.5: AppendEntries, at the receiver. */
void raft_on_append(struct raft *r, const struct raft_message *m)
{
	uint64_t agreed = m->log_index + m->entry_count;

	if (!follow(r, m->from))
		return;
	if (r->log.unstored_bytes > r->config.tail_bytes_max)
		return;		/* the disk does not keep up; the leader asks again */
	if (!agrees(r, m)) {
		refuse(r, m);
		return;
	}
	for (size_t i = 0; i < m->entry_count && !raft_has_failed(r); i++)
		append_entry(r, m->entries[i]);
	raft_commit_to(r, m->commit_index < agreed ? m->commit_index : agreed);
	accept(r, m, agreed > r->commit ? agreed : r->commit);
}

/* Answered without waiting for the disk: it promises nothing but to have heard (thesis 6.4). */
void raft_on_heartbeat(struct raft *r, const struct raft_message *m)
{
	bool behind;

	if (!follow(r, m->from))
		return;
	raft_commit_to(r, m->commit_index);
	behind = raft_note_base(r, m->log_index, m->log_term);
	raft_send(r, (struct raft_message){
		.type = RAFT_HEARTBEAT_REPLY,
		.to = m->from,
		.round = m->round,
		.log_index = behind ? 0 : r->log.last,
	});
}
