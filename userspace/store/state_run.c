// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "store/authorizer.h"
#include "store/entry_pack.h"
#include "store/state_internal.h"

/*
 * Every failure is of one of two sorts, and to mix them up breaks the mesh.  Refusals come from
 * the entry and the state: every node refuses alike, and the refusal is the answer. The rest
 * (disk, memory, a bug) is this node's: it must stop here, and the entry not count as applied.
 */
static bool is_refusal(int code)
{
	switch (code & 0xff) {
	case SQLITE_ERROR:
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH:
	case SQLITE_AUTH:
	case SQLITE_RANGE:
	case SQLITE_TOOBIG:
	case SQLITE_MISUSE:
		return true;
	default:
		return false;
	}
}

static enum error_kind kind_of_refusal(int code)
{
	switch (code) {
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_TRIGGER:
		return ERR_EXISTS;
	case SQLITE_AUTH:
		return ERR_DENIED;
	default:
		return ERR_INVALID;
	}
}

/* What a caller can make sense of, for the constraints that joins run into. */
static const char *explain(const char *text)
{
	static const struct {
		const char *part, *words;
	} known[] = {
		{ "nodes.public_key", "another node has this public key; make a new key pair" },
		{ "rotations.next_key", "another node has announced this key; make a new key pair" },
		{ "nodes.server_id", "another node has this server id; draw another one" },
		{ "leases.pool", "the address was given to another node meanwhile; join again" },
		{ "members.node",
		  "this node is a member already, with another server id; remove that first" },
		{ "tokens.id", "there is a token with this id already; draw another id" },
		{ "certificates.serial",
		  "there is a certificate with this serial already; draw another one" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strstr(text, known[i].part))
			return known[i].words;
	return text;
}

static int refuse(struct state_store *s, int code, struct apply_result *ret)
{
	const char *text = code == SQLITE_AUTH ?
		"the statement may do what is not deterministic, or touches what entries may not" :
		code == SQLITE_MISUSE ? "not exactly one statement that changes rows" :
		explain(sqlite3_errmsg(s->db.handle));

	error_set(&ret->error, kind_of_refusal(code), "%s", text);
	return 0;
}

static int refuse_or_fail(struct state_store *s, int code, struct apply_result *ret,
			  struct error *err)
{
	return is_refusal(code) ? refuse(s, code, ret) :
				  db_error(&s->db, code, "apply an entry", err);
}

static int bind_value(sqlite3_stmt *stmt, int i, const struct sql_value *v)
{
	switch (v->type) {
	case SQL_NULL:
		return sqlite3_bind_null(stmt, i);
	case SQL_DOUBLE:
		return sqlite3_bind_double(stmt, i, v->d);
	case SQL_BYTES:
		return sqlite3_bind_blob64(stmt, i, v->bytes.len ? v->bytes.data : "",
					   v->bytes.len, SQLITE_STATIC);
	case SQL_TEXT:
		return sqlite3_bind_text(stmt, i, v->text, -1, SQLITE_STATIC);
	default:
		return sqlite3_bind_int64(stmt, i, v->i);
	}
}

/*
 * By name where there is one, else by place.  SQLite's code, or -ERR_INVALID with the text in
 * @why.
 */
static int bind_params(sqlite3_stmt *stmt, const struct statement *st, struct error *why)
{
	struct sql_value v;
	int code = SQLITE_OK, r;

	if ((size_t)sqlite3_bind_parameter_count(stmt) != st->n_params)
		return error_set(why, ERR_INVALID, "the statement wants %d parameters, not %zu",
				 sqlite3_bind_parameter_count(stmt), st->n_params);
	for (size_t i = 0; code == SQLITE_OK && i < st->n_params; i++) {
		const char *name = statement_param_name(st, i);

		r = statement_param(st, i, &v, why);
		if (r < 0)
			return r;
		code = bind_value(stmt, *name ? sqlite3_bind_parameter_index(stmt, name) :
				  (int)i + 1, &v);
	}
	return code;
}

/* Runs to the end; RETURNING would give rows, nobody reads them. */
static int run_to_end(sqlite3_stmt *stmt)
{
	int code;

	do
		code = sqlite3_step(stmt);
	while (code == SQLITE_ROW);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

static int count_rows(struct state_store *s, const struct statement *st, struct apply_result *ret)
{
	int64_t rows = sqlite3_changes64(s->db.handle);

	ret->rows_affected += rows;
	if (rows || !(st->flags & ENTRY_MUST_CHANGE))
		return 1;
	error_set(&ret->error, ERR_PRECONDITION, "there is no row that it could change");
	return 0;
}

/*
 * Compiled and run with the authorizer on: SQLite compiles anew while it runs, if the schema
 * moved.
 */
static int run_guarded(struct state_store *s, const struct statement *st, struct apply_result *ret,
		       struct error *err)
{
	sqlite3_stmt *stmt;
	int code = stmt_cache_get(&s->cache, &s->db, st->sql, &stmt), r;

	if (code != SQLITE_OK)
		return refuse_or_fail(s, code, ret, err);
	if (sqlite3_stmt_readonly(stmt) || sqlite3_stmt_isexplain(stmt))
		return refuse(s, SQLITE_MISUSE, ret);
	code = bind_params(stmt, st, &ret->error);
	if (code == -ERR_INVALID) {
		db_done(stmt);
		return 0;
	}
	if (code == SQLITE_OK)
		code = run_to_end(stmt);
	r = code == SQLITE_OK ? count_rows(s, st, ret) : refuse_or_fail(s, code, ret, err);
	db_done(stmt);
	return r;
}

static int run_statement(struct state_store *s, const struct statement *st,
			 struct apply_result *ret, struct error *err)
{
	int r;

	if (!authorizer_text_allowed(st->sql))
		return refuse(s, SQLITE_AUTH, ret);
	s->guarded = true;
	r = run_guarded(s, st, ret, err);
	s->guarded = false;
	return r;
}

static int run_all(struct state_store *s, const struct entry_header *h, struct apply_result *ret,
		   struct error *err)
{
	struct statement st;
	size_t pos = 0;
	int r;

	for (ret->failed = 0; (r = statement_next(h, &pos, &st, &ret->error)) > 0; ret->failed++) {
		r = run_statement(s, &st, ret, err);
		statement_fini(&st);
		if (r <= 0)
			return r;
	}
	if (r == 0)
		return 1;
	if (r == -ERR_INVALID)
		return 0;
	if (err)
		*err = ret->error;
	return r;
}


int state_run_statements(struct state_store *s, const struct entry_header *h,
			 struct apply_result *ret, struct error *err)
{
	int r;

	/* Else an entry that inserts nothing would answer with an earlier one's. */
	sqlite3_set_last_insert_rowid(s->db.handle, 0);
	r = run_all(s, h, ret, err);
	if (r > 0) {
		ret->failed = 0;
		ret->last_insert_id = sqlite3_last_insert_rowid(s->db.handle);
	} else if (r == 0) {
		ret->rows_affected = 0;
	}
	return r;
}
