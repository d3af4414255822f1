/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiled statements by their text: entries come with SQL from a fixed set, and compiling
 * costs more than running.  Bounded; the oldest goes.  Internal to store/.
 */
#ifndef WGMESH_STORE_STMT_CACHE_H
#define WGMESH_STORE_STMT_CACHE_H

#include "store/db.h"

enum { STMT_CACHE_SIZE = 64 };

struct stmt_cache {
	struct cached {
		uint64_t hash;
		sqlite3_stmt *stmt;
	} items[STMT_CACHE_SIZE];
	unsigned int next;	/* the place to be taken when all are */
};

/*
 * SQLite's result code; *ret is the cache's, reset and without bindings.  SQLITE_MISUSE:
 * @sql is not exactly one statement.
 */
int stmt_cache_get(struct stmt_cache *cache, struct db *db, const char *sql, sqlite3_stmt **ret);
void stmt_cache_fini(struct stmt_cache *cache);

#endif
