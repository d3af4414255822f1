/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work on the state database that takes longer than the owner may wait: syncing it, so
 * that the log can be compacted, and copying it for those whose place in the log is gone.  One
 * at a time on libuv's pool; the owner goes on applying meanwhile.  Owner thread.
 */
#ifndef WGMESH_DAEMON_SNAPSHOTS_H
#define WGMESH_DAEMON_SNAPSHOTS_H

#include <stdbool.h>

#include <uv.h>

#include "store/snapshot.h"

struct snapshots;

/* @path: of the state database; copies lie beside it, and are gone when they are not needed. */
struct snapshots *snapshots_new(uv_loop_t *loop, const char *path);	/* NULL: no memory */
/* @closed comes from the loop when the memory is gone and the pool has no work left. */
void snapshots_free(struct snapshots *s, void (*closed)(void *data), void *data);

/* True: the database must not be replaced now. */
bool snapshots_busy(const struct snapshots *s);

/* @index is what a loss of power keeps; with @err->kind other than ERR_NONE nothing is known. */
typedef void (*snapshots_synced_fn)(void *data, uint64_t index, const struct error *err);
/* Not while busy. */
void snapshots_sync(struct snapshots *s, snapshots_synced_fn done, void *data);

/* A copy; unlinked already, so it lives as long as somebody holds it. */
struct snapshot_file {
	struct snapshot_info info;
	int fd;
	unsigned int holders;
};

void snapshot_file_put(struct snapshot_file *file);	/* NULL is fine */

/*
 * The last copy if it has @index_min or more, else a new one.  NULL: it is not there yet, or
 * cannot be made (*@ret_trouble tells why, else it is empty): ask again later.
 */
struct snapshot_file *snapshots_get(struct snapshots *s, uint64_t index_min,
				    const char **ret_trouble);

/* The state is another by now: what was copied of it is for nobody any more. */
void snapshots_forget(struct snapshots *s);

/* Lets a copy go that nobody asked for in a minute; call it now and then. */
void snapshots_tidy(struct snapshots *s);

#endif
