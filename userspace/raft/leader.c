// SPDX-License-Identifier: Apache-2.0
/* A leader's office: taking it, heartbeats, and whether a majority still hears it. */
#include <stdlib.h>
#include <string.h>

#include "raft/core.h"

struct raft_progress *raft_peer(struct raft *r, uint64_t id)
{
	for (unsigned int i = 0; i < r->peer_count; i++)
		if (r->peers[i].id == id)
			return &r->peers[i];
	return NULL;
}

/* Entries from before a restart, which are on disk only, are left out. */
static size_t count_uncommitted(const struct raft *r)
{
	size_t bytes = 0;

	for (uint64_t i = r->commit + 1; i <= r->log.last; i++) {
		const struct raft_entry *entry = raft_log_in_memory(&r->log, i);

		bytes += entry ? entry->len : 0;
	}
	return bytes;
}

/* Thesis 3.4, 3.5; the no-op lets older entries commit and reads begin (3.6.2, 6.4). */
void raft_become_leader(struct raft *r)
{
	const struct raft_configuration *c = &r->current.configuration;

	r->role = RAFT_LEADER;
	r->leader = r->config.id;
	r->changes |= RAFT_CHANGED_STATE;
	r->elapsed = 0;
	r->heartbeat_elapsed = 0;
	r->transfer_to = 0;
	r->peer_count = 0;
	for (unsigned int i = 0; i < c->count; i++)
		if (c->servers[i].id != r->config.id)
			raft_progress_init(&r->peers[r->peer_count++], c->servers[i].id,
					   r->log.last);
	r->uncommitted_bytes = count_uncommitted(r);
	raft_append_own(r, RAFT_ENTRY_NOOP, NULL, 0);
}

/*
 * Thesis 3.4.  Never tells to commit what is not known to agree there; tells where the log begins
 * here, so that one who needs what is gone learns it (5.3).
 */
static void heartbeat(struct raft *r, const struct raft_progress *p)
{
	raft_send(r, (struct raft_message){
		.type = RAFT_HEARTBEAT,
		.to = p->id,
		.commit_index = p->match < r->commit ? p->match : r->commit,
		.log_index = r->log.first - 1,
		.log_term = r->log.base_term,
		.round = r->reads.round,
	});
}

/* Thesis 3.4, and 6.4 for the round that it opens. */
void raft_broadcast_heartbeat(struct raft *r)
{
	r->heartbeat_elapsed = 0;
	for (unsigned int i = 0; i < r->peer_count; i++)
		heartbeat(r, &r->peers[i]);
}

/* Thesis 6.2: a leader that a majority does not answer is none, and steps down. */
static void check_quorum(struct raft *r)
{
	const struct raft_configuration *c = &r->current.configuration;
	unsigned int heard = raft_is_voter(r);

	for (unsigned int i = 0; i < r->peer_count; i++) {
		struct raft_progress *p = &r->peers[i];

		heard += p->heard && raft_configuration_is_voter(c, p->id);
		p->heard = false;
	}
	r->elapsed = 0;
	if (heard <= raft_configuration_voters(c) / 2)
		raft_become_follower(r, r->term, 0);
}

/* Thesis 3.4, 4.2.3, 3.10, 6.2: all that a leader does by the clock. */
void raft_leader_tick(struct raft *r)
{
	for (unsigned int i = 0; i < r->peer_count; i++)
		r->peers[i].silent_ticks++;
	raft_membership_tick(r);
	if (++r->heartbeat_elapsed >= r->config.heartbeat_ticks)
		raft_broadcast_heartbeat(r);
	raft_transfer_tick(r);
	if (++r->elapsed >= r->config.election_ticks)
		check_quorum(r);
}

static int descending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x < y) - (x > y);
}

/* Thesis 3.5: what at least a majority has reached. */
static uint64_t majority_has(uint64_t values[], unsigned int count)
{
	if (!count)
		return 0;
	qsort(values, count, sizeof(values[0]), descending);
	return values[count / 2];
}

/* Thesis 3.5, 10.2.1: of the leader's own log counts what is stored, as everybody's. */
uint64_t raft_quorum_match(struct raft *r)
{
	const struct raft_configuration *c = &r->current.configuration;
	uint64_t values[RAFT_SERVERS_MAX];
	unsigned int n = 0;

	for (unsigned int i = 0; i < c->count; i++) {
		uint64_t id = c->servers[i].id;
		const struct raft_progress *p = raft_peer(r, id);

		if (c->servers[i].role == RAFT_VOTER)
			values[n++] = id == r->config.id ? r->log.stored : p ? p->match : 0;
	}
	return majority_has(values, n);
}

/* Thesis 6.4. */
uint64_t raft_quorum_round(struct raft *r)
{
	const struct raft_configuration *c = &r->current.configuration;
	uint64_t values[RAFT_SERVERS_MAX];
	unsigned int n = 0;

	for (unsigned int i = 0; i < c->count; i++) {
		uint64_t id = c->servers[i].id;
		const struct raft_progress *p = raft_peer(r, id);

		if (c->servers[i].role == RAFT_VOTER)
			values[n++] = id == r->config.id ? r->reads.round : p ? p->acked_round : 0;
	}
	return majority_has(values, n);
}
