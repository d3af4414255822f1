/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes in a snapshot of another node's state: collects its pieces in a file, checks it, and puts
 * it in the place of this node's log and state.
 *
 *	1. state.db.part	grows by the pieces
 *	2. state.db.incoming	checked and synced; from here on it is whole
 *	3. the log forgets all up to the snapshot's index, or begins anew there, in one transaction
 *	4. state.db.incoming becomes state.db
 *
 * A crash before 3 leaves a file that is thrown away; one between 3 and 4 a file that fits the
 * log exactly, and installer_recover() does 4.  Owner thread.
 */
#ifndef WGMESH_DAEMON_INSTALLER_H
#define WGMESH_DAEMON_INSTALLER_H

#include <stdbool.h>

#include <uv.h>

#include "daemon/agreement.h"
#include "daemon/log_writer.h"
#include "daemon/snapshots.h"
#include "store/state_store.h"

struct installer_config {
	uv_loop_t *loop;
	struct log_writer *writer;	/* nobody else uses it, or the state, until the end */
	struct state_store *state;
	/* both are waited for: they may be reading the state's file */
	struct snapshots *snapshots;
	struct agreement *agreement;
	/* whether somebody else does, who is waited for, too; NULL: nobody does */
	bool (*is_read)(void *data);
	void *is_read_data;
	const char *path;		/* of the state database; copied */
	bool server;			/* others count on its log: nothing goes but what conflicts */
};

/*
 * The snapshot is installed, or with @err->kind other than ERR_NONE is not: @intact tells whether
 * log and state are what they were.
 */
typedef void (*installer_done_fn)(void *data, const struct error *err, bool intact);

struct installer;

int installer_new(const struct installer_config *config, installer_done_fn done, void *data,
		  struct installer **ret, struct error *err);
/* `done` does not come any more; @closed comes from the loop when the memory is gone. */
void installer_free(struct installer *i, void (*closed)(void *data), void *data);

struct installer_piece {
	struct snapshot_info whole;
	uint64_t offset;
	const void *data;
	size_t len;
	bool other_history;	/* it may take a node back, but no server */
};

/*
 * The next piece; a first one begins anew.  1: it was the last one, and `done` will come; 0: more
 * is wanted; negative: this snapshot is of no use.
 */
int installer_add(struct installer *i, const struct installer_piece *piece, struct error *err);

/* All pieces are there, and the log and the state are being replaced. */
bool installer_busy(const struct installer *i);

/* Before the state is opened: end, or throw away, what a crash interrupted. */
int installer_recover(const char *path, struct log_store *log, struct error *err);

#endif
