// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "store/authorizer.h"
#include "store/schema.h"
#include "store/snapshot.h"
#include "store/state_internal.h"

/*
 * The applied index is in the same transaction as the rows, and the log is synced: what a crash
 * takes from this file is applied once more.  So NORMAL, which syncs only at checkpoints, is
 * enough; OFF is not, for it lets the disk reorder a checkpoint and then tears rows from their
 * index.  Checkpoints wait for the disk: state_sync() makes them, on another thread.
 *
 * The other settings change what a statement means; they are the same on every node, whatever
 * SQLite's packager chose.
 */
#define PRAGMAS \
	"PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=0;" \
	"PRAGMA journal_size_limit=67108864; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-32768;" \
	"PRAGMA recursive_triggers=ON; PRAGMA foreign_keys=OFF"

static const char *const own_sql[] = {
	[OWN_BEGIN] = "BEGIN IMMEDIATE",
	[OWN_COMMIT] = "COMMIT",
	[OWN_ROLLBACK] = "ROLLBACK",
	[OWN_SAVEPOINT] = "SAVEPOINT entry",
	[OWN_RELEASE] = "RELEASE entry",
	[OWN_UNDO] = "ROLLBACK TO entry",
	[OWN_SET_CONFIGURATION] = "INSERT OR REPLACE INTO configuration VALUES(0, ?1, ?2)",
	[OWN_SET_PROGRESS] = "UPDATE progress SET applied_index = ?1, applied_term = ?2",
	[OWN_RECALL] = "SELECT kind, failed, affected, last_id, text FROM requests WHERE id = ?1",
	[OWN_REMEMBER] = "INSERT INTO requests VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[OWN_FORGET] = "DELETE FROM requests WHERE idx <= ?1",
	[N_OWN] = NULL,
};

/* Limits are compiled into SQLite and differ; an entry must not pass here and fail there. */
static void fix_limits(sqlite3 *handle)
{
	static const int limits[][2] = {
		{ SQLITE_LIMIT_LENGTH, 16 << 20 },
		{ SQLITE_LIMIT_SQL_LENGTH, 1 << 16 },
		{ SQLITE_LIMIT_COLUMN, 100 },
		{ SQLITE_LIMIT_EXPR_DEPTH, 100 },
		{ SQLITE_LIMIT_COMPOUND_SELECT, 10 },
		{ SQLITE_LIMIT_FUNCTION_ARG, 10 },
		{ SQLITE_LIMIT_VARIABLE_NUMBER, ENTRY_PARAMS_MAX },
		{ SQLITE_LIMIT_TRIGGER_DEPTH, 10 },
		{ SQLITE_LIMIT_ATTACHED, 0 },
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++)
		sqlite3_limit(handle, limits[i][0], limits[i][1]);
	sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
}

static int create(struct state_store *s, struct error *err)
{
	int r = db_exec(&s->db, "BEGIN", err);

	if (r == 0)
		r = schema_upgrade(&s->db, SCHEMA_FIRST, err);
	if (r == 0)
		r = db_exec(&s->db, "COMMIT", err);
	if (r == 0)
		s->db.schema = SCHEMA_FIRST;
	return r;
}

static int read_progress(struct state_store *s, struct error *err)
{
	sqlite3_stmt *stmt;
	int r = db_prepare(&s->db, "SELECT applied_index, applied_term FROM progress", &stmt, err);

	if (r < 0)
		return r;
	r = db_step(&s->db, stmt, err);
	if (r > 0) {
		s->applied_index = (uint64_t)sqlite3_column_int64(stmt, 0);
		s->applied_term = (uint64_t)sqlite3_column_int64(stmt, 1);
	}
	sqlite3_finalize(stmt);
	if (r == 0)
		return error_set(err, ERR_CORRUPT, "%s: the applied index is missing", s->db.path);
	return r < 0 ? r : 0;
}

