// SPDX-License-Identifier: Apache-2.0
/*
 * Reading administrators' certificates, whose table a state may not have yet: so no statement of
 * theirs is kept.
 */
#include "store/schema.h"
#include "store/state_internal.h"
#include "store/state_query.h"

bool state_has_admins(const struct state_store *s)
{
	return s->db.schema >= SCHEMA_ADMINS;
}

static bool read_admin(sqlite3_stmt *stmt, struct admin_record *ret)
{
	ret->expires_at = sqlite3_column_int64(stmt, 2);
	ret->revoked = sqlite3_column_int(stmt, 3) != 0;
	return db_column_text(stmt, 0, ret->name, sizeof(ret->name)) &&
	       db_column_text(stmt, 1, ret->serial, sizeof(ret->serial));
}

int state_each_admin(struct state_store *s, state_admin_fn fn, void *data, struct error *err)
{
	struct admin_record admin;
	sqlite3_stmt *stmt;
	int r;

	if (!state_has_admins(s))
		return 0;
	r = db_prepare(&s->db, "SELECT name, serial, expires_at, revoked FROM admins"
		       " ORDER BY name, serial", &stmt, err);
	if (r < 0)
		return r;
	while ((r = db_step(&s->db, stmt, err)) > 0) {
		r = read_admin(stmt, &admin)
			? fn(&admin, data)
			: error_set(err, ERR_CORRUPT, "%s: a row of admins is not what was written",
				    s->db.path);
		if (r != 0)
			break;
	}
	sqlite3_finalize(stmt);
	return r;
}
