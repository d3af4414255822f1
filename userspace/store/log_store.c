// SPDX-License-Identifier: Apache-2.0
#include "store/log_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "store/crc32c.h"
#include "store/db.h"
#include "store/wal_check.h"

enum { SCHEMA = 1 };

/*
 * A checkpoint copies the WAL into the database with two more fsyncs; every 16 MB is rare enough to
 * cost little per entry, and short enough to be replayed in no time.
 */
#define PRAGMAS \
	"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=4096;" \
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

enum {
	BEGIN, COMMIT, ROLLBACK, INSERT, TRUNCATE, COMPACT, TERM_AT, READ, GET_META, SET_META,
	N_STMTS,
};

static const char *const sqls[] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[INSERT] = "INSERT INTO entries(idx, term, kind, data, crc) VALUES(?1, ?2, ?3, ?4, ?5)",
	[TRUNCATE] = "DELETE FROM entries WHERE idx >= ?1",
	[COMPACT] = "DELETE FROM entries WHERE idx <= ?1",
	[TERM_AT] = "SELECT term FROM entries WHERE idx = ?1",
	[READ] = "SELECT idx, term, kind, data, crc FROM entries"
		 " WHERE idx BETWEEN ?1 AND ?2 ORDER BY idx",
	[GET_META] = "SELECT term, vote, committed, base_index, base_term, last_index, crc"
		     " FROM meta",
	[SET_META] = "INSERT OR REPLACE INTO meta VALUES(0, ?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[N_STMTS] = NULL,
};

/*
 * The row of meta.  The last index stands there too: a damaged page may lose entries
 * from the end, and what is left would look like a shorter log.
 */
struct meta {
	struct hard_state hard;
	uint64_t base_index, base_term;		/* of the last entry compacted away */
	uint64_t last_index;
};

struct log_store {
	struct db db;
	sqlite3_stmt *stmts[N_STMTS];
	struct meta meta;
	bool is_new;
};

static uint32_t entry_crc(const struct log_entry *e)
{
	uint8_t head[24];

	store_u64(head, e->index);
	store_u64(head + 8, e->term);
	store_u32(head + 16, e->kind);
	store_u32(head + 20, e->len);
	return crc32c(crc32c(0, head, sizeof(head)), e->data, e->len);
}

static void meta_fields(const struct meta *m, uint64_t f[6])
{
	f[0] = m->hard.term;
	f[1] = m->hard.vote;
	f[2] = m->hard.commit;
	f[3] = m->base_index;
	f[4] = m->base_term;
	f[5] = m->last_index;
}

static uint32_t meta_crc(const uint64_t f[6])
{
	uint8_t bytes[48];

	for (int i = 0; i < 6; i++)
		store_u64(bytes + 8 * i, f[i]);
	return crc32c(0, bytes, sizeof(bytes));
}

static int corrupt(struct log_store *log, struct error *err, const char *what, uint64_t index)
{
	return error_set(err, ERR_CORRUPT, "%s: %s (index %llu); " REMEDY, log->db.path, what,
			 (unsigned long long)index);
}

/* SQLite's own complaints about a damaged file lack the remedy. */
static int with_remedy(int r, struct error *err)
{
	size_t len;

	if (r == -ERR_CORRUPT && err && !strstr(err->text, REMEDY)) {
		len = strlen(err->text);
		snprintf(err->text + len, sizeof(err->text) - len, "; " REMEDY);
	}
	return r;
}

static int run_u64(struct log_store *log, int which, uint64_t value, struct error *err)
{
	sqlite3_bind_int64(log->stmts[which], 1, (int64_t)value);
	return db_run(&log->db, log->stmts[which], err);
}

static int write_meta(struct log_store *log, const struct meta *m, struct error *err)
{
	sqlite3_stmt *stmt = log->stmts[SET_META];
	uint64_t f[6];

	meta_fields(m, f);
	for (int i = 0; i < 6; i++)
		sqlite3_bind_int64(stmt, i + 1, (int64_t)f[i]);
	sqlite3_bind_int64(stmt, 7, meta_crc(f));
	return db_run(&log->db, stmt, err);
}

