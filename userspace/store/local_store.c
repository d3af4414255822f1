// SPDX-License-Identifier: Apache-2.0
#include "store/local_store.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "store/db.h"

enum { SCHEMA = 3 };

/*
 * secure_delete overwrites what is removed, old keys among it; and a rollback journal that is
 * truncated after each change leaves no copies, as a WAL would.
 */
#define PRAGMAS \
	"PRAGMA secure_delete=ON; PRAGMA journal_mode=TRUNCATE; PRAGMA synchronous=FULL;" \
	"PRAGMA temp_store=MEMORY"

#define CREATE \
	"BEGIN;" \
	"CREATE TABLE settings(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;" \
	"CREATE TABLE wireguard_key(id INTEGER PRIMARY KEY CHECK(id = 0)," \
	" private_key BLOB NOT NULL CHECK(length(private_key) = 32)," \
	" expires_at INTEGER NOT NULL) STRICT;" \
	"CREATE TABLE members(node TEXT PRIMARY KEY, server_id INTEGER NOT NULL," \
	" raft_address TEXT NOT NULL, grpc_address TEXT NOT NULL, voter INTEGER NOT NULL) STRICT;" \
	"PRAGMA user_version=1;" \
	"COMMIT"

#define CREATE_FLOORS \
	"BEGIN;" \
	"CREATE TABLE floors(public_key BLOB PRIMARY KEY CHECK(length(public_key) = 32)," \
	" floor BLOB NOT NULL CHECK(length(floor) = 12)) STRICT, WITHOUT ROWID;" \
	"PRAGMA user_version=2;" \
	"COMMIT"

#define CREATE_NEXT_KEY \
	"BEGIN;" \
	"CREATE TABLE next_key(id INTEGER PRIMARY KEY CHECK(id = 0)," \
	" private_key BLOB NOT NULL CHECK(length(private_key) = 32)) STRICT;" \
	"PRAGMA user_version=3;" \
	"COMMIT"

enum {
	BEGIN, COMMIT, ROLLBACK, SET, REMOVE, GET, SET_KEY, GET_KEY,
	SET_NEXT_KEY, GET_NEXT_KEY, TAKE_NEXT_KEY, REMOVE_NEXT_KEY,
	CLEAR_MEMBERS, ADD_MEMBER, LIST_MEMBERS,
	RAISE_FLOOR, GET_FLOOR, LIST_FLOORS, REMOVE_FLOOR, N_STMTS,
};

static const char *const sqls[] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[SET] = "INSERT OR REPLACE INTO settings VALUES(?1, ?2)",
	[REMOVE] = "DELETE FROM settings WHERE name = ?1",
	[GET] = "SELECT value FROM settings WHERE name = ?1",
	[SET_KEY] = "INSERT OR REPLACE INTO wireguard_key VALUES(0, ?1, ?2)",
	[GET_KEY] = "SELECT private_key, expires_at FROM wireguard_key",
	[SET_NEXT_KEY] = "INSERT OR REPLACE INTO next_key VALUES(0, ?1)",
	[GET_NEXT_KEY] = "SELECT private_key FROM next_key",
	[TAKE_NEXT_KEY] = "INSERT OR REPLACE INTO wireguard_key SELECT 0, private_key, ?1 FROM next_key",
	[REMOVE_NEXT_KEY] = "DELETE FROM next_key",
	[CLEAR_MEMBERS] = "DELETE FROM members",
	[ADD_MEMBER] = "INSERT INTO members(server_id, node, raft_address, grpc_address, voter)"
		       " VALUES(?1, ?2, ?3, ?4, ?5)",
	[LIST_MEMBERS] = "SELECT server_id, node, raft_address, grpc_address, voter FROM members"
			 " ORDER BY node",
	[RAISE_FLOOR] = "INSERT INTO floors VALUES(?1, ?2) ON CONFLICT(public_key)"
			" DO UPDATE SET floor = excluded.floor WHERE excluded.floor > floor",
	[GET_FLOOR] = "SELECT floor FROM floors WHERE public_key = ?1",
	[LIST_FLOORS] = "SELECT public_key FROM floors",
	[REMOVE_FLOOR] = "DELETE FROM floors WHERE public_key = ?1",
	[N_STMTS] = NULL,
};

struct local_store {
	struct db db;
	sqlite3_stmt *stmts[N_STMTS];
};

int local_store_open(const char *path, struct local_store **ret, struct error *err)
{
	struct local_store *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return error_set(err, ERR_MEMORY, "%s: no memory", path);
	r = db_open(&l->db, path, DB_EXCLUSIVE, PRAGMAS, SCHEMA, err);
	if (r == 0 && l->db.schema == 0)
		r = db_exec(&l->db, CREATE, err);
	if (r == 0 && l->db.schema < 2)
		r = db_exec(&l->db, CREATE_FLOORS, err);
	if (r == 0 && l->db.schema < SCHEMA)
		r = db_exec(&l->db, CREATE_NEXT_KEY, err);
	if (r == 0)
		r = db_prepare_all(&l->db, sqls, l->stmts, err);
	if (r < 0) {
		local_store_close(l);
		return r;
	}
	*ret = l;
	return 0;
}

