/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator may want to see of a server; snapshots of values. */
#ifndef WGMESH_RAFT_STATUS_H
#define WGMESH_RAFT_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "raft/configuration.h"

struct raft;

enum raft_role {
	RAFT_FOLLOWER,
	RAFT_PRE_CANDIDATE,
	RAFT_CANDIDATE,
	RAFT_LEADER,
};

struct raft_status {
	uint64_t id;
	enum raft_role role;
	uint64_t term;
	uint64_t vote;			/* 0: none in this term */
	uint64_t leader;		/* 0: unknown */
	uint64_t commit_index;
	uint64_t applied_index;
	uint64_t first_index;		/* of the log; last_index + 1 when it is empty */
	uint64_t last_index;
	uint64_t stored_index;		/* durable up to here */
	uint64_t configuration_index;	/* of the entry in effect */
	uint64_t transfer_to;		/* leader: handing over to; 0: not */
	bool store_failing;		/* since raft_store_failed() */
	bool behind;			/* needs a snapshot: the leader's log begins too late */
};

enum raft_peer_state {
	RAFT_PEER_PROBE,	/* finding where the logs agree: one message at a time */
	RAFT_PEER_REPLICATE,	/* pipelined */
	RAFT_PEER_BEHIND,	/* needs entries that the leader no longer has */
};

struct raft_peer_status {
	uint64_t id;
	enum raft_peer_state state;
	uint64_t match_index;		/* known stored there */
	unsigned int in_flight;		/* appends sent and not answered */
	unsigned int silent_ticks;	/* since the last message from it */
};

void raft_status(const struct raft *r, struct raft_status *ret);

/*
 * Of a leader: the others, also one whose removal it still has to hear of; at
 * most @max (RAFT_SERVERS_MAX + 1 suffices).  Returns how many, 0 for others.
 */
size_t raft_peers(const struct raft *r, struct raft_peer_status *ret, size_t max);

/*
 * In effect, committed or not; count 0 while unknown.  Valid until the next
 * call that is not a getter.
 */
const struct raft_configuration *raft_configuration(const struct raft *r);

const char *raft_role_name(enum raft_role role);		/* "follower", …; never NULL */
const char *raft_peer_state_name(enum raft_peer_state state);

#endif