static int read_meta(struct log_store *log, struct error *err)
{
	sqlite3_stmt *stmt = log->stmts[GET_META];
	int r = db_step(&log->db, stmt, err);
	uint64_t f[6];
	uint32_t crc;

	if (r < 0)
		return r;
	if (r == 0)
		return corrupt(log, err, "the hard state is missing", 0);
	for (int i = 0; i < 6; i++)
		f[i] = (uint64_t)sqlite3_column_int64(stmt, i);
	crc = (uint32_t)sqlite3_column_int64(stmt, 6);
	db_done(stmt);
	if (crc != meta_crc(f))
		return corrupt(log, err, "the hard state's checksum does not match", 0);
	log->meta = (struct meta){
		.hard = { .term = f[0], .vote = f[1], .commit = f[2] },
		.base_index = f[3], .base_term = f[4], .last_index = f[5],
	};
	return 0;
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
	sqlite3_stmt *stmt = log->stmts[READ];

	column_entry(stmt, ret);
	if (ret->index != index)
		return corrupt(log, err, "an entry is missing", index);
	if ((uint32_t)sqlite3_column_int64(stmt, 4) != entry_crc(ret))
		return corrupt(log, err, "an entry's checksum does not match", index);
	return 0;
}

static void bind_range(struct log_store *log, uint64_t from, uint64_t to)
{
	sqlite3_bind_int64(log->stmts[READ], 1, (int64_t)from);
	sqlite3_bind_int64(log->stmts[READ], 2, (int64_t)to);
}

/* Everything is read once, here: later reads may trust what they find. */
static int verify(struct log_store *log, struct error *err)
{
	uint64_t index = log->meta.base_index, term = log->meta.base_term;
	struct log_entry e;
	int r;

	bind_range(log, 0, INT64_MAX);
	while ((r = db_step(&log->db, log->stmts[READ], err)) > 0) {
		r = check_entry(log, ++index, &e, err);
		if (r == 0 && e.term < term)
			r = corrupt(log, err, "an entry's term is below the one before", index);
		if (r < 0) {
			db_done(log->stmts[READ]);
			return r;
		}
		term = e.term;
	}
	if (r == 0 && index != log->meta.last_index)
		return corrupt(log, err, "the last entries are missing", log->meta.last_index);
	return r;
}

static int create(struct log_store *log, struct error *err)
{
	int r = db_exec(&log->db, CREATE, err);

	if (r < 0)
		return r;
	log->is_new = true;
	r = db_prepare_all(&log->db, sqls, log->stmts, err);
	return r ? r : write_meta(log, &log->meta, err);
}

