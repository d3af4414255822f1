// SPDX-License-Identifier: Apache-2.0
#include "store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SHARED_WAIT_MS = 2000 };

static enum error_kind kind_of(int code)
{
	switch (code & 0xff) {
	case SQLITE_CORRUPT: case SQLITE_NOTADB: case SQLITE_FORMAT:
		return ERR_CORRUPT;
	case SQLITE_BUSY: case SQLITE_LOCKED:
		return ERR_PRECONDITION;
	case SQLITE_FULL:
		return ERR_EXHAUSTED;
	case SQLITE_NOMEM:
		return ERR_MEMORY;
	case SQLITE_PERM: case SQLITE_READONLY: case SQLITE_AUTH:
		return ERR_DENIED;
	case SQLITE_CONSTRAINT:
		return ERR_EXISTS;
	case SQLITE_IOERR: case SQLITE_CANTOPEN:
		return ERR_IO;
	default:
		return ERR_INTERNAL;
	}
}

static const char *remedy_of(enum error_kind kind)
{
	switch (kind) {
	case ERR_PRECONDITION:
		return "; another process has it open: stop that wgmeshd, or use another data "
		       "directory";
	case ERR_EXHAUSTED:
		return "; make room on that file system";
	case ERR_DENIED:
		return "; make file and directory writable for the daemon's user";
	default:
		return "";
	}
}

int db_error(struct db *db, int code, const char *what, struct error *err)
{
	enum error_kind kind = kind_of(code);
	const char *text = db->handle ? sqlite3_errmsg(db->handle) : sqlite3_errstr(code);
	int sys = db->handle ? sqlite3_system_errno(db->handle) : 0;

	/* A full disk is reported as a failed write when the file could not be extended. */
	if (kind == ERR_IO && (sys == ENOSPC || sys == EDQUOT))
		kind = ERR_EXHAUSTED;
	return error_set(err, kind, "%s: cannot %s: %s%s%s%s", db->path, what, text,
			 kind == ERR_IO && sys ? ": " : "",
			 kind == ERR_IO && sys ? strerror(sys) : "", remedy_of(kind));
}

/*
 * SQLite would create it readable for all; its journals take over the mode of the database.  An
 * existing file is never opened here: closing it would drop the locks that SQLite holds on it.
 */
