/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Follows the committed log of a cluster that this node does not vote in: keeps
 * the entries in a log of its own, applies them, and changes over to another source
 * when the one it has goes silent.  What no log has any more comes as a snapshot.  Owner thread.
 */
#ifndef WGMESH_DAEMON_FOLLOWER_H
#define WGMESH_DAEMON_FOLLOWER_H

#include <stdbool.h>

#include <uv.h>

#include "crypto/identity.h"
#include "daemon/agreement.h"
#include "daemon/applier.h"
#include "daemon/directory.h"
#include "daemon/log_writer.h"
#include "daemon/snapshots.h"

struct rpc_pump;

struct follower_config {
	uv_loop_t *loop;
	struct rpc_pump *pump;
	struct log_writer *writer;
	struct state_store *state;
	const char *state_path;			/* of its database; copied */
	struct snapshots *snapshots;
	struct agreement *agreement;
	bool (*is_read)(void *data);		/* as installer.h has it, with @is_read_data */
	void *is_read_data;
	const struct identity *identity;	/* borrowed; read at every connection */
	struct applier_listener listener;
	/*
	 * This node is a server, others count on its log, and nothing goes but what conflicts.  An
	 * observer's log is for itself: it is begun anew wherever it does not end with the state.
	 */
	bool server;
	/* Where to follow from; asked again at every change of source. */
	int (*sources)(void *data, struct directory *ret, struct error *err);
	/* A configuration entry was applied. */
	void (*configuration)(void *data, const struct log_entry *entry);
	/* All that the source knew to be committed is applied; comes again and again. */
	void (*caught_up)(void *data);
	/*
	 * A snapshot took the place of log and state, maybe with less applied than before; the
	 * listener hears of it next.
	 */
	void (*installed)(void *data);
	/* The source changed, or was lost (@node_id NULL, @why tells). */
	void (*source_changed)(void *data, const char *node_id, const char *why);
	/* This node cannot go on: its disk or its state failed. */
	void (*failed)(void *data, const struct error *err);
	void *data;
};

struct follower;

int follower_new(const struct follower_config *config, struct follower **ret, struct error *err);
/* @closed comes from the loop when the memory is gone; no other callback comes. */
void follower_free(struct follower *f, void (*closed)(void *data), void *data);

/* The log up to @index, which the state has on disk, may go; it does with what comes next. */
void follower_compact(struct follower *f, uint64_t index);
/* Log and state are being replaced: nobody else may use them. */
bool follower_installing(const struct follower *f);

/* Who is followed now; "": nobody. */
const char *follower_source(const struct follower *f);
/* As the source tells it: "" while unknown. */
const char *follower_leader(const struct follower *f);
uint64_t follower_commit_index(const struct follower *f);
/* Milliseconds since the state was last known to be current; UINT64_MAX: never. */
uint64_t follower_state_age(const struct follower *f);

#endif
