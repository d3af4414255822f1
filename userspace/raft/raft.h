/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Raft consensus core: Ongaro, "Consensus: Bridging Theory and Practice"
 * (Stanford 2014, "the thesis"), whose sections the code cites.  Pure: no
 * clock, no I/O, no thread, no randomness but its seed; inputs here, outputs
 * in raft/actions.h.  One thread at a time.
 *
 * Any call that returns an error may be -ERR_MEMORY, -ERR_IO and the like for
 * good: when raft_failure() is not NULL the core has stopped, every further
 * input returns that error, and the server must be restarted from its disk.
 */
#ifndef WGMESH_RAFT_RAFT_H
#define WGMESH_RAFT_RAFT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "raft/actions.h"
#include "raft/configuration.h"
#include "raft/log_reader.h"
#include "raft/message.h"
#include "raft/status.h"

struct raft_config {
	uint64_t id;			/* this server; never 0 */
	uint64_t seed;			/* different on each server: election timeouts */
	unsigned int election_ticks;	/* the shortest timeout; each is drawn from [n, 2n) */
	unsigned int heartbeat_ticks;	/* less than election_ticks */
	unsigned int message_entries_max;	/* per append, 1 … RAFT_MESSAGE_ENTRIES_MAX */
	size_t message_bytes_max;	/* per append, exceeded only by a single entry */
	unsigned int inflight_messages_max;	/* per follower, 1 … RAFT_INFLIGHT_MAX */
	size_t inflight_bytes_max;	/* per follower */
	size_t uncommitted_bytes_max;	/* proposals beyond are refused */
	size_t tail_bytes_max;		/* of stored entries kept in memory */
	size_t apply_bytes_max;		/* per batch, exceeded only by a single entry */
	uint64_t promote_lag_max;	/* entries that a learner may lack when promoted */
};

enum { RAFT_INFLIGHT_MAX = 64, RAFT_READS_MAX = 4096 };

/* Sensible values; @id and @seed as given, election after 10-20 ticks, heartbeat every 2. */
void raft_config_defaults(struct raft_config *config, uint64_t id, uint64_t seed);

/* A configuration and the entry that it came from; index 0: none. */
struct raft_membership {
	uint64_t index;
	struct raft_configuration configuration;
};

/* What the disk says at start; all zero but first_index = 1 for a new server. */
struct raft_start {
	uint64_t term;			/* hard state */
	uint64_t vote;
	uint64_t applied;		/* by the state machine, durably: a lower bound of commit */
	uint64_t first_index;		/* 1, or above what compaction dropped */
	uint64_t base_term;		/* of the entry before first_index; 0 for none */
	uint64_t last_index;		/* first_index - 1: the log is empty */
	uint64_t last_term;
	struct raft_membership current;		/* the newest configuration in the log */
	struct raft_membership previous;	/* the one before it, for a roll-back */
};

/*
 * @config is copied; @reader's table is copied, its data must outlive the core.
 * ERR_INVALID: a value out of its range; ERR_CORRUPT: @start contradicts itself.
 */
int raft_new(const struct raft_config *config, const struct raft_start *start,
	     const struct raft_log_reader *reader, struct raft **ret, struct error *err);
void raft_free(struct raft *r);

/* Why the core has stopped, or NULL. */
const struct error *raft_failure(const struct raft *r);

/*
 * Make a new server with an empty log a cluster of one, itself, with @name: entry 1 is its
 * configuration.  Others come by raft_change_membership().  ERR_PRECONDITION: not new.
 */
int raft_bootstrap(struct raft *r, const char *name, struct error *err);

/* Time has passed: call at a steady rate, such as every 50 ms. */
int raft_tick(struct raft *r, struct error *err);

/*
 * A message came.  References to its entries are taken as needed; @m stays the
 * caller's.  ERR_INVALID: malformed, nothing changed.  Stale ones are no error.
 */
int raft_step(struct raft *r, const struct raft_message *m, struct error *err);

/* Where a proposal stands: it was committed iff the entry applied at index has this term. */
struct raft_position {
	uint64_t index;
	uint64_t term;
};

/*
 * Append @data to the log.  ERR_PRECONDITION: not the leader (the text names
 * it); ERR_UNAVAILABLE: handing over; ERR_EXHAUSTED: too much is uncommitted;
 * ERR_INVALID: longer than RAFT_ENTRY_BYTES_MAX.
 */
int raft_propose(struct raft *r, const void *data, size_t len, struct raft_position *ret,
		 struct error *err);

enum raft_change_kind {
	RAFT_ADD_LEARNER,
	RAFT_PROMOTE,		/* learner to voter, once caught up */
	RAFT_REMOVE,		/* voter or learner, the leader itself too */
};

struct raft_change {
	enum raft_change_kind kind;
	uint64_t id;
	const char *name;	/* RAFT_ADD_LEARNER */
};

/*
 * Propose the changed configuration, in effect here at once (thesis 4.1).
 * Errors of raft_propose(), and: ERR_UNAVAILABLE: another change is not yet
 * committed, nothing of this term is, or the learner lags: try again;
 * ERR_EXISTS, ERR_NOT_FOUND, ERR_INVALID for the server named; ERR_PRECONDITION
 * for the last voter's removal.
 */
int raft_change_membership(struct raft *r, const struct raft_change *change,
			   struct raft_position *ret, struct error *err);

/*
 * Forget the log up to @index, which the state machine has on disk (struct raft_start.applied of a
 * restart now would be @index or more).  Call it before the entries go from the driver's disk: from
 * then on the core never reads them.  Peers that still need them become
 * RAFT_PEER_BEHIND, and learn from heartbeats that they need a snapshot: a
 * server that is raft_status.behind gets the state of another and starts
 * anew from that (thesis chapter 5).  ERR_INVALID: not applied.
 */
int raft_compact(struct raft *r, uint64_t index, struct error *err);

/*
 * Ask for a linearisable read (thesis 6.4, no lease): struct raft_read with
 * this @id comes with a later batch, when this server may read its own applied
 * state.  ERR_PRECONDITION: not the leader; ERR_EXHAUSTED: RAFT_READS_MAX wait.
 */
int raft_read_index(struct raft *r, uint64_t id, struct error *err);

/*
 * Hand leadership to @to, or to the voter that is furthest when 0 (thesis
 * 3.10).  Given up after an election timeout.  ERR_PRECONDITION: not the
 * leader; ERR_NOT_FOUND: no such other voter; ERR_EXISTS: under way already.
 */
int raft_transfer(struct raft *r, uint64_t to, struct error *err);

#endif
