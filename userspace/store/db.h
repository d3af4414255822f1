/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite for the stores of this folder: opening, statements, and its result codes as errors.
 * Internal to store/.  Errors name the database by its path.
 */
#ifndef WGMESH_STORE_DB_H
#define WGMESH_STORE_DB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum db_mode {
	DB_SHARED,	/* other connections may read */
	DB_EXCLUSIVE,	/* locked from open to close; ERR_PRECONDITION if somebody else has it */
};

struct db {
	sqlite3 *handle;
	char *path;
	int schema;	/* PRAGMA user_version when it was opened; 0: nothing in it */
};

/*
 * Creates the file if it is missing, takes the rights of others away, and runs
 * @pragmas.  ERR_UNSUPPORTED: of a newer release than @schema (PRAGMA user_version).
 */
int db_open(struct db *db, const char *path, enum db_mode mode, const char *pragmas, int schema,
	    struct error *err);
void db_close(struct db *db);

int db_exec(struct db *db, const char *sql, struct error *err);
/* The first column of the first row as a number. */
int db_pragma(struct db *db, const char *sql, int *ret, struct error *err);
int db_prepare(struct db *db, const char *sql, sqlite3_stmt **ret, struct error *err);
/* Several; @sqls ends with NULL and @ret has as many places.  On failure none is left. */
int db_prepare_all(struct db *db, const char *const *sqls, sqlite3_stmt **ret, struct error *err);
void db_finalize_all(sqlite3_stmt **stmts, size_t n);

/*
 * Runs a statement that gives no rows, and resets it.  Parameters are bound by the caller; they
 * are released, so that borrowed memory may go.
 */
int db_run(struct db *db, sqlite3_stmt *stmt, struct error *err);
/* 1: a row, read it and db_done(); 0: no (more) rows, and done; negative: failed, and done. */
int db_step(struct db *db, sqlite3_stmt *stmt, struct error *err);
void db_done(sqlite3_stmt *stmt);

/* The error for SQLite's result @code; @what: the doing that failed. */
int db_error(struct db *db, int code, const char *what, struct error *err);

/* Binds text that outlives the statement's run. */
void db_bind_text(sqlite3_stmt *stmt, int i, const char *text);
void db_bind_bytes(sqlite3_stmt *stmt, int i, const void *data, size_t len);
/* A text column into a fixed buffer; false: NULL or too long. */
bool db_column_text(sqlite3_stmt *stmt, int i, char *out, size_t size);
/* A blob column of exactly @len bytes. */
bool db_column_bytes(sqlite3_stmt *stmt, int i, void *out, size_t len);

#endif
