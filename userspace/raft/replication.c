// SPDX-License-Identifier: Apache-2.0
/* The leader's side of log replication: thesis 3.5, pipelined as in 10.2.2. */
#include <stdlib.h>
#include <string.h>

#include "raft/core.h"

/* Thesis 3.5; so many that neither message nor memory grows without bound. */
static bool attach_entries(struct raft *r, const struct raft_progress *p, struct raft_message *m)
{
	struct error err;
	size_t count;

	if (p->next > r->log.last)
		return true;
	if (raft_log_slice(&r->log, p->next, r->log.last, r->config.message_entries_max,
			   r->config.message_bytes_max, r->scratch, &count, &err)) {
		raft_fail(r, &err);
		return false;
	}
	m->entries = malloc(count * sizeof(struct raft_entry *));
	if (!m->entries) {
		for (size_t i = 0; i < count; i++)
			raft_entry_unref(r->scratch[i]);
		raft_fail_memory(r, "entries to send");
		return false;
	}
	memcpy(m->entries, r->scratch, count * sizeof(struct raft_entry *));
	m->entry_count = count;
	return true;
}

static size_t entries_bytes(const struct raft_message *m)
{
	size_t bytes = 0;

	for (size_t i = 0; i < m->entry_count; i++)
		bytes += m->entries[i]->len;
	return bytes;
}

/* Thesis 5.3: what it needs is compacted away, and it gets a snapshot. */
static void stop_behind(struct raft *r, struct raft_progress *p)
{
	p->state = RAFT_PEER_BEHIND;
	r->changes |= RAFT_CHANGED_PEER_BEHIND;
}

/* Thesis 3.5.  Without entries it still tells the commit index, and asks whether the logs agree. */
static void send_append(struct raft *r, struct raft_progress *p)
{
	struct raft_message m = {
		.type = RAFT_APPEND,
		.to = p->id,
		.log_index = p->next - 1,
		.commit_index = r->commit,
	};
	size_t count, bytes;

	if (p->next < r->log.first) {
		stop_behind(r, p);
		return;
	}
	m.log_term = raft_term_at(r, m.log_index);
	if (!attach_entries(r, p, &m))
		return;
	count = m.entry_count;
	bytes = entries_bytes(&m);
	raft_send(r, m);
	p->sent_commit = r->commit;
	if (count || p->state == RAFT_PEER_PROBE)
		raft_progress_sent(p, count, bytes);
}

/* Thesis 3.5: entries, a question, or a commit index. */
static bool has_news(const struct raft *r, const struct raft_progress *p)
{
	return p->next <= r->log.last || p->state == RAFT_PEER_PROBE || p->sent_commit < r->commit;
}

/* Once per turn, so that what was proposed in it travels together. */
void raft_replicate(struct raft *r)
{
	for (unsigned int i = 0; i < r->peer_count; i++) {
		struct raft_progress *p = &r->peers[i];

		while (!raft_has_failed(r) && has_news(r, p) &&
		       raft_progress_may_send(p, &r->config))
			send_append(r, p);
	}
}

/*
 * Thesis 3.6.2 (and Figure 8 of the paper): only an entry of the leader's own
 * term is committed by counting; those before it are committed through it.
 */
void raft_advance_commit(struct raft *r)
{
	uint64_t index = raft_quorum_match(r);

	if (index > r->commit && raft_term_at(r, index) == r->term)
		raft_commit_to(r, index);
}

/*
 * Thesis 3.5, at its end: skip whole terms.  The follower has nothing of a
 * term above hint_term at or below hint_index, so neither may the place where
 * the logs agree.
 */
static uint64_t agreement_bound(struct raft *r, const struct raft_progress *p,
				const struct raft_message *m)
{
	uint64_t index = m->hint_index;

	if (index >= m->log_index)
		index = m->log_index - 1;
	while (index > p->match && index + 1 > r->log.first &&
	       raft_term_at(r, index) > m->hint_term && !raft_has_failed(r))
		index--;
	return index > p->match ? index : p->match;
}

/* Thesis 3.5: the logs do not agree at log_index; look further back. */
static void on_append_rejected(struct raft *r, struct raft_progress *p,
			       const struct raft_message *m)
{
	if (m->log_index <= p->match)
		return;		/* overtaken by a later reply */
	if (p->state == RAFT_PEER_REPLICATE)
		raft_progress_probe(p, p->match + 1);
	else if (p->state == RAFT_PEER_PROBE && m->log_index == p->next - 1)
		raft_progress_probe(p, agreement_bound(r, p, m) + 1);
}

/* Thesis 3.5: matchIndex and nextIndex go on; 10.2.2: the pipeline opens. */
static void on_append_accepted(struct raft *r, struct raft_progress *p,
			       const struct raft_message *m)
{
	bool advanced = m->log_index > p->match;

	if (m->log_index > r->log.last)
		return;		/* not an answer to anything that was sent */
	if (advanced)
		p->match = m->log_index;
	if (p->state != RAFT_PEER_REPLICATE)
		raft_progress_replicate(p);
	if (p->next <= p->match)
		p->next = p->match + 1;
	raft_progress_landed(p, m->log_index);
	if (!advanced)
		return;
	raft_transfer_progress(r, p);
	raft_advance_commit(r);
}

/* Thesis 6.2: for check_quorum(). */
static struct raft_progress *note_contact(struct raft *r, const struct raft_message *m)
{
	struct raft_progress *p = r->role == RAFT_LEADER ? raft_peer(r, m->from) : NULL;

	if (p) {
		p->heard = true;
		p->silent_ticks = 0;
	}
	return p;
}

/* Thesis 3.5: AppendEntries, the answer. */
void raft_on_append_reply(struct raft *r, const struct raft_message *m)
{
	struct raft_progress *p = note_contact(r, m);

	if (!p)
		return;
	if (m->reject)
		on_append_rejected(r, p, m);
	else
		on_append_accepted(r, p, m);
}

/*
 * The steady answer shows that the path is open.  What the follower lacks
 * although it was sent may be lost: make sure that something asks again.
 */
static void retry_lost(struct raft *r, struct raft_progress *p)
{
	if (p->state == RAFT_PEER_PROBE) {
		p->paused = false;
	} else if (p->state == RAFT_PEER_REPLICATE && p->match < r->log.last) {
		if (!raft_progress_may_send(p, &r->config))
			raft_progress_forgive(p);
		if (p->next > r->log.last)
			send_append(r, p);
	}
}

/* Thesis 3.4, and 6.4: a round counts when it is answered. */
void raft_on_heartbeat_reply(struct raft *r, const struct raft_message *m)
{
	struct raft_progress *p = note_contact(r, m);

	if (!p || m->reject)
		return;
	if (m->round > p->acked_round && m->round <= r->reads.round)
		p->acked_round = m->round;
	if (p->state == RAFT_PEER_BEHIND && m->log_index + 1 >= r->log.first)
		raft_progress_probe(p, m->log_index + 1);
	retry_lost(r, p);
	raft_transfer_progress(r, p);
}
