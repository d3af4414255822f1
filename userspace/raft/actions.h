/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the core wants done.  The driver's turn, after any inputs:
 *
 *	while (raft_take_actions(r, &a, &err) == 0 && !raft_actions_empty(&a)) {
 *		send a.messages;		(in any order with the rest)
 *		if (a.store.sequence) {
 *			truncate, append, hard state in ONE transaction, synced;
 *			raft_stored(r, a.store.sequence) or raft_store_failed(r);
 *		}
 *		apply a.apply in order;	raft_applied(r, index of the last);
 *		answer a.reads;
 *		raft_actions_release(&a);
 *	}
 *
 * Storing and applying may also end later, on another thread's word: the next
 * batch then simply has none of these until the report came.
 */
#ifndef WGMESH_RAFT_ACTIONS_H
#define WGMESH_RAFT_ACTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "raft/message.h"

struct raft;

/* All of it in one transaction, or none; what is promised to others waits for raft_stored(). */
struct raft_store {
	uint64_t sequence;	/* 0: nothing to store */
	bool hard_state;	/* term and vote changed */
	uint64_t term;		/* always the current ones */
	uint64_t vote;
	uint64_t truncate_from;	/* first delete this index and all above; 0: nothing */
	struct raft_entry **entries;	/* then append these, consecutive */
	size_t entry_count;
};

struct raft_read {
	uint64_t id;		/* as given to raft_read_index() */
	/*
	 * True: the applied state holds all that was acknowledged before the
	 * request.  False: leadership was lost, ask again.
	 */
	bool ok;
};

/* Bits of struct raft_actions.changes: look again with raft_status(), raft_configuration(). */
enum {
	RAFT_CHANGED_STATE = 1 << 0,		/* role, term or leader */
	RAFT_CHANGED_CONFIGURATION = 1 << 1,	/* taken into effect, or rolled back */
	RAFT_CHANGED_COMMITTED_CONFIGURATION = 1 << 2,
	RAFT_CHANGED_REMOVED = 1 << 3,		/* committed: this server is no member any more */
	/* a peer needs entries that are gone from this log */
	RAFT_CHANGED_PEER_BEHIND = 1 << 4,
	RAFT_CHANGED_BEHIND = 1 << 5,	/* this server needs some that are gone from the leader's */
};

struct raft_actions {
	struct raft_store store;
	struct raft_message *messages;
	size_t message_count;
	/* Committed, stored here, consecutive, of all kinds; the next come after raft_applied(). */
	struct raft_entry **apply;
	size_t apply_count;
	struct raft_read *reads;
	size_t read_count;
	unsigned int changes;
};

/*
 * Fill @ret, which is the caller's until raft_actions_release(): arrays and
 * references stay valid whatever is fed to the core meanwhile, even its end.
 * On error (the core has failed) @ret is untouched.
 */
int raft_take_actions(struct raft *r, struct raft_actions *ret, struct error *err);

bool raft_actions_empty(const struct raft_actions *a);
void raft_actions_release(struct raft_actions *a);	/* and empties it */

/* The batch with this sequence is on disk. */
int raft_stored(struct raft *r, uint64_t sequence, struct error *err);

/*
 * The batch handed out last is not, or perhaps not, on disk.  A leader steps
 * down and the server does not campaign until a batch is stored; from the next
 * tick on raft_take_actions() hands out the same again (thesis 3.8: nothing is
 * promised before it is stored).
 */
int raft_store_failed(struct raft *r, struct error *err);

/* All entries up to @index are applied. */
int raft_applied(struct raft *r, uint64_t index, struct error *err);

#endif
