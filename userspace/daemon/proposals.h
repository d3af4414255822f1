/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proposals that wait for their entry to be applied.  A proposal is answered
 * exactly once: with the state machine's result when the entry at its index
 * has its term, else with ERR_UNAVAILABLE.  Owner thread.
 */
#ifndef WGMESH_DAEMON_PROPOSALS_H
#define WGMESH_DAEMON_PROPOSALS_H

#include <sys/queue.h>

#include "raft/raft.h"
#include "store/state_store.h"

/*
 * @err->kind is ERR_NONE: applied, @result is what the state machine said, and
 * its own error is looked at first.  Otherwise @result is NULL.
 */
typedef void (*proposal_done_fn)(void *data, const struct apply_result *result,
				 const struct error *err);

struct proposal;
TAILQ_HEAD(proposals, proposal);

/* In ascending order of index, as Raft hands them out.  ERR_MEMORY. */
int proposals_add(struct proposals *p, const struct raft_position *at, proposal_done_fn done,
		  void *data, struct error *err);

/* The entry @index of @term is applied: answers its proposal and those before it. */
void proposals_applied(struct proposals *p, uint64_t index, uint64_t term,
		       const struct apply_result *result);

/* Answers all of them with ERR_UNAVAILABLE and @why: their fate is not known. */
void proposals_fail(struct proposals *p, const char *why);

#endif
