/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The replicated state of the mesh: committed log entries applied to a SQLite database, in order.
 *
 * Applying is deterministic: an entry may read and change the replicated tables and nothing
 * else, without time, random numbers or connection settings (store/authorizer.h), so that every
 * node comes to the same rows and the same answers.
 *
 * Entries are applied in batches; a batch and the applied index are one transaction.  It is not
 * synced (synchronous=NORMAL): what a loss of power takes away is the end of the sequence,
 * applied index included, and the log still has it.  Hence two rules for the owner: apply only
 * what the own log has on disk, and compact the log only up to what state_sync() returned.
 *
 * One thread at a time.
 */
#ifndef WGMESH_STORE_STATE_STORE_H
#define WGMESH_STORE_STATE_STORE_H

#include <stdbool.h>

#include "base/buf.h"
#include "model/node.h"
#include "store/entry.h"
#include "store/log_store.h"

enum { STATE_REQUESTS = 16384 /* entries that a request id is remembered for */ };

struct state_store;

/* The proposer's answer; the same on every node. */
struct apply_result {
	struct error error;	/* kind ERR_NONE: applied; else nothing of the entry was */
	unsigned int failed;	/* with an error: the statement, from 0 */
	int64_t rows_affected;	/* of all statements */
	int64_t last_insert_id;
	bool replayed;		/* known request id: answered from memory */
	uint64_t digest_index;	/* not 0: the proposer's state of that index had this digest */
	uint8_t digest[STATE_DIGEST];
};

struct state_change {
	char node_id[NODE_ID_MAX + 1];
	bool removed;		/* else: new or changed */
	size_t place;		/* in the order of changes; of no use to others */
};

/* What a batch touched; a node once, as it is at the end. */
struct state_changes {
	struct state_change *nodes;	/* by id */
	size_t n_nodes;
	bool mesh;		/* the mesh's settings */
	bool members;		/* servers of the Raft group or their addresses */
};

/* Creates the database and its schema if the file is missing.  ERR_CORRUPT tells the remedy. */
int state_store_open(const char *path, struct state_store **ret, struct error *err);
/* An open batch is dropped. */
void state_store_close(struct state_store *s);

/* Index and term of the last entry applied, in an open batch too; 0: none. */
uint64_t state_store_applied(const struct state_store *s);
uint64_t state_store_applied_term(const struct state_store *s);

/* The version of the tables, in an open batch too; and the newest that this release can apply. */
uint32_t state_schema(const struct state_store *s);
uint32_t state_schema_latest(void);

int state_store_begin(struct state_store *s, struct error *err);

/*
 * Apply the entry behind the last one; kinds other than data only count.  0: applied or
 * refused, see @ret.  A failure is this node's alone (disk, memory, an entry of a newer
 * release: ERR_UNSUPPORTED): roll back, and apply nothing more before it is mended.
 */
int state_store_apply(struct state_store *s, const struct log_entry *entry,
		      struct apply_result *ret, struct error *err);

/*
 * 1: an entry with this request id was applied, and @ret is what came of it; 0: none was, or long
 * ago.
 */
int state_store_recall(struct state_store *s, const uint8_t request_id[ENTRY_REQUEST_ID],
		       struct apply_result *ret, struct error *err);

/* @ret_changes may be NULL.  On failure the batch is rolled back. */
int state_store_commit(struct state_store *s, struct state_changes *ret_changes, struct error *err);
void state_store_rollback(struct state_store *s);
void state_changes_fini(struct state_changes *changes);

/*
 * Pages in its journal (WAL).  It begins anew with the first commit that finds all of it synced
 * and nobody reading: while one commit follows the other at once, it grows.
 */
size_t state_store_journal(const struct state_store *s);

/*
 * Syncs what state_sync() has left, so that the journal does begin anew with the next commit.  Waits
 * for the disk, which is short just after state_sync(), and long else.  While somebody reads
 * it does nothing, and succeeds.
 */
int state_store_restart_journal(struct state_store *s, struct error *err);

/*
 * The configuration entry applied last: its data appended to @ret_data, and its index; 0: none was
 * since this store, or the snapshot that it came from, knows how to keep them.
 */
int state_store_configuration(struct state_store *s, uint64_t *ret_index, struct buf *ret_data,
			      struct error *err);

/*
 * Become the snapshot at @path (store/snapshot.h), whose file moves to the store's own place. 
 * Nobody else may have the database open.  Queries go on with the same @s; after a failure @s is
 * good for closing only.
 */
int state_store_replace(struct state_store *s, const char *path, struct error *err);

/*
 * A hash of all replicated rows: equal on all nodes with the same applied index.  Finds
 * divergence, not malice.  Reads everything: about 0.2 s for 100,000 nodes.
 */
int state_store_digest(struct state_store *s, uint8_t ret[STATE_DIGEST], struct error *err);

#endif
