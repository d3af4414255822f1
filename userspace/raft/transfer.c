// SPDX-License-Identifier: Apache-2.0
/* Handing leadership over: thesis 3.10. */
#include "raft/core.h"

typedef unsigned long long ull;

static void send_timeout_now(struct raft *r, uint64_t to)
{
	raft_send(r, (struct raft_message){ .type = RAFT_TIMEOUT_NOW, .to = to });
}

/* The other voter with the longest log; 0: there is none. */
static uint64_t furthest_voter(const struct raft *r)
{
	const struct raft_progress *best = NULL;

	for (unsigned int i = 0; i < r->peer_count; i++) {
		const struct raft_progress *p = &r->peers[i];

		if (!raft_configuration_is_voter(&r->current.configuration, p->id))
			continue;
		if (!best || p->match > best->match)
			best = p;
	}
	return best ? best->id : 0;
}

/* Thesis 3.10, step 1: nothing is proposed from here on (raft_propose()). */
int raft_transfer(struct raft *r, uint64_t to, struct error *err)
{
	int rc;

	if (raft_has_failed(r))
		return raft_verdict(r, err);
	rc = raft_check_leader(r, err);
	if (rc)
		return rc;
	if (r->transfer_to)
		return error_set(err, ERR_EXISTS,
				 "leadership is being handed to server %llu already",
				 (ull)r->transfer_to);
	if (to == 0)
		to = furthest_voter(r);
	if (to == r->config.id || !raft_configuration_is_voter(&r->current.configuration, to))
		return error_set(err, ERR_NOT_FOUND, "there is no other voter %llu to hand over to",
				 (ull)to);
	r->transfer_to = to;
	r->transfer_elapsed = 0;
	raft_transfer_progress(r, raft_peer(r, to));
	return raft_verdict(r, err);
}

/* Thesis 3.10, steps 2 and 3: only a target with the whole log can win. */
void raft_transfer_progress(struct raft *r, const struct raft_progress *p)
{
	if (p->id == r->transfer_to && p->match == r->log.last)
		send_timeout_now(r, p->id);
}

/* Thesis 3.10: given up after an election timeout, so that clients are served again. */
void raft_transfer_tick(struct raft *r)
{
	if (r->transfer_to && ++r->transfer_elapsed >= r->config.election_ticks)
		r->transfer_to = 0;
}

/* Thesis 4.2.2, 3.10: whoever leaves lets somebody else begin at once. */
void raft_transfer_away(struct raft *r)
{
	uint64_t to = furthest_voter(r);

	if (to)
		send_timeout_now(r, to);
}

/* Thesis 3.10, 4.2.3: the leader itself asks, so neither pre-vote nor stickiness is due. */
void raft_on_timeout_now(struct raft *r, const struct raft_message *m)
{
	if (r->role == RAFT_FOLLOWER && m->from == r->leader && raft_may_campaign(r) &&
	    !r->storing.failing)
		raft_campaign(r, true);
}
