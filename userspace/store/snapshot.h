/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done with the state database beside the store that owns it: syncing, copying, hashing.
 * Each call opens the file anew and blocks on the disk: for any thread but the owner's, unless it
 * says otherwise.  The owner may go on writing, but not state_store_replace().
 *
 * A snapshot is a database like the state's own, with all that one index had applied.
 */
#ifndef WGMESH_STORE_SNAPSHOT_H
#define WGMESH_STORE_SNAPSHOT_H

#include <stdint.h>

#include "base/error.h"
#include "store/entry.h"
#include "store/state_query.h"

struct snapshot_info {
	uint64_t index, term;	/* of the last entry applied */
	uint64_t size;		/* bytes of the file */
};

/*
 * Put on disk what is committed at @path; *@ret_index: the applied index that a loss of power now
 * keeps.  ERR_UNAVAILABLE: somebody reads an older state; try again later.
 */
int state_sync(const char *path, uint64_t *ret_index, struct error *err);

/*
 * A look at the state of one index, which stays while the owner goes on: opened between two
 * batches by the owner himself, which is quick, and then hashed or read on another thread, which is
 * not.
 */
struct state_view;
int state_view_open(const char *path, struct state_view **ret, struct error *err);
/* All nodes, by id, as state_each_node() tells them. */
int state_view_each_node(struct state_view *view, state_node_fn fn, void *data, struct error *err);
int state_view_digest(struct state_view *view, uint8_t ret[STATE_DIGEST], struct error *err);
void state_view_close(struct state_view *view);	/* NULL is fine */

/* A copy of the state at @path to @to, which is overwritten; not synced. */
int snapshot_write(const char *path, const char *to, struct snapshot_info *ret, struct error *err);

/*
 * Is @path a snapshot whose every page is sound, and of a schema that this release knows?  Syncs
 * it.  ERR_CORRUPT, ERR_UNSUPPORTED.
 */
int snapshot_check(const char *path, struct snapshot_info *ret, struct error *err);

/*
 * Move a snapshot to @to, with whatever journals are left of a database there out of the way; on
 * disk when it returns.
 */
int snapshot_move(const char *path, const char *to, struct error *err);

#endif
