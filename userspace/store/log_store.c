// SPDX-License-Identifier: Apache-2.0
#include "store/log_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/crc32c.h"
#include "store/log_internal.h"
#include "store/wal_check.h"

enum { SCHEMA = 1,
       WAL_BYTES = 5 << 20 /* what is written between two checkpoints, and some more */ };

/*
 * A checkpoint copies the WAL into the database with two more fsyncs; every 4 MB is rare enough to
 * cost little per entry, and short enough to be replayed in no time.
 */
#define PRAGMAS \
	"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=1024;" \
	"PRAGMA journal_size_limit=67108864; PRAGMA temp_store=MEMORY"

#define CREATE \
	"BEGIN;" \
	"CREATE TABLE entries(idx INTEGER PRIMARY KEY, term INTEGER NOT NULL," \
	" kind INTEGER NOT NULL, data BLOB NOT NULL, crc INTEGER NOT NULL) STRICT;" \
	"CREATE TABLE meta(id INTEGER PRIMARY KEY CHECK(id = 0), term INTEGER NOT NULL," \
	" vote INTEGER NOT NULL, committed INTEGER NOT NULL, base_index INTEGER NOT NULL," \
	" base_term INTEGER NOT NULL, last_index INTEGER NOT NULL, crc INTEGER NOT NULL) STRICT;" \
	"PRAGMA user_version=1;" \
	"COMMIT"

#define REMEDY \
	"remove this server from the cluster and let it join again with a new identity " \
	"and an empty data directory"

static const char *const sqls[] = {
	[LOG_BEGIN] = "BEGIN IMMEDIATE",
	[LOG_COMMIT] = "COMMIT",
	[LOG_ROLLBACK] = "ROLLBACK",
	[LOG_INSERT] = "INSERT INTO entries(idx, term, kind, data, crc) VALUES(?1, ?2, ?3, ?4, ?5)",
	[LOG_TRUNCATE] = "DELETE FROM entries WHERE idx >= ?1",
	[LOG_COMPACT] = "DELETE FROM entries WHERE idx <= ?1",
	[LOG_TERM_AT] = "SELECT term FROM entries WHERE idx = ?1",
	[LOG_READ] = "SELECT idx, term, kind, data, crc FROM entries"
		 " WHERE idx BETWEEN ?1 AND ?2 ORDER BY idx",
	[LOG_GET_META] = "SELECT term, vote, committed, base_index, base_term, last_index, crc"
		     " FROM meta",
	[LOG_SET_META] = "INSERT OR REPLACE INTO meta VALUES(0, ?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[N_LOG_STATEMENTS] = NULL,
};

uint32_t log_entry_crc(const struct log_entry *e)
{
	uint8_t head[24];

	store_u64(head, e->index);
	store_u64(head + 8, e->term);
	store_u32(head + 16, e->kind);
	store_u32(head + 20, e->len);
	return crc32c(crc32c(0, head, sizeof(head)), e->data, e->len);
}

int log_corrupt(struct log_store *log, struct error *err, const char *what, uint64_t index)
{
	return error_set(err, ERR_CORRUPT, "%s: %s (index %llu); " REMEDY, log->db.path, what,
			 (unsigned long long)index);
}

int log_with_remedy(int r, struct error *err)
{
	size_t len;

	if (r == -ERR_CORRUPT && err && !strstr(err->text, REMEDY)) {
		len = strlen(err->text);
		snprintf(err->text + len, sizeof(err->text) - len, "; " REMEDY);
	}
	return r;
}

static void column_entry(sqlite3_stmt *stmt, struct log_entry *ret)
{
	*ret = (struct log_entry){
		.index = (uint64_t)sqlite3_column_int64(stmt, 0),
		.term = (uint64_t)sqlite3_column_int64(stmt, 1),
		.kind = (uint32_t)sqlite3_column_int64(stmt, 2),
		.data = sqlite3_column_blob(stmt, 3),
		.len = (uint32_t)sqlite3_column_bytes(stmt, 3),
	};
}

/* The entry of the current row of READ, which must be @index. */
static int check_entry(struct log_store *log, uint64_t index, struct log_entry *ret,
		       struct error *err)
{
	sqlite3_stmt *stmt = log->stmts[LOG_READ];

	column_entry(stmt, ret);
	if (ret->index != index)
		return log_corrupt(log, err, "an entry is missing", index);
	if ((uint32_t)sqlite3_column_int64(stmt, 4) != log_entry_crc(ret))
		return log_corrupt(log, err, "an entry's checksum does not match", index);
	return 0;
}

static void bind_range(struct log_store *log, uint64_t from, uint64_t to)
{
	sqlite3_bind_int64(log->stmts[LOG_READ], 1, (int64_t)from);
	sqlite3_bind_int64(log->stmts[LOG_READ], 2, (int64_t)to);
}

