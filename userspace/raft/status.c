// SPDX-License-Identifier: Apache-2.0
#include "raft/status.h"

#include "raft/core.h"

void raft_status(const struct raft *r, struct raft_status *ret)
{
	*ret = (struct raft_status){
		.id = r->config.id,
		.role = r->role,
		.term = r->term,
		.vote = r->vote,
		.leader = r->leader,
		.commit_index = r->commit,
		.applied_index = r->applied,
		.first_index = r->log.first,
		.last_index = r->log.last,
		.stored_index = r->log.stored,
		.configuration_index = r->current.index,
		.transfer_to = r->transfer_to,
		.store_failing = r->storing.failing,
		.behind = r->behind,
	};
}

size_t raft_peers(const struct raft *r, struct raft_peer_status *ret, size_t max)
{
	size_t n = 0;

	for (; n < r->peer_count && n < max; n++) {
		const struct raft_progress *p = &r->peers[n];

		ret[n] = (struct raft_peer_status){
			.id = p->id,
			.state = p->state,
			.match_index = p->match,
			.in_flight = p->flight_count,
			.silent_ticks = p->silent_ticks,
		};
	}
	return n;
}

const struct raft_configuration *raft_configuration(const struct raft *r)
{
	return &r->current.configuration;
}

size_t raft_recent_entries(const struct raft *r, uint64_t from, size_t count_max,
			   struct raft_entry **ret_entries)
{
	size_t n = 0;

	for (; n < count_max; n++) {
		ret_entries[n] = raft_log_in_memory(&r->log, from + n);
		if (!ret_entries[n])
			break;
	}
	return n;
}

const char *raft_role_name(enum raft_role role)
{
	switch (role) {
	case RAFT_FOLLOWER:
		return "follower";
	case RAFT_PRE_CANDIDATE:
		return "pre-candidate";
	case RAFT_CANDIDATE:
		return "candidate";
	case RAFT_LEADER:
		return "leader";
	}
	return "unknown";
}

const char *raft_peer_state_name(enum raft_peer_state state)
{
	switch (state) {
	case RAFT_PEER_PROBE:
		return "probe";
	case RAFT_PEER_REPLICATE:
		return "replicate";
	case RAFT_PEER_BEHIND:
		return "behind";
	}
	return "unknown";
}