static int note_wal(void *data, sqlite3 *handle, const char *name, int pages)
{
	((struct state_store *)data)->wal_pages = pages;
	return SQLITE_OK;
}

/* Bookkeeping of this node's, like progress: no part of the schema that entries agree on. */
static int add_configuration(struct state_store *s, struct error *err)
{
	return db_exec(&s->db, "CREATE TABLE IF NOT EXISTS configuration(id INTEGER PRIMARY KEY"
		       " CHECK(id = 0), idx INTEGER NOT NULL, data BLOB NOT NULL) STRICT", err);
}

static int load(struct state_store *s, struct error *err)
{
	int r = s->db.schema == 0 ? create(s, err) : 0;

	sqlite3_wal_hook(s->db.handle, note_wal, s);
	if (r == 0)
		r = add_configuration(s, err);
	if (r == 0)
		r = read_progress(s, err);
	if (r == 0)
		r = changes_install(&s->db, &s->changes, err);
	if (r == 0)
		r = db_prepare_all(&s->db, own_sql, s->own, err);
	if (r == 0)
		r = db_prepare_all(&s->db, state_queries, s->queries, err);
	return r ? r : authorizer_install(&s->db, &s->guarded, err);
}

static int with_remedy(int r, struct error *err)
{
	struct error old;

	if (r != -ERR_CORRUPT || !err)
		return r;
	old = *err;
	return error_set(err, ERR_CORRUPT,
			 "%s; stop wgmeshd, move the file away with its -wal and -shm, and start "
			 "again: it is built anew, from the log or another node's", old.text);
}

static int open_file(struct state_store *s, const char *path, struct error *err)
{
	int r = db_open(&s->db, path, DB_SHARED, PRAGMAS, SCHEMA_LATEST, err);

	if (r < 0)
		return with_remedy(r, err);
	fix_limits(s->db.handle);
	return with_remedy(load(s, err), err);
}

int state_store_open(const char *path, struct state_store **ret, struct error *err)
{
	struct state_store *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return error_set(err, ERR_MEMORY, "%s: no memory", path);
	r = open_file(s, path, err);
	if (r < 0) {
		state_store_close(s);
		return r;
	}
	*ret = s;
	return 0;
}

static void close_file(struct state_store *s)
{
	state_store_rollback(s);
	node_cache_drop(&s->nodes);
	stmt_cache_fini(&s->cache);
	db_finalize_all(s->own, N_OWN);
	db_finalize_all(s->queries, N_QUERIES);
	db_close(&s->db);
	changes_drop(&s->changes);
}

void state_store_close(struct state_store *s)
{
	if (!s)
		return;
	close_file(s);
	free(s);
}

int state_store_replace(struct state_store *s, const char *path, struct error *err)
{
	char *own = strdup(s->db.path);
	int r;

	if (!own)
		return error_set(err, ERR_MEMORY, "%s: no memory", s->db.path);
	close_file(s);
	r = snapshot_move(path, own, err);
	if (r == 0)
		r = open_file(s, own, err);
	free(own);
	return r;
}

uint64_t state_store_applied(const struct state_store *s)
{
	return s->applied_index;
}

uint64_t state_store_applied_term(const struct state_store *s)
{
	return s->applied_term;
}

int state_store_begin(struct state_store *s, struct error *err)
{
	int r;

	if (s->in_batch)
		return error_set(err, ERR_INTERNAL, "%s: a batch is open already", s->db.path);
	r = db_run(&s->db, s->own[OWN_BEGIN], err);
	if (r < 0)
		return r;
	s->in_batch = true;
	node_cache_drop(&s->nodes);
	s->committed_index = s->applied_index;
	s->committed_term = s->applied_term;
	s->committed_schema = s->db.schema;
	return 0;
}

static int keep_configuration(struct state_store *s, const struct log_entry *entry,
			      struct error *err)
{
	sqlite3_stmt *stmt = s->own[OWN_SET_CONFIGURATION];