void local_store_close(struct local_store *l)
{
	if (!l)
		return;
	db_finalize_all(l->stmts, N_STMTS);
	db_close(&l->db);
	free(l);
}

static bool name_valid(const char *name)
{
	size_t len = strnlen(name, 64);

	return len > 0 && len < 64 &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") == len;
}

int local_store_set_text(struct local_store *l, const char *name, const char *value,
			 struct error *err)
{
	sqlite3_stmt *stmt = l->stmts[value ? SET : REMOVE];

	if (!name_valid(name))
		return error_set(err, ERR_INVALID, "%s: \"%.64s\" is no name for a setting",
				 l->db.path, name);
	if (value && strnlen(value, LOCAL_TEXT_MAX + 1) > LOCAL_TEXT_MAX)
		return error_set(err, ERR_INVALID, "%s: setting %s is longer than %d bytes",
				 l->db.path, name, LOCAL_TEXT_MAX);
	db_bind_text(stmt, 1, name);
	if (value)
		db_bind_text(stmt, 2, value);
	return db_run(&l->db, stmt, err);
}

int local_store_get_text(struct local_store *l, const char *name, char **ret_value,
			 struct error *err)
{
	sqlite3_stmt *stmt = l->stmts[GET];
	char *value;
	int r;

	db_bind_text(stmt, 1, name);
	r = db_step(&l->db, stmt, err);
	if (r < 0)
		return r;
	if (r == 0)
		return error_set(err, ERR_NOT_FOUND, "%s: no setting %s", l->db.path, name);
	value = strdup((const char *)sqlite3_column_text(stmt, 0));
	db_done(stmt);
	if (!value)
		return error_set(err, ERR_MEMORY, "%s: no memory for setting %s", l->db.path, name);
	*ret_value = value;
	return 0;
}

int local_store_set_key(struct local_store *l, const struct local_key *key, struct error *err)
{
	sqlite3_stmt *stmt = l->stmts[SET_KEY];

	db_bind_bytes(stmt, 1, key->private_key.bytes, KEY_BYTES);
	sqlite3_bind_int64(stmt, 2, key->expires_at);
	return db_run(&l->db, stmt, err);
}

int local_store_get_key(struct local_store *l, struct local_key *ret, struct error *err)
{
	sqlite3_stmt *stmt = l->stmts[GET_KEY];
	int r = db_step(&l->db, stmt, err);

	if (r == 0)
		return error_set(err, ERR_NOT_FOUND, "%s: no WireGuard key yet", l->db.path);
	if (r < 0)
		return r;
	ret->expires_at = sqlite3_column_int64(stmt, 1);
	if (!db_column_bytes(stmt, 0, ret->private_key.bytes, KEY_BYTES))
		r = error_set(err, ERR_CORRUPT, "%s: the WireGuard key is damaged; remove the file "
			      "and join again", l->db.path);
	db_done(stmt);
	return r < 0 ? r : 0;
}

int local_store_set_next_key(struct local_store *l, const struct key *private_key,
			     struct error *err)
{
	sqlite3_stmt *stmt = l->stmts[SET_NEXT_KEY];

	db_bind_bytes(stmt, 1, private_key->bytes, KEY_BYTES);
	return db_run(&l->db, stmt, err);
}

int local_store_get_next_key(struct local_store *l, struct key *ret, struct error *err)
{
	sqlite3_stmt *stmt = l->stmts[GET_NEXT_KEY];
	int r = db_step(&l->db, stmt, err);

	if (r == 0)
		return error_set(err, ERR_NOT_FOUND, "%s: no next WireGuard key", l->db.path);
	if (r > 0)
		r = db_column_bytes(stmt, 0, ret->bytes, KEY_BYTES) ? 0 :
		    error_set(err, ERR_CORRUPT, "%s: the next WireGuard key is damaged", l->db.path);
	db_done(stmt);
	return r;
}

static int add_member(struct local_store *l, const struct local_member *m, struct error *err)
{
	sqlite3_stmt *stmt = l->stmts[ADD_MEMBER];

	sqlite3_bind_int64(stmt, 1, (int64_t)m->server_id);
	db_bind_text(stmt, 2, m->node_id);
	db_bind_text(stmt, 3, m->raft_address);
	db_bind_text(stmt, 4, m->grpc_address);
	sqlite3_bind_int(stmt, 5, m->voter);
	return db_run(&l->db, stmt, err);
}

/* @r of what came since BEGIN; the result of the whole. */
static int end_change(struct local_store *l, int r, struct error *err)
{
	if (r == 0)
		r = db_run(&l->db, l->stmts[COMMIT], err);
	if (r < 0 && !sqlite3_get_autocommit(l->db.handle))
		db_run(&l->db, l->stmts[ROLLBACK], NULL);
	return r;
}