static int create_file(struct db *db, struct error *err)
{
	int fd = open(db->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct stat st;

	if (fd >= 0)
		return close(fd) == 0 ? 0 : error_errno(err, errno, "%s: cannot close", db->path);
	if (errno != EEXIST || stat(db->path, &st) < 0)
		return error_errno(err, errno, "%s: cannot open", db->path);
	if ((st.st_mode & 077) && chmod(db->path, st.st_mode & 0700) < 0)
		return error_errno(err, errno, "%s: cannot take the rights of others away",
				   db->path);
	return 0;
}

/*
 * In exclusive mode the first write takes the lock for good, and with WAL no
 * shared-memory file is ever made.
 */
static int set_mode(struct db *db, enum db_mode mode, const char *pragmas, struct error *err)
{
	int r;

	if (mode == DB_EXCLUSIVE) {
		r = db_exec(db, "PRAGMA locking_mode=EXCLUSIVE", err);
		if (r < 0)
			return r;
	}
	r = db_exec(db, pragmas, err);
	if (r == 0 && mode == DB_EXCLUSIVE)
		r = db_exec(db, "BEGIN EXCLUSIVE; COMMIT", err);
	return r;
}

static int check_schema(struct db *db, int schema, struct error *err)
{
	int r = db_pragma(db, "PRAGMA user_version", &db->schema, err);

	if (r == 0 && db->schema > schema)
		return error_set(err, ERR_UNSUPPORTED,
				 "%s: schema version %d is newer than this release knows (%d); "
				 "upgrade wgmeshd", db->path, db->schema, schema);
	return r;
}

int db_open(struct db *db, const char *path, enum db_mode mode, const char *pragmas, int schema,
	    struct error *err)
{
	int r, code;

	*db = (struct db){ .path = strdup(path) };
	if (!db->path)
		return error_set(err, ERR_MEMORY, "%s: no memory", path);
	r = create_file(db, err);
	if (r == 0) {
		code = sqlite3_open_v2(path, &db->handle,
				       SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
		r = code == SQLITE_OK ? 0 : db_error(db, code, "open", err);
	}
	if (r == 0)
		sqlite3_extended_result_codes(db->handle, 1);
	/* A person with the sqlite3 shell may hold a shared one for a moment. */
	if (r == 0 && mode == DB_SHARED)
		sqlite3_busy_timeout(db->handle, SHARED_WAIT_MS);
	if (r == 0)
		r = set_mode(db, mode, pragmas, err);
	if (r == 0)
		r = check_schema(db, schema, err);
	if (r < 0)
		db_close(db);
	return r;
}

void db_close(struct db *db)
{
	sqlite3_close(db->handle);
	free(db->path);
	*db = (struct db){ 0 };
}

int db_exec(struct db *db, const char *sql, struct error *err)
{
	int code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

	return code == SQLITE_OK ? 0 : db_error(db, code, "write", err);
}

int db_pragma(struct db *db, const char *sql, int *ret, struct error *err)
{
	sqlite3_stmt *stmt;
	int r = db_prepare(db, sql, &stmt, err);

	if (r < 0)
		return r;
	r = db_step(db, stmt, err);
	if (r > 0)
		*ret = sqlite3_column_int(stmt, 0);
	sqlite3_finalize(stmt);
	return r < 0 ? r : 0;
}

int db_prepare(struct db *db, const char *sql, sqlite3_stmt **ret, struct error *err)
{
	int code = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL);

	return code == SQLITE_OK ? 0 : db_error(db, code, "read its schema", err);
}

int db_prepare_all(struct db *db, const char *const *sqls, sqlite3_stmt **ret, struct error *err)
{
	for (size_t i = 0; sqls[i]; i++) {
		int r = db_prepare(db, sqls[i], &ret[i], err);

		if (r < 0) {
			db_finalize_all(ret, i);
			return r;
		}
	}
	return 0;
}

void db_finalize_all(sqlite3_stmt **stmts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		sqlite3_finalize(stmts[i]);
		stmts[i] = NULL;
	}
}

int db_step(struct db *db, sqlite3_stmt *stmt, struct error *err)
{
	int code = sqlite3_step(stmt), r = 0;

	if (code == SQLITE_ROW)
		return 1;
	if (code != SQLITE_DONE)
		r = db_error(db, code, sqlite3_stmt_readonly(stmt) ? "read" : "write", err);
	db_done(stmt);
	return r;
}

int db_run(struct db *db, sqlite3_stmt *stmt, struct error *err)
{
	int r = db_step(db, stmt, err);

	if (r > 0)
		db_done(stmt);
	return r < 0 ? r : 0;
}

void db_done(sqlite3_stmt *stmt)
{
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
}

void db_bind_text(sqlite3_stmt *stmt, int i, const char *text)
{
	sqlite3_bind_text(stmt, i, text, -1, SQLITE_STATIC);
}

/* Never NULL: SQLite would make a NULL of an empty blob without address. */
void db_bind_bytes(sqlite3_stmt *stmt, int i, const void *data, size_t len)
{
	sqlite3_bind_blob64(stmt, i, len ? data : "", len, SQLITE_STATIC);
}

bool db_column_text(sqlite3_stmt *stmt, int i, char *out, size_t size)
{
	const char *text = (const char *)sqlite3_column_text(stmt, i);
	size_t len = text ? strlen(text) : size;

	if (len >= size)
		return false;
	memcpy(out, text, len + 1);
	return true;
}

bool db_column_bytes(sqlite3_stmt *stmt, int i, void *out, size_t len)
{
	if (sqlite3_column_type(stmt, i) != SQLITE_BLOB ||
	    (size_t)sqlite3_column_bytes(stmt, i) != len)
		return false;
	if (len)
		memcpy(out, sqlite3_column_blob(stmt, i), len);
	return true;
}
