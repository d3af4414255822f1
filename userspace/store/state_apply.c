// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "store/schema.h"
#include "store/state_internal.h"

static int run_own(struct state_store *s, enum own_statement which, struct error *err)
{
	return db_run(&s->db, s->own[which], err);
}

int state_store_recall(struct state_store *s, const uint8_t request_id[ENTRY_REQUEST_ID],
		       struct apply_result *ret, struct error *err)
{
	sqlite3_stmt *stmt = s->own[OWN_RECALL];
	int r;

	*ret = (struct apply_result){ 0 };
	db_bind_bytes(stmt, 1, request_id, ENTRY_REQUEST_ID);
	r = db_step(&s->db, stmt, err);
	if (r <= 0)
		return r;
	ret->error.kind = (enum error_kind)sqlite3_column_int(stmt, 0);
	ret->failed = (unsigned int)sqlite3_column_int(stmt, 1);
	ret->rows_affected = sqlite3_column_int64(stmt, 2);
	ret->last_insert_id = sqlite3_column_int64(stmt, 3);
	snprintf(ret->error.text, sizeof(ret->error.text), "%s",
		 (const char *)sqlite3_column_text(stmt, 4));
	ret->replayed = true;
	db_done(stmt);
	return 1;
}

/* The window slides by index, not by time or count of rows: the same on every node. */
static int forget_old(struct state_store *s, uint64_t index, struct error *err)
{
	if (index <= STATE_REQUESTS)
		return 0;
	sqlite3_bind_int64(s->own[OWN_FORGET], 1, (int64_t)(index - STATE_REQUESTS));
	return run_own(s, OWN_FORGET, err);
}

static int remember(struct state_store *s, const struct entry_header *h, uint64_t index,
		    const struct apply_result *result, struct error *err)
{
	sqlite3_stmt *stmt = s->own[OWN_REMEMBER];
	int r;

	sqlite3_bind_int64(stmt, 1, (int64_t)index);
	db_bind_bytes(stmt, 2, h->request_id, ENTRY_REQUEST_ID);
	sqlite3_bind_int(stmt, 3, (int)result->error.kind);
	sqlite3_bind_int64(stmt, 4, result->failed);
	sqlite3_bind_int64(stmt, 5, result->rows_affected);
	sqlite3_bind_int64(stmt, 6, result->last_insert_id);
	db_bind_text(stmt, 7, result->error.kind ? result->error.text : "");
	r = db_run(&s->db, stmt, err);
	return r ? r : forget_old(s, index, err);
}

/*
 * A savepoint holds the entry together: refused at its third statement, its first two are
 * undone.
 */
static int run_entry(struct state_store *s, const struct entry_header *h, struct apply_result *ret,
		     struct error *err)
{
	struct change_mark mark = changes_mark(&s->changes);
	int r = run_own(s, OWN_SAVEPOINT, err);

	if (r < 0)
		return r;
	r = state_run_statements(s, h, ret, err);
	if (r == 0) {
		r = run_own(s, OWN_UNDO, err);
		changes_back_to(&s->changes, mark);
	}
	return r < 0 ? r : run_own(s, OWN_RELEASE, err);
}

static int apply_schema(struct state_store *s, uint32_t version, struct error *err)
{
	int r;

	if (version > SCHEMA_LATEST)
		return error_set(err, ERR_UNSUPPORTED,
				 "%s: an entry raises the schema to version %u, this release "
				 "knows %d; upgrade wgmeshd", s->db.path, version, SCHEMA_LATEST);
	r = schema_upgrade(&s->db, (int)version, err);
	if (r == 0 && (int)version > s->db.schema)
		s->db.schema = (int)version;
	return r;
}

static int apply_sql(struct state_store *s, const struct entry_header *h, uint64_t index,
		     struct apply_result *ret, struct error *err)
{
	int r = h->has_request_id ? state_store_recall(s, h->request_id, ret, err) : 0;

	if (r != 0)
		return r < 0 ? r : 0;
	r = run_entry(s, h, ret, err);
	if (r == 0 && h->has_request_id)
		r = remember(s, h, index, ret, err);
	return r;
}

int state_apply_data(struct state_store *s, const struct log_entry *entry,
		     struct apply_result *ret, struct error *err)
{
	struct entry_header h;
	struct error why;
	int r = entry_decode(entry->data, entry->len, &h, &why);

	if (r == -ERR_INVALID) {	/* malformed for everybody */
		ret->error = why;
		return 0;
	}
	if (r < 0) {
		if (err)
			*err = why;
		return r;
	}
	if (h.kind == ENTRY_DIGEST) {
		ret->digest_index = h.digest_index;
		memcpy(ret->digest, h.digest, STATE_DIGEST);
		return 0;
	}
	if (h.kind == ENTRY_SCHEMA)
		return apply_schema(s, h.schema, err);
	return apply_sql(s, &h, entry->index, ret, err);
}