int local_store_take_next_key(struct local_store *l, int64_t expires_at, struct error *err)
{
	struct key next;
	int r = local_store_get_next_key(l, &next, err);

	key_wipe(&next);
	if (r == 0)
		r = db_run(&l->db, l->stmts[BEGIN], err);
	if (r < 0)
		return r;
	sqlite3_bind_int64(l->stmts[TAKE_NEXT_KEY], 1, expires_at);
	r = db_run(&l->db, l->stmts[TAKE_NEXT_KEY], err);
	if (r == 0)
		r = db_run(&l->db, l->stmts[REMOVE_NEXT_KEY], err);
	return end_change(l, r, err);
}

int local_store_set_members(struct local_store *l, const struct local_member *members, size_t n,
			    struct error *err)
{
	int r;

	if (n > LOCAL_MEMBERS_MAX)
		return error_set(err, ERR_INVALID, "%s: %zu members; at most %d are kept",
				 l->db.path, n, LOCAL_MEMBERS_MAX);
	r = db_run(&l->db, l->stmts[BEGIN], err);
	if (r == 0)
		r = db_run(&l->db, l->stmts[CLEAR_MEMBERS], err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_member(l, &members[i], err);
	return end_change(l, r, err);
}

static bool read_member(sqlite3_stmt *stmt, struct local_member *m)
{
	*m = (struct local_member){
		.server_id = (uint64_t)sqlite3_column_int64(stmt, 0),
		.voter = sqlite3_column_int(stmt, 4) != 0,
	};
	return db_column_text(stmt, 1, m->node_id, sizeof(m->node_id)) &&
	       db_column_text(stmt, 2, m->raft_address, sizeof(m->raft_address)) &&
	       db_column_text(stmt, 3, m->grpc_address, sizeof(m->grpc_address));
}

int local_store_list_members(struct local_store *l, struct local_member **ret, size_t *ret_n,
			     struct error *err)
{
	sqlite3_stmt *stmt = l->stmts[LIST_MEMBERS];
	struct local_member *members = NULL, *grown;
	size_t n = 0;
	int r;

	while ((r = db_step(&l->db, stmt, err)) > 0) {
		grown = reallocarray(members, n + 1, sizeof(*members));
		if (grown)
			members = grown;
		if (!grown)
			r = error_set(err, ERR_MEMORY, "%s: no memory for its members", l->db.path);
		else if (!read_member(stmt, &members[n++]))
			r = error_set(err, ERR_CORRUPT, "%s: a member is damaged", l->db.path);
		if (r < 0)
			break;
	}
	db_done(stmt);
	if (r < 0) {
		free(members);
		return r;
	}
	*ret = members;
	*ret_n = n;
	return 0;
}

static int raise_floor(struct local_store *l, const struct local_floor *floor, struct error *err)
{
	sqlite3_stmt *stmt = l->stmts[RAISE_FLOOR];

	db_bind_bytes(stmt, 1, floor->public_key.bytes, KEY_BYTES);
	db_bind_bytes(stmt, 2, floor->floor, sizeof(floor->floor));
	return db_run(&l->db, stmt, err);
}

int local_store_raise_floors(struct local_store *l, const struct local_floor *floors, size_t n,
			     struct error *err)
{
	int r = db_run(&l->db, l->stmts[BEGIN], err);

	for (size_t i = 0; r == 0 && i < n; i++)
		r = raise_floor(l, &floors[i], err);
	return end_change(l, r, err);
}

int local_store_get_floor(struct local_store *l, const struct key *public_key,
			  uint8_t ret[LOCAL_FLOOR_BYTES], struct error *err)
{
	sqlite3_stmt *stmt = l->stmts[GET_FLOOR];
	char text[KEY_TEXT_MAX];
	int r;

	db_bind_bytes(stmt, 1, public_key->bytes, KEY_BYTES);
	r = db_step(&l->db, stmt, err);
	if (r == 0)
		return error_set(err, ERR_NOT_FOUND, "%s: no floor of peer %s", l->db.path,
				 key_format(public_key, text));
	if (r > 0)
		r = db_column_bytes(stmt, 0, ret, LOCAL_FLOOR_BYTES) ? 0 :
		    error_set(err, ERR_CORRUPT, "%s: the floor of peer %s is damaged", l->db.path,
			      key_format(public_key, text));
	db_done(stmt);
	return r;
}

static int forget_floor(struct local_store *l, const struct key *public_key, struct error *err)
{
	sqlite3_stmt *stmt = l->stmts[REMOVE_FLOOR];

	db_bind_bytes(stmt, 1, public_key->bytes, KEY_BYTES);
	return db_run(&l->db, stmt, err);
}

/* SQLite goes on behind a row that is removed while it is looked at. */
int local_store_keep_floors(struct local_store *l,
			    bool (*keep)(void *data, const struct key *public_key), void *data,
			    struct error *err)
{
	sqlite3_stmt *list = l->stmts[LIST_FLOORS];
	struct key key;
	int r = db_run(&l->db, l->stmts[BEGIN], err), more = r < 0 ? r : 1;

	while (r == 0 && (more = db_step(&l->db, list, err)) > 0)
		if (db_column_bytes(list, 0, key.bytes, KEY_BYTES) && !keep(data, &key))
			r = forget_floor(l, &key, err);
	db_done(list);
	return end_change(l, r < 0 ? r : more, err);
}
