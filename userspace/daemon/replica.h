/* SPDX-License-Identifier: Apache-2.0 */
/*
 * This node's copy of the mesh's state, and how it is kept: as a server of the
 * Raft group while the log says that this node is one, else by following.  It
 * changes from one to the other by itself, on the same log and the same state.
 * Owner thread.
 */
#ifndef WGMESH_DAEMON_REPLICA_H
#define WGMESH_DAEMON_REPLICA_H

#include <stdbool.h>

#include "crypto/identity.h"
#include "daemon/directory.h"
#include "daemon/log_writer.h"
#include "daemon/proposals.h"
#include "daemon/settings.h"
#include "store/entry.h"
#include "store/state_store.h"

struct rpc_pump;

struct replica_callbacks {
	/* The state changed: what a batch touched; valid during the call. */
	void (*changed)(void *data, const struct state_changes *changes);
	/* Role, term, leader or configuration are others now. */
	void (*role_changed)(void *data);
	/* This node cannot go on. */
	void (*failed)(void *data, const struct error *err);
	/*
	 * Whether somebody reads the state's file beside the owner: another state waits for him.
	 * NULL: nobody ever does.
	 */
	bool (*is_read)(void *data);
};

struct replica_config {
	uv_loop_t *loop;
	struct rpc_pump *pump;
	const struct settings *settings;
	const struct identity *identity;
	struct log_store *log;
	struct state_store *state;
	struct local_store *local;
	struct replica_callbacks callbacks;
	void *data;
};

struct replica;

/* @found: make an empty log the start of a new cluster with this node as its only server. */
int replica_new(const struct replica_config *config, bool found, struct replica **ret,
		struct error *err);
/* @closed comes from the loop when the memory is gone; no other callback comes. */
void replica_free(struct replica *r, void (*closed)(void *data), void *data);

/*
 * Change the state.  @done comes later, exactly once, unless this fails:
 * ERR_PRECONDITION: this node does not lead (the text names who does);
 * ERR_EXHAUSTED, ERR_UNAVAILABLE: try again.
 */
int replica_propose(struct replica *r, const struct entry *entry, proposal_done_fn done,
		    void *ctx, struct error *err);

/*
 * Wait until the state here has all that was acknowledged before; on the leader only.  @done
 * comes later, exactly once, unless this fails.
 */
int replica_read(struct replica *r, void (*done)(void *data, const struct error *err), void *ctx,
		 struct error *err);

bool replica_leads(const struct replica *r);
/*
 * Leads, and its state has all that was ever committed: an entry of its own term
 * is applied (thesis 6.4).  Before that, what it reads may be old.
 */
bool replica_leads_up_to_date(const struct replica *r);
bool replica_is_voter(const struct replica *r, const char *node_id);
/* The node that is followed; "": none. */
const char *replica_source(const struct replica *r);
const char *replica_leader(const struct replica *r);	/* node id; "" while unknown */

/*
 * For leaders: bring the Raft group in line with the state; see membership.h.  Errors of
 * raft_change_membership().
 */
struct raft_change;
int replica_change_membership(struct replica *r, const struct raft_change *change,
			      struct error *err);
/*
 * Hand leadership to the voter @node_id, or with "" to the one that is furthest; raft_transfer().
 */
int replica_transfer(struct replica *r, const char *node_id, struct error *err);
/* In effect, committed or not; count 0: unknown. */
const struct raft_configuration *replica_configuration(const struct replica *r);

enum replica_role { REPLICA_LEADER, REPLICA_VOTER, REPLICA_LEARNER, REPLICA_OBSERVER };
const char *replica_role_name(enum replica_role role);

struct replica_status {
	enum replica_role role;
	const char *leader;		/* as replica_leader() */
	uint64_t term;			/* of the newest entry for observers */
	uint64_t commit_index, applied_index;
	unsigned int voters;
	unsigned int voters_reachable;	/* itself included; leader only, else 0 */
	uint64_t state_age_ms;		/* UINT64_MAX: never current */
	char trouble[ERROR_TEXT_MAX];	/* why the state is not current; "": it is */
};

void replica_status(const struct replica *r, struct replica_status *ret);

/* What a server knows of its log and its peers; false: this node is none. */
struct raft_status;
struct raft_peer_status;
bool replica_server_status(const struct replica *r, struct raft_status *ret_status,
			   struct raft_peer_status *ret_peers, size_t peers_max, size_t *ret_peers_count);

/*
 * For a server: there is a leader, but not for us.  Stop being one and follow until level: then
 * it is known whether this node still is a server.
 */
void replica_follow_first(struct replica *r);

/* The identity that it was made with is another by now: connections from here on show it. */
int replica_show_identity(struct replica *r, struct error *err);

/* Now and then, such as every 250 ms: syncs the state, compacts the log, lets old snapshots go. */
void replica_upkeep(struct replica *r);
struct snapshots *replica_snapshots(struct replica *r);

/* How long writes of the log took. */
struct durations;
const struct durations *replica_log_writes(const struct replica *r);
/* The disk is slow right now, and a read of the log that is not in memory would wait for it. */
bool replica_log_stalls(const struct replica *r);
/* Applied entries from @from on, for those who follow us; see log_writer_read(). */
int replica_read_log(struct replica *r, uint64_t from, uint64_t to, uint64_t max_bytes,
		     log_entry_fn fn, void *data, struct error *err);
uint64_t replica_first_index(struct replica *r);
/* Of an entry that is applied and not before the first; also of the one just before that. */
int replica_term_at(struct replica *r, uint64_t index, uint64_t *ret_term, struct error *err);
/*
 * Another number: log and state were replaced by a snapshot, and who stood at an index may stand
 * elsewhere.
 */
unsigned int replica_histories(const struct replica *r);

#endif
