// SPDX-License-Identifier: Apache-2.0
#include "store/stmt_cache.h"

#include <string.h>

#include "store/text_hash.h"

static sqlite3_stmt *lookup(struct stmt_cache *cache, uint64_t hash, const char *sql)
{
	for (unsigned int i = 0; i < STMT_CACHE_SIZE && cache->items[i].stmt; i++)
		if (cache->items[i].hash == hash &&
		    strcmp(sqlite3_sql(cache->items[i].stmt), sql) == 0)
			return cache->items[i].stmt;
	return NULL;
}

int stmt_cache_get(struct stmt_cache *cache, struct db *db, const char *sql, sqlite3_stmt **ret)
{
	uint64_t hash = text_hash(sql);
	sqlite3_stmt *stmt = lookup(cache, hash, sql);
	struct cached *place = &cache->items[cache->next];
	const char *tail;
	int code;

	if (stmt) {
		*ret = stmt;
		return SQLITE_OK;
	}
	code = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, &tail);
	if (code != SQLITE_OK)
		return code;
	if (!stmt || *tail) {
		sqlite3_finalize(stmt);
		return SQLITE_MISUSE;
	}
	sqlite3_finalize(place->stmt);
	*place = (struct cached){ .hash = hash, .stmt = stmt };
	cache->next = (cache->next + 1) % STMT_CACHE_SIZE;
	*ret = stmt;
	return SQLITE_OK;
}

void stmt_cache_fini(struct stmt_cache *cache)
{
	for (unsigned int i = 0; i < STMT_CACHE_SIZE; i++)
		sqlite3_finalize(cache->items[i].stmt);
	*cache = (struct stmt_cache){ 0 };
}