/* Everything is read once, here: later reads may trust what they find. */
static int verify(struct log_store *log, struct error *err)
{
	uint64_t index = log->meta.base_index, term = log->meta.base_term;
	struct log_entry e;
	int r;

	bind_range(log, 0, INT64_MAX);
	while ((r = db_step(&log->db, log->stmts[LOG_READ], err)) > 0) {
		r = check_entry(log, ++index, &e, err);
		if (r == 0 && e.term < term)
			r = log_corrupt(log, err, "an entry's term is below the one before", index);
		if (r < 0) {
			db_done(log->stmts[LOG_READ]);
			return r;
		}
		term = e.term;
	}
	if (r == 0 && index != log->meta.last_index)
		return log_corrupt(log, err, "the last entries are missing", log->meta.last_index);
	return r;
}

static int create(struct log_store *log, struct error *err)
{
	int r = db_exec(&log->db, CREATE, err);

	if (r < 0)
		return r;
	log->is_new = true;
	r = db_prepare_all(&log->db, sqls, log->stmts, err);
	return r ? r : log_meta_write(log, &log->meta, err);
}

static int load_existing(struct log_store *log, struct error *err)
{
	int r = wal_check(log->db.path, err);

	if (r == 0)
		r = db_prepare_all(&log->db, sqls, log->stmts, err);
	if (r == 0)
		r = log_meta_read(log, err);
	return r ? r : verify(log, err);
}

/*
 * Closing must not checkpoint what is refused here: the next start would find a sound, shorter
 * log.  What is accepted starts with an empty WAL, so that wal_check() never
 * meets the leavings of two crashes on top of each other.
 */
static int load(struct log_store *log, struct error *err)
{
	int r;

	sqlite3_db_config(log->db.handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	r = log->db.schema == 0 ? create(log, err) : load_existing(log, err);
	if (r == 0)
		r = db_exec(&log->db, "PRAGMA wal_checkpoint(TRUNCATE)", err);
	if (r == 0)
		r = wal_reserve(log->db.path, WAL_BYTES, err);
	if (r == 0)
		sqlite3_db_config(log->db.handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	return r;
}

int log_store_open(const char *path, struct log_store **ret, struct error *err)
{
	struct log_store *log = calloc(1, sizeof(*log));
	int r;

	if (!log)
		return error_set(err, ERR_MEMORY, "%s: no memory", path);
	r = db_open(&log->db, path, DB_EXCLUSIVE, PRAGMAS, SCHEMA, err);
	if (r == 0)
		r = load(log, err);
	if (r < 0) {
		log_store_close(log);
		return log_with_remedy(r, err);
	}
	*ret = log;
	return 0;
}

bool log_store_is_new(const struct log_store *log)
{
	return log->is_new;
}

void log_store_close(struct log_store *log)
{
	if (!log)
		return;
	db_finalize_all(log->stmts, N_LOG_STATEMENTS);
	db_close(&log->db);
	free(log);
}

uint64_t log_store_first_index(const struct log_store *log)
{
	return log->meta.base_index + 1;
}

uint64_t log_store_last_index(const struct log_store *log)
{
	return log->meta.last_index;
}

struct hard_state log_store_hard_state(const struct log_store *log)
{
	return log->meta.hard;
}

int log_store_term_at(struct log_store *log, uint64_t index, uint64_t *ret_term, struct error *err)
{
	sqlite3_stmt *stmt = log->stmts[LOG_TERM_AT];
	int r;

	if (index == log->meta.base_index) {
		*ret_term = log->meta.base_term;
		return 0;
	}
	sqlite3_bind_int64(stmt, 1, (int64_t)index);
	r = db_step(&log->db, stmt, err);
	if (r < 0)
		return r;
	if (r == 0)
		return error_set(err, ERR_NOT_FOUND,
				 "%s: no entry %llu; the log reaches from %llu to %llu",
				 log->db.path, (unsigned long long)index,
				 (unsigned long long)log_store_first_index(log),
				 (unsigned long long)log->meta.last_index);
	*ret_term = (uint64_t)sqlite3_column_int64(stmt, 0);
	db_done(stmt);
	return 0;
}

/* Entries from @from on to @fn; 0 when all are given or @max_bytes are. */
static int read_range(struct log_store *log, uint64_t from, uint64_t to, uint64_t max_bytes,
		      log_entry_fn fn, void *data, struct error *err)
{
	uint64_t bytes = 0;
	struct log_entry e;
	int r;

	for (uint64_t index = from; index <= to; index++) {
		r = db_step(&log->db, log->stmts[LOG_READ], err);
		if (r == 0)
			r = log_corrupt(log, err, "an entry is missing", index);
		if (r > 0)
			r = check_entry(log, index, &e, err);
		if (r < 0)
			return r;
		bytes += e.len;
		if (index > from && bytes > max_bytes)
			return 0;
		r = fn(&e, data);
		if (r != 0)
			return r;
	}
	return 0;
}

int log_store_read(struct log_store *log, uint64_t from, uint64_t to, uint64_t max_bytes,
		   log_entry_fn fn, void *data, struct error *err)
{
	int r;

	if (from > to || from < log_store_first_index(log) || to > log->meta.last_index)
		return error_set(err, ERR_NOT_FOUND, "%s: no entries %llu to %llu", log->db.path,
				 (unsigned long long)from, (unsigned long long)to);
	bind_range(log, from, to);
	r = read_range(log, from, to, max_bytes, fn, data, err);
	db_done(log->stmts[LOG_READ]);
	return log_with_remedy(r, err);
}

