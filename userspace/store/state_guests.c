// SPDX-License-Identifier: Apache-2.0
/* Reading guests, whose table a state may not have yet: so no statement of theirs is kept. */
#include "store/schema.h"
#include "store/state_internal.h"
#include "store/state_query.h"

bool state_has_guests(const struct state_store *s)
{
	return s->db.schema >= SCHEMA_GUESTS;
}

int state_get_guest(struct state_store *s, const char *node_id, uint32_t *ret_seconds,
		    struct error *err)
{
	sqlite3_stmt *stmt = NULL;
	int r = 0;

	if (state_has_guests(s))
		r = db_prepare(&s->db, "SELECT seconds FROM guests WHERE node = ?1", &stmt, err);
	if (r == 0 && stmt) {
		db_bind_text(stmt, 1, node_id);
		r = db_step(&s->db, stmt, err);
	}
	if (r >= 0)
		*ret_seconds = r > 0 ? (uint32_t)sqlite3_column_int64(stmt, 0) : 0;
	sqlite3_finalize(stmt);
	return r < 0 ? r : 0;
}

static bool read_row(sqlite3_stmt *stmt, struct guest_record *ret)
{
	*ret = (struct guest_record){
		.seconds = (uint32_t)sqlite3_column_int64(stmt, 1),
		.joined_at = sqlite3_column_int64(stmt, 2),
	};
	return db_column_text(stmt, 0, ret->node_id, sizeof(ret->node_id));
}

int state_each_guest(struct state_store *s, state_guest_fn fn, void *data, struct error *err)
{
	struct guest_record guest;
	sqlite3_stmt *stmt = NULL;
	int r;

	if (!state_has_guests(s))
		return 0;
	r = db_prepare(&s->db, "SELECT g.node, g.seconds, n.updated_at FROM guests g"
		       " JOIN nodes n ON n.id = g.node WHERE n.role = ?1 ORDER BY g.node", &stmt, err);
	if (r == 0)
		sqlite3_bind_int(stmt, 1, NODE_OBSERVER);
	while (r >= 0 && (r = db_step(&s->db, stmt, err)) > 0) {
		r = read_row(stmt, &guest)
			? fn(&guest, data)
			: error_set(err, ERR_CORRUPT, "%s: a row of guests is not what was written",
				    s->db.path);
		if (r != 0)
			break;
	}
	sqlite3_finalize(stmt);
	return r;
}
