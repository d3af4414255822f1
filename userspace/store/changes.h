/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The change feed: triggers that live in the connection call functions of ours for every
 * row that an entry touches (schema_notes).  What a refused entry touched is taken back.
 * Internal to store/.
 */
#ifndef WGMESH_STORE_CHANGES_H
#define WGMESH_STORE_CHANGES_H

#include "store/db.h"
#include "store/state_store.h"

struct change_log {
	struct state_change *items;	/* in the order that they came, a node maybe often */
	size_t n, cap;
	bool mesh, members;
};

struct change_mark {
	size_t n;
	bool mesh, members;
};

/* Functions and triggers; @log lives as long as the connection. */
int changes_install(struct db *db, struct change_log *log, struct error *err);

struct change_mark changes_mark(const struct change_log *log);
void changes_back_to(struct change_log *log, struct change_mark mark);

/* What came together, a node once; the log is empty after it. */
void changes_take(struct change_log *log, struct state_changes *ret);
void changes_drop(struct change_log *log);

#endif
