/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives the Raft core of a server: its clock, its log on disk, its messages,
 * and the entries that it commits.  Owner thread.
 */
#ifndef WGMESH_DAEMON_CONSENSUS_H
#define WGMESH_DAEMON_CONSENSUS_H

#include <stdbool.h>

#include <uv.h>

#include "daemon/applier.h"
#include "daemon/log_writer.h"
#include "daemon/proposals.h"
#include "daemon/reads.h"
#include "raft/raft.h"

struct consensus_config {
	uv_loop_t *loop;
	struct log_writer *writer;
	struct state_store *state;
	uint64_t server_id;
	uint32_t tick_ms;
	struct applier_listener listener;
	/* Hands @message to the network; may drop it. */
	void (*send)(void *data, const struct raft_message *message);
	/* @changes: RAFT_CHANGED_*; comes from the loop, never from inside a call. */
	void (*changed)(void *data, unsigned int changes);
	/* This server cannot go on and must be restarted; nothing more comes. */
	void (*failed)(void *data, const struct error *err);
	void *data;
};

struct consensus;

/*
 * Reads the end of the log for configurations.  With @bootstrap_name and an empty log: a cluster
 * of one.
 */
int consensus_new(const struct consensus_config *config, const char *bootstrap_name,
		  struct consensus **ret, struct error *err);
/* Proposals that wait are failed; @closed comes from the loop when the memory is gone. */
void consensus_free(struct consensus *c, void (*closed)(void *data), void *data);

void consensus_receive(struct consensus *c, const struct raft_message *message);

/* @done comes later, exactly once, unless this fails (errors of raft_propose()). */
int consensus_propose(struct consensus *c, const void *data, size_t len, proposal_done_fn done,
		      void *ctx, struct error *err);
/* A linearisable read (raft_read_index()).  @done comes later, exactly once, unless this fails. */
int consensus_read(struct consensus *c, read_done_fn done, void *data, struct error *err);
/* Errors of raft_change_membership(); the outcome shows in the configuration. */
int consensus_change(struct consensus *c, const struct raft_change *change, struct error *err);

/* Errors of raft_transfer(); how it ends shows in who leads. */
int consensus_transfer(struct consensus *c, uint64_t to, struct error *err);

void consensus_status(const struct consensus *c, struct raft_status *ret);
size_t consensus_peers(const struct consensus *c, struct raft_peer_status *ret, size_t max);
const struct raft_configuration *consensus_configuration(const struct consensus *c);
/* Milliseconds since a leader was heard; 0 while leading, UINT64_MAX: never. */
uint64_t consensus_silence(const struct consensus *c);
unsigned int consensus_election_ticks(const struct consensus *c);

/* The state cannot be written, such as when its disk is full; what is committed waits. */
bool consensus_state_is_stuck(const struct consensus *c);

/* Entries that the core has in memory, which takes no disk: see log_writer_read(). */
bool consensus_has_in_memory(const struct consensus *c, uint64_t index);
int consensus_read_memory(const struct consensus *c, uint64_t from, uint64_t to,
			  uint64_t max_bytes, log_entry_fn fn, void *data);

/*
 * The log up to @index, which the state has on disk (state_sync()), may go; it does with batches
 * to come.
 */
void consensus_compact(struct consensus *c, uint64_t index);

#endif
