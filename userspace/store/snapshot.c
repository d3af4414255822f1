// SPDX-License-Identifier: Apache-2.0
#include "store/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/db.h"
#include "store/node_row.h"
#include "store/schema.h"
#include "store/state_internal.h"

/* ---- a connection that leaves everything as it is ---- */

static int attach(struct db *db, const char *path, struct error *err)
{
	return db_open(db, path, DB_SHARED,
		       "PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=0", SCHEMA_LATEST, err);
}

static int read_progress(struct db *db, struct snapshot_info *ret, struct error *err)
{
	sqlite3_stmt *stmt;
	int r = db_prepare(db, "SELECT applied_index, applied_term FROM progress", &stmt, err);

	if (r < 0)
		return r;
	r = db_step(db, stmt, err);
	if (r > 0) {
		ret->index = (uint64_t)sqlite3_column_int64(stmt, 0);
		ret->term = (uint64_t)sqlite3_column_int64(stmt, 1);
	}
	sqlite3_finalize(stmt);
	if (r == 0)
		return error_set(err, ERR_CORRUPT, "%s: the applied index is missing", db->path);
	return r < 0 ? r : 0;
}

/* ---- syncing ---- */

/*
 * A checkpoint syncs the WAL before it copies.  PASSIVE never makes the owner wait; it is
 * complete when it has copied all that was there when it began, which is all that was
 * read before, or more.
 */
static int checkpoint(struct db *db, struct error *err)
{
	int frames, copied;
	int code = sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, &frames,
					     &copied);

	if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY)
		return db_error(db, code, "sync", err);
	if (code != SQLITE_OK || copied < frames)
		return error_set(err, ERR_UNAVAILABLE, "%s: somebody reads it; sync again later",
				 db->path);
	return 0;
}

int state_sync(const char *path, uint64_t *ret_index, struct error *err)
{
	struct snapshot_info info = { 0 };
	struct db db;
	int r = attach(&db, path, err);

	if (r < 0)
		return r;
	r = read_progress(&db, &info, err);
	if (r == 0)
		r = checkpoint(&db, err);
	db_close(&db);
	if (r == 0)
		*ret_index = info.index;
	return r;
}

/* ---- looking ---- */

struct state_view {
	struct db db;
};

/* The transaction begins with the first read. */
int state_view_open(const char *path, struct state_view **ret, struct error *err)
{
	struct state_view *view = calloc(1, sizeof(*view));
	struct snapshot_info info;
	int r;

	if (!view)
		return error_set(err, ERR_MEMORY, "%s: no memory", path);
	r = attach(&view->db, path, err);
	if (r == 0)
		r = db_exec(&view->db, "BEGIN", err);
	if (r == 0)
		r = read_progress(&view->db, &info, err);
	if (r < 0)
		state_view_close(view);
	else
		*ret = view;
	return r;
}

int state_view_digest(struct state_view *view, uint8_t ret[STATE_DIGEST], struct error *err)
{
	return state_digest(&view->db, ret, err);
}

int state_view_each_node(struct state_view *view, state_node_fn fn, void *data, struct error *err)
{
	sqlite3_stmt *stmt;
	struct node node;
	int r = db_prepare(&view->db, "SELECT " NODE_COLUMN_NAMES " FROM nodes ORDER BY id", &stmt,
			   err);

	if (r < 0)
		return r;
	while ((r = db_step(&view->db, stmt, err)) > 0) {
		r = node_from_row(stmt, &node) ? fn(&node, data)
			: error_set(err, ERR_CORRUPT, "%s: a row of nodes cannot be read",
				    view->db.path);
		if (r != 0)
			break;
	}
	sqlite3_finalize(stmt);
	return r;
}

void state_view_close(struct state_view *view)
{
	if (!view)
		return;
	db_close(&view->db);
	free(view);
}

/* ---- copying ---- */

static int add_size(const char *path, struct snapshot_info *info, struct error *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return error_errno(err, errno, "%s", path);
	info->size = (uint64_t)st.st_size;
	return 0;
}

