/* SPDX-License-Identifier: Apache-2.0 */
/* The core's state and what its files ask of each other; nobody else includes this. */
#ifndef WGMESH_RAFT_CORE_H
#define WGMESH_RAFT_CORE_H

#include "raft/log.h"
#include "raft/progress.h"
#include "raft/raft.h"

enum { OUTBOX_MAX = 8192 };	/* messages; beyond they are lost, as on any network */

struct outgoing {
	struct raft_message message;
	uint64_t needs;		/* sent once the store of this sequence is done; 0: at once */
};

struct outbox {
	struct outgoing *items;
	size_t count, capacity;
};

/* The store under way: one at a time, what comes meanwhile is the next (group commit). */
struct storing {
	uint64_t issued;	/* sequence last handed out */
	uint64_t done;		/* sequence last reported stored */
	bool under_way;		/* issued, without a word yet */
	bool failing;		/* since raft_store_failed() */
	bool wait_tick;		/* and not tried again in this turn */
	bool hard_state_dirty;	/* term or vote not handed out yet */
	bool hard_state_issued;	/* part of the store under way */
	uint64_t last;		/* once it is done, the disk agrees with the log up to here … */
	uint64_t issued_last;	/* … and ends here */
	uint64_t disk_last;	/* highest index that the disk may hold now */
};

struct election {
	bool granted[RAFT_SERVERS_MAX];	/* by place in the configuration */
	bool transfer;		/* by the old leader's wish (3.10) */
	uint64_t own_vote_needs;	/* the store that makes the own vote count; 0: counted */
};

struct waiting_read {
	uint64_t id;
	uint64_t index;		/* readable once applied up to here */
	uint64_t round;		/* confirmed once a quorum answers this one; 0: not asked yet */
	bool lost;		/* leadership went before that */
};

struct reads {
	struct waiting_read *items;	/* in order of arrival, hence of round */
	size_t count, asked, capacity;	/* the first @asked have a round */
	uint64_t round;			/* the last one sent */
};

struct raft {
	struct raft_config config;
	struct error failure;		/* kind ERR_NONE: none */
	uint64_t random;
	enum raft_role role;
	uint64_t term, vote, leader;
	unsigned int elapsed;	/* ticks since the leader was heard; leader: since it checked */
	unsigned int timeout;		/* ticks, drawn anew for each wait */
	unsigned int heartbeat_elapsed;
	uint64_t commit;
	uint64_t applying;		/* handed out */
	uint64_t applied;
	struct raft_log log;
	struct raft_membership current, previous;
	struct election election;
	struct raft_progress peers[RAFT_SERVERS_MAX + 1];	/* one may be on its way out */
	unsigned int peer_count;
	size_t uncommitted_bytes;	/* leader: of data above commit */
	uint64_t transfer_to;
	unsigned int transfer_elapsed;
	struct outbox outbox;
	struct storing storing;
	struct reads reads;
	bool behind;		/* the leader's log begins behind what agrees with ours */
	unsigned int changes;
	struct raft_entry *scratch[RAFT_MESSAGE_ENTRIES_MAX];
};

/* raft.c */
void raft_fail(struct raft *r, const struct error *why);	/* the first failure stays */
void raft_fail_memory(struct raft *r, const char *what);
bool raft_has_failed(const struct raft *r);
int raft_verdict(const struct raft *r, struct error *err);	/* 0, or the failure */
int raft_check_leader(const struct raft *r, struct error *err);
/* 0 for index 0; a failing reader fails the core. */
uint64_t raft_term_at(struct raft *r, uint64_t index);
/* Append a new entry of this term behind the last one. */
void raft_append_own(struct raft *r, enum raft_entry_kind kind, const void *data, size_t len);
/* To at most @index, and take what follows from it. */
void raft_commit_to(struct raft *r, uint64_t index);

/* outbox.c */
void raft_send(struct raft *r, struct raft_message m);	/* takes m.entries over */
/* Not before all that is decided so far is stored, and not if the term has moved on by then. */
void raft_send_stored(struct raft *r, struct raft_message m);
size_t raft_outbox_take(struct raft *r, struct raft_message **ret);
void raft_outbox_fini(struct outbox *o);
void raft_message_release(struct raft_message *m);

/* actions.c */
/* The store that covers all that is decided so far; 0: it is stored. */
uint64_t raft_store_needed(const struct raft *r);

/* election.c */
void raft_become_follower(struct raft *r, uint64_t term, uint64_t leader);
void raft_campaign(struct raft *r, bool transfer);
void raft_election_tick(struct raft *r);
void raft_election_stored(struct raft *r);
bool raft_sticks_to_leader(const struct raft *r);
void raft_on_vote_request(struct raft *r, const struct raft_message *m);
void raft_on_vote_reply(struct raft *r, const struct raft_message *m);

/* leader.c */
void raft_become_leader(struct raft *r);
void raft_leader_tick(struct raft *r);
void raft_broadcast_heartbeat(struct raft *r);
struct raft_progress *raft_peer(struct raft *r, uint64_t id);
/* The highest value that a majority of the voters has reached. */
uint64_t raft_quorum_match(struct raft *r);
uint64_t raft_quorum_round(struct raft *r);

/* replication.c */
void raft_replicate(struct raft *r);
void raft_advance_commit(struct raft *r);
void raft_on_append_reply(struct raft *r, const struct raft_message *m);
void raft_on_heartbeat_reply(struct raft *r, const struct raft_message *m);

/* compaction.c */
/* The leader has dropped all up to @index of @term.  True: this server needs a snapshot. */
bool raft_note_base(struct raft *r, uint64_t index, uint64_t term);

/* follower.c */
void raft_on_append(struct raft *r, const struct raft_message *m);
void raft_on_heartbeat(struct raft *r, const struct raft_message *m);

/* membership.c */
bool raft_is_voter(const struct raft *r);
bool raft_may_campaign(const struct raft *r);
void raft_membership_tick(struct raft *r);
void raft_membership_appended(struct raft *r, const struct raft_entry *entry);
void raft_membership_truncated(struct raft *r, uint64_t from);
void raft_membership_committed(struct raft *r, uint64_t old_commit);

/* read.c */
void raft_reads_ask(struct raft *r);
void raft_reads_lose(struct raft *r);
size_t raft_reads_take(struct raft *r, struct raft_read **ret);
void raft_reads_fini(struct reads *reads);

/* transfer.c */
void raft_transfer_tick(struct raft *r);
void raft_transfer_progress(struct raft *r, const struct raft_progress *p);
void raft_transfer_away(struct raft *r);
void raft_on_timeout_now(struct raft *r, const struct raft_message *m);

#endif
