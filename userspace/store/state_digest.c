// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "base/buf.h"
#include "store/schema.h"
#include "store/state_internal.h"

/* FNV-1a with 128 bits: plenty against accidents, and no library. */
typedef unsigned __int128 hash_t;

#define FNV_OFFSET ((hash_t)0x6c62272e07bb0142ULL << 64 | 0x62b821756295c58dULL)
#define FNV_PRIME  ((hash_t)1 << 88 | 0x13b)

static hash_t hash_bytes(hash_t h, const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len--)
		h = (h ^ *p++) * FNV_PRIME;
	return h;
}

static hash_t hash_u64(hash_t h, uint64_t v)
{
	uint8_t bytes[8];

	store_u64(bytes, v);
	return hash_bytes(h, bytes, sizeof(bytes));
}

/* Type and length go in front, so that no two rows look alike joined together. */
static hash_t hash_column(hash_t h, sqlite3_stmt *stmt, int i)
{
	int type = sqlite3_column_type(stmt, i);
	const void *data;
	size_t len;

	h = hash_u64(h, (uint64_t)type);
	if (type == SQLITE_INTEGER)
		return hash_u64(h, (uint64_t)sqlite3_column_int64(stmt, i));
	if (type == SQLITE_NULL)
		return h;
	data = type == SQLITE_BLOB ? sqlite3_column_blob(stmt, i) :
				     (const void *)sqlite3_column_text(stmt, i);
	len = (size_t)sqlite3_column_bytes(stmt, i);
	return hash_bytes(hash_u64(h, len), data, len);
}

static int hash_table(struct db *db, const struct schema_table *table, hash_t *h,
		      struct error *err)
{
	sqlite3_stmt *stmt;
	int r = db_prepare(db, table->digest_sql, &stmt, err);

	if (r < 0)
		return r;
	*h = hash_bytes(*h, table->name, strlen(table->name));
	while ((r = db_step(db, stmt, err)) > 0)
		for (int i = 0; i < sqlite3_column_count(stmt); i++)
			*h = hash_column(*h, stmt, i);
	sqlite3_finalize(stmt);
	return r;
}

int state_digest(struct db *db, uint8_t ret[STATE_DIGEST], struct error *err)
{
	hash_t h = FNV_OFFSET;
	int schema, r;

	/* The version may have been raised by another connection since this one was opened. */
	r = db_pragma(db, "PRAGMA user_version", &schema, err);
	for (const struct schema_table *t = schema_tables; r >= 0 && t->name; t++)
		if (t->since <= schema)
			r = hash_table(db, t, &h, err);
	if (r < 0)
		return r;
	store_u64(ret, (uint64_t)(h >> 64));
	store_u64(ret + 8, (uint64_t)h);
	return 0;
}

int state_store_digest(struct state_store *s, uint8_t ret[STATE_DIGEST], struct error *err)
{
	return state_digest(&s->db, ret, err);
}
