// SPDX-License-Identifier: Apache-2.0
/* Leader election: thesis 3.4, 3.6.1, with pre-vote (9.6) and leader stickiness (4.2.3). */
#include <string.h>

#include "raft/core.h"

/* splitmix64: all that an election timeout asks of chance (thesis 3.4). */
static uint64_t draw(struct raft *r)
{
	uint64_t z = r->random += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* Thesis 3.4: drawn anew each time, or split votes would repeat. */
static void restart_timer(struct raft *r)
{
	r->elapsed = 0;
	r->timeout = r->config.election_ticks + (unsigned int)(draw(r) % r->config.election_ticks);
}

static void set_role(struct raft *r, enum raft_role role, uint64_t leader)
{
	if (r->role != role || r->leader != leader)
		r->changes |= RAFT_CHANGED_STATE;
	r->role = role;
	r->leader = leader;
}

/* Thesis 3.3, 3.8: a new term has no vote yet, and both are stored before anything is said. */
static void set_term(struct raft *r, uint64_t term, uint64_t vote)
{
	r->term = term;
	r->vote = vote;
	r->storing.hard_state_dirty = true;
	r->changes |= RAFT_CHANGED_STATE;
}

/* Thesis 3.10, 6.4: a transfer and the reads that wait end with the office. */
static void leave_leadership(struct raft *r)
{
	r->peer_count = 0;
	r->transfer_to = 0;
	raft_reads_lose(r);
}

/*
 * Thesis 3.3, 3.4.  A higher term alone does not restart the timer: only a
 * leader or a vote given does, or a server that cannot win could hold back
 * one that can.
 */
void raft_become_follower(struct raft *r, uint64_t term, uint64_t leader)
{
	if (leader || r->role != RAFT_FOLLOWER || !r->timeout)
		restart_timer(r);
	if (r->role == RAFT_LEADER)
		leave_leadership(r);
	if (term > r->term)
		set_term(r, term, 0);
	set_role(r, RAFT_FOLLOWER, leader);
}

/* Thesis 4.2.3, and 6.2 for the leader, which hears from a majority or steps down. */
bool raft_sticks_to_leader(const struct raft *r)
{
	if (r->role == RAFT_LEADER)
		return true;
	return r->leader && r->elapsed < r->config.election_ticks;
}

/* Thesis 3.4, 9.6; only voters are asked (4.2.1). */
static void ask_for_votes(struct raft *r, enum raft_message_type type, uint64_t term)
{
	const struct raft_configuration *c = &r->current.configuration;

	for (unsigned int i = 0; i < c->count; i++) {
		struct raft_message m = {
			.type = type,
			.to = c->servers[i].id,
			.term = term,
			.log_index = r->log.last,
			.log_term = r->log.last_term,
			.transfer = r->election.transfer,
		};

		if (c->servers[i].role != RAFT_VOTER || m.to == r->config.id)
			continue;
		if (type == RAFT_PRE_VOTE)
			raft_send(r, m);
		else
			raft_send_stored(r, m);
	}
}

/*
 * Thesis 3.4.  Neither the own vote counts nor do others hear of the candidacy
 * before term and vote are stored: after a crash it could be given again.
 */
static void become_candidate(struct raft *r, bool transfer)
{
	set_term(r, r->term + 1, r->config.id);
	set_role(r, RAFT_CANDIDATE, 0);
	restart_timer(r);
	r->election = (struct election){ .transfer = transfer };
	r->election.own_vote_needs = raft_store_needed(r);
	ask_for_votes(r, RAFT_VOTE, r->term);
}

/* Thesis 9.6: ask whether an election could be won, and change nothing anywhere. */
static void become_pre_candidate(struct raft *r)
{
	set_role(r, RAFT_PRE_CANDIDATE, 0);
	restart_timer(r);
	r->election = (struct election){ 0 };
	ask_for_votes(r, RAFT_PRE_VOTE, r->term + 1);
}

/* A majority of the voters of the configuration in effect (thesis 3.4, 4.1). */
static bool has_won(const struct raft *r)
{
	const struct raft_configuration *c = &r->current.configuration;
	unsigned int granted = 0;

	for (unsigned int i = 0; i < c->count; i++)
		granted += c->servers[i].role == RAFT_VOTER && r->election.granted[i];
	return granted > raft_configuration_voters(c) / 2;
}

/* Thesis 3.4, 9.6: a majority of votes makes a leader, one of pre-votes a candidate. */
static void grant(struct raft *r, uint64_t from)
{
	const struct raft_configuration *c = &r->current.configuration;
	const struct raft_server *s = raft_configuration_lookup(c, from);

	if (s)
		r->election.granted[s - c->servers] = true;
	if (!has_won(r))
		return;
	if (r->role == RAFT_CANDIDATE)
		raft_become_leader(r);
	else
		become_candidate(r, false);
}

/* Thesis 3.4; with a pre-vote first (9.6), unless the leader itself asked (3.10). */
void raft_campaign(struct raft *r, bool transfer)
{
	if (transfer) {
		become_candidate(r, true);
		return;
	}
	become_pre_candidate(r);
	grant(r, r->config.id);
}

/* Thesis 3.4; servers without a vote wait and stay quiet (4.2.1, 4.2.3). */
void raft_election_tick(struct raft *r)
{
	r->elapsed++;
	if (r->elapsed < r->timeout)
		return;
	if (!raft_may_campaign(r) || r->storing.failing)
		set_role(r, RAFT_FOLLOWER, 0);
	else
		raft_campaign(r, false);
}

/* Thesis 3.8: the own vote counts from here on. */
void raft_election_stored(struct raft *r)
{
	if (r->role != RAFT_CANDIDATE || !r->election.own_vote_needs)
		return;
	if (r->election.own_vote_needs > r->storing.done)
		return;
	r->election.own_vote_needs = 0;
	grant(r, r->config.id);
}

/* Thesis 3.6.1: only a log that has all committed entries may lead. */
static bool is_up_to_date(const struct raft *r, const struct raft_message *m)
{
	if (m->log_term != r->log.last_term)
		return m->log_term > r->log.last_term;
	return m->log_index >= r->log.last;
}

/* Thesis 9.6: the candidate's term would have to be news. */
static void answer_pre_vote(struct raft *r, const struct raft_message *m)
{
	bool granted = m->term > r->term && is_up_to_date(r, m);

	raft_send(r, (struct raft_message){
		.type = RAFT_PRE_VOTE_REPLY,
		.to = m->from,
		.term = granted ? m->term : r->term,
		.reject = !granted,
	});
}

/* Thesis 3.4: one vote per term, first come first served, and stored before it is given (3.8). */
static void answer_vote(struct raft *r, const struct raft_message *m)
{
	bool unspent = r->vote == 0 && r->leader == 0;
	bool granted = (unspent || r->vote == m->from) && is_up_to_date(r, m);

	if (granted) {
		if (r->vote != m->from)
			set_term(r, r->term, m->from);
		set_role(r, RAFT_FOLLOWER, r->leader);
		restart_timer(r);
	}
	raft_send_stored(r, (struct raft_message){
		.type = RAFT_VOTE_REPLY,
		.to = m->from,
		.reject = !granted,
	});
}

/*
 * Any server votes, whatever its own configuration says of it or of the
 * candidate: both may know less than the candidate does (thesis 4.1).
 */
void raft_on_vote_request(struct raft *r, const struct raft_message *m)
{
	if (m->type == RAFT_PRE_VOTE)
		answer_pre_vote(r, m);
	else
		answer_vote(r, m);
}

/* Thesis 3.4, 9.6. */
void raft_on_vote_reply(struct raft *r, const struct raft_message *m)
{
	bool pre = m->type == RAFT_PRE_VOTE_REPLY;

	if (m->reject || r->role != (pre ? RAFT_PRE_CANDIDATE : RAFT_CANDIDATE))
		return;
	if (m->term == r->term + (pre ? 1 : 0))
		grant(r, m->from);
}
