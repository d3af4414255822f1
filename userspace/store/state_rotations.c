// SPDX-License-Identifier: Apache-2.0
#include "store/schema.h"
#include "store/state_internal.h"
#include "store/state_query.h"

#define ROTATIONS "SELECT r.node, n.public_key, r.next_key, r.asked_at, r.announced_at" \
		  " FROM rotations r JOIN nodes n ON n.id = r.node"

bool state_has_rotations(const struct state_store *s)
{
	return state_schema(s) >= SCHEMA_ROTATIONS;
}

static bool read_row(sqlite3_stmt *stmt, struct rotation_record *ret)
{
	*ret = (struct rotation_record){
		.asked_at = sqlite3_column_int64(stmt, 3),
		.announced_at = sqlite3_column_int64(stmt, 4),
	};
	return db_column_text(stmt, 0, ret->node_id, sizeof(ret->node_id)) &&
	       db_column_bytes(stmt, 1, ret->current.bytes, KEY_BYTES) &&
	       (sqlite3_column_type(stmt, 2) == SQLITE_NULL ||
		db_column_bytes(stmt, 2, ret->next.bytes, KEY_BYTES));
}

static int bad_row(const struct state_store *s, struct error *err)
{
	return error_set(err, ERR_CORRUPT, "%s: a row of rotations is not what was written",
			 s->db.path);
}

int state_get_rotation(struct state_store *s, const char *node_id, struct rotation_record *ret,
		       struct error *err)
{
	struct rotation_record found;
	sqlite3_stmt *stmt = NULL;
	int r = 0;

	if (state_has_rotations(s))
		r = db_prepare(&s->db, ROTATIONS " WHERE r.node = ?1", &stmt, err);
	if (r == 0 && stmt) {
		db_bind_text(stmt, 1, node_id);
		r = db_step(&s->db, stmt, err);
	}
	if (r > 0 && !read_row(stmt, &found))
		r = bad_row(s, err);
	sqlite3_finalize(stmt);
	if (r == 0)
		return error_set(err, ERR_NOT_FOUND, "%s is not to change its key", node_id);
	if (r < 0)
		return r;
	*ret = found;
	return 0;
}

int state_each_rotation(struct state_store *s, state_rotation_fn fn, void *data, struct error *err)
{
	struct rotation_record rotation;
	sqlite3_stmt *stmt = NULL;
	int r;

	if (!state_has_rotations(s))
		return 0;
	r = db_prepare(&s->db, ROTATIONS " WHERE r.next_key IS NOT NULL"
		       " ORDER BY r.announced_at, r.node", &stmt, err);
	while (r >= 0 && (r = db_step(&s->db, stmt, err)) > 0) {
		r = read_row(stmt, &rotation) ? fn(&rotation, data) : bad_row(s, err);
		if (r != 0)
			break;
	}
	sqlite3_finalize(stmt);
	return r;
}
