// SPDX-License-Identifier: Apache-2.0
/* What the replica tells of itself. */
#include "daemon/replica_internal.h"

#include <stdio.h>

enum { STALE_MS = 10000 /* state older than this is an operator's business */ };

const struct raft_configuration *replica_configuration(const struct replica *r)
{
	return r->consensus ? consensus_configuration(r->consensus) : &r->configuration;
}

bool replica_leads(const struct replica *r)
{
	struct raft_status status;

	if (!r->consensus)
		return false;
	consensus_status(r->consensus, &status);
	return status.role == RAFT_LEADER;
}

bool replica_leads_up_to_date(const struct replica *r)
{
	struct raft_status status;

	if (!r->consensus)
		return false;
	consensus_status(r->consensus, &status);
	return status.role == RAFT_LEADER &&
	       state_store_applied_term(r->config.state) == status.term;
}

bool replica_is_voter(const struct replica *r, const char *node_id)
{
	const struct raft_server *s = raft_configuration_lookup_name(replica_configuration(r),
								     node_id);

	return s && s->role == RAFT_VOTER;
}

const char *replica_source(const struct replica *r)
{
	return r->follower ? follower_source(r->follower) : "";
}

const char *replica_leader(const struct replica *r)
{
	const struct raft_server *leader;
	struct raft_status status;

	if (r->follower)
		return follower_state_age(r->follower) < STALE_MS ? follower_leader(r->follower) : "";
	if (!r->consensus)
		return "";
	consensus_status(r->consensus, &status);
	leader = raft_configuration_lookup(replica_configuration(r), status.leader);
	return leader ? leader->name : "";
}

const char *replica_role_name(enum replica_role role)
{
	static const char *const names[] = { "leader", "voter", "learner", "observer" };

	return names[role];
}

bool replica_server_status(const struct replica *r, struct raft_status *ret_status,
			   struct raft_peer_status *ret_peers, size_t peers_max, size_t *ret_peers_count)
{
	if (!r->consensus)
		return false;
	consensus_status(r->consensus, ret_status);
	*ret_peers_count = consensus_peers(r->consensus, ret_peers, peers_max);
	return true;
}

/* Heard within an election timeout: those that a check-quorum counts. */
static unsigned int reachable_voters(const struct replica *r)
{
	struct raft_peer_status peers[RAFT_SERVERS_MAX];
	size_t n = consensus_peers(r->consensus, peers, RAFT_SERVERS_MAX);
	unsigned int count = 1;

	for (size_t i = 0; i < n; i++)
		if (peers[i].silent_ticks < consensus_election_ticks(r->consensus) &&
		    raft_configuration_is_voter(replica_configuration(r), peers[i].id))
			count++;
	return count;
}

static void consensus_part_status(const struct replica *r, struct replica_status *s)
{
	struct raft_status raft;

	consensus_status(r->consensus, &raft);
	s->term = raft.term;
	s->commit_index = raft.commit_index;
	s->state_age_ms = consensus_silence(r->consensus);
	s->role = raft.role == RAFT_LEADER ? REPLICA_LEADER
		: replica_is_voter(r, replica_self(r)) ? REPLICA_VOTER : REPLICA_LEARNER;
	if (raft.role == RAFT_LEADER)
		s->voters_reachable = reachable_voters(r);
	if (raft.store_failing)
		snprintf(s->trouble, sizeof(s->trouble),
			 "the log cannot be written: see the disk of %.256s",
			 r->config.settings->state_dir);
	else if (consensus_state_is_stuck(r->consensus))
		snprintf(s->trouble, sizeof(s->trouble),
			 "the state cannot be written: see the disk of %.256s",
			 r->config.settings->state_dir);
	else if (!raft.leader)
		snprintf(s->trouble, sizeof(s->trouble),
			 "no leader: a majority of %u voters is needed",
			 raft_configuration_voters(replica_configuration(r)));
}

static void follower_part_status(const struct replica *r, struct replica_status *s)
{
	s->role = REPLICA_OBSERVER;
	s->term = state_store_applied_term(r->config.state);
	s->commit_index = follower_commit_index(r->follower);
	s->state_age_ms = follower_state_age(r->follower);
	if (s->state_age_ms > STALE_MS)
		snprintf(s->trouble, sizeof(s->trouble), "%s", r->trouble);
}

void replica_status(const struct replica *r, struct replica_status *ret)
{
	*ret = (struct replica_status){ .role = REPLICA_OBSERVER, .state_age_ms = UINT64_MAX };
	ret->leader = replica_leader(r);
	ret->applied_index = state_store_applied(r->config.state);
	ret->voters = raft_configuration_voters(replica_configuration(r));
	if (r->consensus)
		consensus_part_status(r, ret);
	else if (r->follower)
		follower_part_status(r, ret);
	if (*agreement_trouble(r->agreement))
		snprintf(ret->trouble, sizeof(ret->trouble), "%s", agreement_trouble(r->agreement));
}