	sqlite3_bind_int64(stmt, 1, (int64_t)entry->index);
	db_bind_bytes(stmt, 2, entry->data, entry->len);
	return db_run(&s->db, stmt, err);
}

int state_store_configuration(struct state_store *s, uint64_t *ret_index, struct buf *ret_data,
			      struct error *err)
{
	sqlite3_stmt *stmt;
	int r = db_prepare(&s->db, "SELECT idx, data FROM configuration", &stmt, err);

	if (r < 0)
		return r;
	r = db_step(&s->db, stmt, err);
	*ret_index = r > 0 ? (uint64_t)sqlite3_column_int64(stmt, 0) : 0;
	if (r > 0 && !buf_append(ret_data, sqlite3_column_blob(stmt, 1),
				 (size_t)sqlite3_column_bytes(stmt, 1)))
		r = error_set(err, ERR_MEMORY, "%s: no memory", s->db.path);
	sqlite3_finalize(stmt);
	return r < 0 ? r : 0;
}

int state_store_apply(struct state_store *s, const struct log_entry *entry,
		      struct apply_result *ret, struct error *err)
{
	struct apply_result result = { 0 };
	int r = 0;

	if (!s->in_batch || entry->index != s->applied_index + 1)
		return error_set(err, ERR_INTERNAL,
				 "%s: entry %llu cannot be applied behind %llu%s",
				 s->db.path, (unsigned long long)entry->index,
				 (unsigned long long)s->applied_index,
				 s->in_batch ? "" : ", outside of a batch");
	if (entry->kind == LOG_ENTRY_DATA)
		r = state_apply_data(s, entry, &result, err);
	else if (entry->kind == LOG_ENTRY_CONFIGURATION)
		r = keep_configuration(s, entry, err);
	if (r < 0)
		return with_remedy(r, err);
	s->applied_index = entry->index;
	s->applied_term = entry->term;
	*ret = result;
	return 0;
}

static int write_progress(struct state_store *s, struct error *err)
{
	sqlite3_stmt *stmt = s->own[OWN_SET_PROGRESS];

	sqlite3_bind_int64(stmt, 1, (int64_t)s->applied_index);
	sqlite3_bind_int64(stmt, 2, (int64_t)s->applied_term);
	return db_run(&s->db, stmt, err);
}

int state_store_commit(struct state_store *s, struct state_changes *ret_changes, struct error *err)
{
	int r;

	if (!s->in_batch)
		return error_set(err, ERR_INTERNAL, "%s: no batch is open", s->db.path);
	r = write_progress(s, err);
	if (r == 0)
		r = db_run(&s->db, s->own[OWN_COMMIT], err);
	if (r < 0) {
		state_store_rollback(s);
		return with_remedy(r, err);
	}
	s->in_batch = false;
	if (ret_changes)
		changes_take(&s->changes, ret_changes);
	changes_drop(&s->changes);
	return 0;
}

void state_store_rollback(struct state_store *s)
{
	if (!s->in_batch)
		return;
	if (!sqlite3_get_autocommit(s->db.handle))
		db_run(&s->db, s->own[OWN_ROLLBACK], NULL);
	s->in_batch = false;
	s->applied_index = s->committed_index;
	s->applied_term = s->committed_term;
	s->db.schema = s->committed_schema;
	changes_drop(&s->changes);
}

size_t state_store_journal(const struct state_store *s)
{
	return (size_t)s->wal_pages;
}

int state_store_restart_journal(struct state_store *s, struct error *err)
{
	int code = sqlite3_wal_checkpoint_v2(s->db.handle, NULL, SQLITE_CHECKPOINT_RESTART, NULL,
					     NULL);

	if (code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY)
		return 0;
	return db_error(&s->db, code, "begin its journal anew", err);
}

uint32_t state_schema(const struct state_store *s)
{
	return (uint32_t)s->db.schema;
}

uint32_t state_schema_latest(void)
{
	return SCHEMA_LATEST;
}