static int load_existing(struct log_store *log, struct error *err)
{
	int r = wal_check(log->db.path, err);

	if (r == 0)
		r = db_prepare_all(&log->db, sqls, log->stmts, err);
	if (r == 0)
		r = read_meta(log, err);
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
		return with_remedy(r, err);
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
	db_finalize_all(log->stmts, N_STMTS);
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
	sqlite3_stmt *stmt = log->stmts[TERM_AT];
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

static int refuse(struct log_store *log, struct error *err, const char *what, uint64_t value)
{
	return error_set(err, ERR_INVALID,
			 "%s: refused a batch: %s %llu (log %llu to %llu, commit %llu)",
			 log->db.path, what, (unsigned long long)value,
			 (unsigned long long)log_store_first_index(log),
			 (unsigned long long)log->meta.last_index,
			 (unsigned long long)log->meta.hard.commit);
}

/* A second net under the Raft core: what no correct server ever asks for. */
static int check_hard_state(struct log_store *log, const struct hard_state *new, struct error *err)
{
	const struct hard_state *old = &log->meta.hard;

	if (new->term < old->term)
		return refuse(log, err, "it takes the term back to", new->term);
	if (new->term == old->term && old->vote && new->vote != old->vote)
		return refuse(log, err, "it votes a second time in one term, for", new->vote);
	if (new->commit < old->commit)
		return refuse(log, err, "it takes the commit index back to", new->commit);
	return 0;
}

static int check_entries(struct log_store *log, const struct log_batch *batch, uint64_t last,
			 struct error *err)
{
	uint64_t term;
	int r = log_store_term_at(log, last, &term, err);

	for (size_t i = 0; r == 0 && i < batch->n_entries; i++) {
		const struct log_entry *e = &batch->entries[i];

		if (e->index != ++last)
			r = refuse(log, err, "it does not continue the log with entry", e->index);
		else if (e->term < term)
			r = refuse(log, err, "the term falls at entry", e->index);
		else if (e->len > LOG_ENTRY_DATA_MAX)
			r = refuse(log, err, "too big is entry", e->index);
		term = e->term;
	}
	return r;
}

/* *ret_kept: the last index that stays. */
static int check_batch(struct log_store *log, const struct log_batch *batch, uint64_t *ret_kept,
		       struct error *err)
{
	uint64_t kept = log->meta.last_index;
	int r = 0;

	if (batch->truncate_from && batch->truncate_from <= kept) {
		kept = batch->truncate_from - 1;
		if (kept < log->meta.base_index || kept < log->meta.hard.commit)
			return refuse(log, err, "it drops committed entries from", kept + 1);
	}
	if (batch->n_entries)
		r = check_entries(log, batch, kept, err);
	if (r == 0 && batch->hard_state)
		r = check_hard_state(log, batch->hard_state, err);
	if (r == 0)
		*ret_kept = kept;
	return r;
}

static int insert(struct log_store *log, const struct log_entry *e, struct error *err)
{
	sqlite3_stmt *stmt = log->stmts[INSERT];

	sqlite3_bind_int64(stmt, 1, (int64_t)e->index);
	sqlite3_bind_int64(stmt, 2, (int64_t)e->term);
	sqlite3_bind_int64(stmt, 3, e->kind);
	db_bind_bytes(stmt, 4, e->data, e->len);
	sqlite3_bind_int64(stmt, 5, entry_crc(e));
	return db_run(&log->db, stmt, err);
}

static int write_batch(struct log_store *log, const struct log_batch *batch, uint64_t kept,
		       const struct meta *meta, struct error *err)
{
	int r = 0;

	if (kept < log->meta.last_index)
		r = run_u64(log, TRUNCATE, kept + 1, err);
	for (size_t i = 0; r == 0 && i < batch->n_entries; i++)
		r = insert(log, &batch->entries[i], err);
	return r ? r : write_meta(log, meta, err);
}

/* The end of a transaction that stands at @r: all of it, or nothing. */
static int finish(struct log_store *log, int r, const struct meta *meta, struct error *err)
{
	if (r == 0)
		r = db_run(&log->db, log->stmts[COMMIT], err);
	if (r == 0)
		log->meta = *meta;
	else if (!sqlite3_get_autocommit(log->db.handle))
		db_run(&log->db, log->stmts[ROLLBACK], NULL);
	return with_remedy(r, err);
}

int log_store_append(struct log_store *log, const struct log_batch *batch, struct error *err)
{
	struct meta meta = log->meta;
	uint64_t kept;
	int r = check_batch(log, batch, &kept, err);

	if (r < 0)
		return r;
	meta.last_index = kept + batch->n_entries;
	if (batch->hard_state)
		meta.hard = *batch->hard_state;
	r = db_run(&log->db, log->stmts[BEGIN], err);
	if (r == 0)
		r = write_batch(log, batch, kept, &meta, err);
	return finish(log, r, &meta, err);
}

/* Entries from @from on to @fn; 0 when all are given or @max_bytes are. */
static int read_range(struct log_store *log, uint64_t from, uint64_t to, uint64_t max_bytes,
		      log_entry_fn fn, void *data, struct error *err)
{
	uint64_t bytes = 0;
	struct log_entry e;
	int r;

	for (uint64_t index = from; index <= to; index++) {
		r = db_step(&log->db, log->stmts[READ], err);
		if (r == 0)
			r = corrupt(log, err, "an entry is missing", index);
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
	db_done(log->stmts[READ]);
	return with_remedy(r, err);
}

int log_store_compact(struct log_store *log, uint64_t index, struct error *err)
{
	struct meta meta = log->meta;
	int r;

	if (index <= meta.base_index)
		return 0;
	if (index > meta.hard.commit)
		return refuse(log, err, "it compacts entries that are not committed, up to", index);
	r = log_store_term_at(log, index, &meta.base_term, err);
	meta.base_index = index;
	if (r == 0)
		r = db_run(&log->db, log->stmts[BEGIN], err);
	if (r == 0)
		r = run_u64(log, COMPACT, index, err);
	if (r == 0)
		r = write_meta(log, &meta, err);
	return finish(log, r, &meta, err);
}