/* One read transaction: the owner's later commits stay out of it. */
static int vacuum_into(struct db *db, const char *to, struct error *err)
{
	sqlite3_stmt *stmt;
	int r = db_prepare(db, "VACUUM INTO ?1", &stmt, err);

	if (r < 0)
		return r;
	db_bind_text(stmt, 1, to);
	r = db_run(db, stmt, err);
	sqlite3_finalize(stmt);
	return r;
}

static int read_copy(const char *path, struct snapshot_info *ret, struct error *err)
{
	struct db db;
	int r = attach(&db, path, err);

	if (r < 0)
		return r;
	r = read_progress(&db, ret, err);
	db_close(&db);
	return r < 0 ? r : add_size(path, ret, err);
}

int snapshot_write(const char *path, const char *to, struct snapshot_info *ret, struct error *err)
{
	struct snapshot_info info = { 0 };
	struct db db;
	int r;

	if (unlink(to) < 0 && errno != ENOENT)
		return error_errno(err, errno, "%s: cannot make way for a snapshot", to);
	r = attach(&db, path, err);
	if (r < 0)
		return r;
	r = vacuum_into(&db, to, err);
	db_close(&db);
	if (r == 0)
		r = read_copy(to, &info, err);
	if (r == 0)
		*ret = info;
	else
		unlink(to);
	return r;
}

/* ---- taking in what others have copied ---- */

static int quick_check(struct db *db, struct error *err)
{
	sqlite3_stmt *stmt;
	int r = db_prepare(db, "PRAGMA quick_check(1)", &stmt, err);
	const char *verdict;

	if (r < 0)
		return r;
	r = db_step(db, stmt, err);
	verdict = r > 0 ? (const char *)sqlite3_column_text(stmt, 0) : NULL;
	if (r >= 0 && (!verdict || strcmp(verdict, "ok") != 0))
		r = error_set(err, ERR_CORRUPT, "%s: no sound snapshot: %s", db->path,
			      verdict ? verdict : "it cannot be read");
	sqlite3_finalize(stmt);
	return r < 0 ? r : 0;
}

static int sync_path(const char *path, int flags, struct error *err)
{
	int fd = open(path, flags | O_CLOEXEC), r = 0;

	if (fd < 0)
		return error_errno(err, errno, "%s", path);
	if (fsync(fd) < 0)
		r = error_errno(err, errno, "%s: cannot sync", path);
	close(fd);
	return r;
}

/* An empty file is a database too, and db_open() would make one of a missing file. */
static int check_there(const char *path, struct snapshot_info *info, struct error *err)
{
	int r = add_size(path, info, err);

	if (r == 0 && info->size == 0)
		r = error_set(err, ERR_CORRUPT, "%s: no snapshot: the file is empty", path);
	return r;
}

int snapshot_check(const char *path, struct snapshot_info *ret, struct error *err)
{
	struct snapshot_info info = { 0 };
	struct db db;
	int r = check_there(path, &info, err);

	if (r == 0)
		r = attach(&db, path, err);
	if (r < 0)
		return r;
	r = quick_check(&db, err);
	if (r == 0)
		r = read_progress(&db, &info, err);
	if (r == 0 && info.index == 0)
		r = error_set(err, ERR_CORRUPT, "%s: no snapshot: nothing is applied in it", path);
	db_close(&db);
	if (r == 0)
		r = sync_path(path, O_RDWR, err);
	if (r == 0)
		*ret = info;
	return r;
}

static int remove_journal(const char *path, const char *suffix, struct error *err)
{
	char name[PATH_MAX];

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	if (unlink(name) < 0 && errno != ENOENT)
		return error_errno(err, errno, "%s: cannot remove", name);
	return 0;
}

/* Journals first: beside another database they would be taken for its own. */
int snapshot_move(const char *path, const char *to, struct error *err)
{
	char folder[PATH_MAX];
	int r = remove_journal(to, "-wal", err);

	if (r == 0)
		r = remove_journal(to, "-shm", err);
	if (r == 0 && rename(path, to) < 0)
		r = error_errno(err, errno, "%s: cannot become %s", path, to);
	snprintf(folder, sizeof(folder), "%s", to);
	return r < 0 ? r : sync_path(dirname(folder), O_RDONLY | O_DIRECTORY, err);
}
