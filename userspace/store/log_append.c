// SPDX-License-Identifier: Apache-2.0
/* Changes of the log: what a batch may ask for, and how it becomes one transaction. */
#include "store/log_internal.h"

static int run_u64(struct log_store *log, int which, uint64_t value, struct error *err)
{
	sqlite3_bind_int64(log->stmts[which], 1, (int64_t)value);
	return db_run(&log->db, log->stmts[which], err);
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

/* The state has what goes, and the log keeps its end or becomes empty behind it. */
static int check_compaction(struct log_store *log, const struct log_batch *batch, uint64_t last,
			    struct error *err)
{
	const struct hard_state *hard = batch->hard_state ? batch->hard_state : &log->meta.hard;

	if (batch->compact_to > last)
		return refuse(log, err, "it compacts beyond the end, up to", batch->compact_to);
	if (batch->compact_to > hard->commit)
		return refuse(log, err, "it compacts entries that are not committed, up to",
			      batch->compact_to);
	return 0;
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
		r = check_compaction(log, batch, kept, err);
	if (r == 0)
		*ret_kept = kept;
	return r;
}

static int insert(struct log_store *log, const struct log_entry *e, struct error *err)
{
	sqlite3_stmt *stmt = log->stmts[LOG_INSERT];

	sqlite3_bind_int64(stmt, 1, (int64_t)e->index);
	sqlite3_bind_int64(stmt, 2, (int64_t)e->term);
	sqlite3_bind_int64(stmt, 3, e->kind);
	db_bind_bytes(stmt, 4, e->data, e->len);
	sqlite3_bind_int64(stmt, 5, log_entry_crc(e));
	return db_run(&log->db, stmt, err);
}

static int write_batch(struct log_store *log, const struct log_batch *batch, uint64_t kept,
		       const struct log_meta *meta, struct error *err)
{
	int r = 0;

	if (kept < log->meta.last_index)
		r = run_u64(log, LOG_TRUNCATE, kept + 1, err);
	for (size_t i = 0; r == 0 && i < batch->n_entries; i++)
		r = insert(log, &batch->entries[i], err);
	return r ? r : log_meta_write(log, meta, err);
}

/* The end of a transaction that stands at @r: all of it, or nothing. */
static int finish(struct log_store *log, int r, const struct log_meta *meta, struct error *err)
{
	if (r == 0)
		r = db_run(&log->db, log->stmts[LOG_COMMIT], err);
	if (r == 0)
		log->meta = *meta;
	else if (!sqlite3_get_autocommit(log->db.handle))
		db_run(&log->db, log->stmts[LOG_ROLLBACK], NULL);
	return log_with_remedy(r, err);
}

int log_store_append(struct log_store *log, const struct log_batch *batch, struct error *err)
{
	struct log_meta meta = log->meta;
	uint64_t kept;
	int r = check_batch(log, batch, &kept, err);

	if (r == 0 && batch->compact_to > meta.base_index) {
		meta.base_index = batch->compact_to;
		r = log_store_term_at(log, meta.base_index, &meta.base_term, err);
	}
	if (r < 0)
		return log_with_remedy(r, err);
	meta.last_index = kept + batch->n_entries;
	if (batch->hard_state)
		meta.hard = *batch->hard_state;
	r = db_run(&log->db, log->stmts[LOG_BEGIN], err);
	if (r == 0 && meta.base_index > log->meta.base_index)
		r = run_u64(log, LOG_COMPACT, meta.base_index, err);
	if (r == 0)
		r = write_batch(log, batch, kept, &meta, err);
	return finish(log, r, &meta, err);
}

/* Is the snapshot's last entry in this log?  Then what follows on it is still good. */
static bool holds(struct log_store *log, uint64_t index, uint64_t term)
{
	uint64_t own;

	return index <= log->meta.last_index &&
	       log_store_term_at(log, index, &own, NULL) == 0 && own == term;
}

/* The log begins behind @index from now on, and ends where @last says. */
static int begin_behind(struct log_store *log, uint64_t index, uint64_t term, uint64_t last,
			struct error *err)
{
	struct log_meta meta = log->meta;
	int r;

	meta.last_index = last;
	meta.base_index = index;
	meta.base_term = term;
	meta.hard.commit = index;
	if (meta.hard.term < term) {
		meta.hard.term = term;
		meta.hard.vote = 0;
	}
	r = db_run(&log->db, log->stmts[LOG_BEGIN], err);
	if (r == 0)
		r = run_u64(log, LOG_COMPACT, last > index ? index : INT64_MAX, err);
	if (r == 0)
		r = log_meta_write(log, &meta, err);
	return finish(log, r, &meta, err);
}

int log_store_install(struct log_store *log, uint64_t index, uint64_t term, struct error *err)
{
	uint64_t last = holds(log, index, term) ? log->meta.last_index : index;

	if (index <= log->meta.base_index || index < log->meta.hard.commit)
		return refuse(log, err, "older than the log is the snapshot of", index);
	return begin_behind(log, index, term, last, err);
}

int log_store_replace(struct log_store *log, uint64_t index, uint64_t term, struct error *err)
{
	return begin_behind(log, index, term, index, err);
}
