/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What servers tell each other.  proto/ext/v1/raft.proto has the same fields
 * and numbers; the transport carries one as the other.  Messages may be lost,
 * doubled, delayed and reordered, but not altered.
 */
#ifndef WGMESH_RAFT_MESSAGE_H
#define WGMESH_RAFT_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "raft/entry.h"

enum raft_message_type {
	RAFT_MESSAGE_NONE = 0,
	RAFT_PRE_VOTE = 1,		/* thesis 9.6 */
	RAFT_PRE_VOTE_REPLY = 2,
	RAFT_VOTE = 3,			/* 3.4 */
	RAFT_VOTE_REPLY = 4,
	RAFT_APPEND = 5,		/* 3.5 */
	RAFT_APPEND_REPLY = 6,
	RAFT_HEARTBEAT = 7,		/* 3.4, 6.4 */
	RAFT_HEARTBEAT_REPLY = 8,
	RAFT_TIMEOUT_NOW = 9,		/* 3.10 */
	RAFT_MESSAGE_TYPES,
};

enum { RAFT_MESSAGE_ENTRIES_MAX = 1024 };

struct raft_message {
	enum raft_message_type type;
	uint64_t from;		/* server ids; never 0 */
	uint64_t to;
	uint64_t term;		/* the sender's; pre-vote: the term it would campaign in */
	/*
	 * The entry that the message is about.  Votes: the candidate's last.
	 * Append: the one before entries[0].  Its reply: the last that agrees
	 * and is stored or, with reject, the log_index of the append refused.
	 * Heartbeat: the last that is compacted away at the leader.  Its reply: the
	 * follower's last, or 0 when it needs a snapshot (log_term unused).
	 */
	uint64_t log_index;
	uint64_t log_term;
	uint64_t commit_index;	/* append, heartbeat: may be applied once the log agrees so far */
	uint64_t round;		/* heartbeat and reply: what ReadIndex counts (6.4) */
	bool reject;		/* replies */
	bool transfer;		/* vote: the old leader asked for this election (4.2.3) */
	/* Append's reply with reject: where the logs may agree at the latest (3.5 end). */
	uint64_t hint_index;
	uint64_t hint_term;
	/* Append: consecutive from log_index + 1 on; the array belongs to the message's holder. */
	struct raft_entry **entries;
	size_t entry_count;	/* 0 … RAFT_MESSAGE_ENTRIES_MAX */
};

/* Such as "append-reply"; never NULL. */
const char *raft_message_name(enum raft_message_type type);

#endif
