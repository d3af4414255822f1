/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the SQL of log entries may do.  SQLite asks for every table, column and function while it
 * compiles a statement; while the guard is on, the answer is yes to
 *	reading and changing rows of the tables that are open to entries,
 *	functions from a short list whose value depends on their arguments alone,
 * and no to everything else: time, random numbers, PRAGMA, ATTACH, schema changes, transactions,
 * recursion, the store's own tables.  So what an entry does is a function of the state alone.
 * Internal to store/.
 */
#ifndef WGMESH_STORE_AUTHORIZER_H
#define WGMESH_STORE_AUTHORIZER_H

#include "store/db.h"

/* @guard: read at every question; lives as long as the connection. */
int authorizer_install(struct db *db, const bool *guard, struct error *err);

/*
 * One conflict clause is invisible to the authorizer and must not run: OR ROLLBACK would
 * end the transaction of the whole batch, and how much that is differs from node to node.
 */
bool authorizer_text_allowed(const char *sql);

#endif
