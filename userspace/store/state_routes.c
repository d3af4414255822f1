// SPDX-License-Identifier: Apache-2.0
/* Reading routes, whose table a state may not have yet: so no statement of theirs is kept. */
#include "store/schema.h"
#include "store/state_internal.h"
#include "store/state_query.h"

bool state_has_routes(const struct state_store *s)
{
	return s->db.schema >= SCHEMA_ROUTES;
}

static bool read_prefix(sqlite3_stmt *stmt, int column, struct prefix *ret)
{
	char text[PREFIX_TEXT_MAX];

	return db_column_text(stmt, column, text, sizeof(text)) && prefix_parse(text, ret);
}

static int bad_row(struct state_store *s, struct error *err)
{
	return error_set(err, ERR_CORRUPT, "%s: a row of routes is not what was written",
			 s->db.path);
}

static int read_list(struct state_store *s, sqlite3_stmt *stmt, struct route_list *list,
		     struct error *err)
{
	struct prefix prefix;
	int r;

	while ((r = db_step(&s->db, stmt, err)) > 0) {
		if (!read_prefix(stmt, 0, &prefix))
			return bad_row(s, err);
		r = route_list_add(list, &prefix, err);
		if (r < 0)
			return r;
	}
	return r;
}

int state_get_routes(struct state_store *s, const char *node_id, struct route_list *ret,
		     struct error *err)
{
	struct route_list list = { 0 };
	sqlite3_stmt *stmt;
	int r = 0;

	if (state_has_routes(s)) {
		r = db_prepare(&s->db, "SELECT prefix FROM routes WHERE node = ?1", &stmt, err);
		if (r < 0)
			return r;
		db_bind_text(stmt, 1, node_id);
		r = read_list(s, stmt, &list, err);
		sqlite3_finalize(stmt);
	}
	if (r == 0)
		*ret = list;
	return r;
}

static bool read_route(sqlite3_stmt *stmt, struct route *ret)
{
	return db_column_text(stmt, 0, ret->node_id, sizeof(ret->node_id)) &&
	       db_column_bytes(stmt, 1, ret->public_key.bytes, KEY_BYTES) &&
	       read_prefix(stmt, 2, &ret->prefix);
}

int state_each_route(struct state_store *s, state_route_fn fn, void *data, struct error *err)
{
	sqlite3_stmt *stmt;
	struct route route;
	int r;

	if (!state_has_routes(s))
		return 0;
	r = db_prepare(&s->db, "SELECT routes.node, nodes.public_key, routes.prefix FROM routes"
		       " JOIN nodes ON nodes.id = routes.node"
		       " ORDER BY routes.prefix, routes.node", &stmt, err);
	if (r < 0)
		return r;
	while ((r = db_step(&s->db, stmt, err)) > 0) {
		r = read_route(stmt, &route) ? fn(&route, data) : bad_row(s, err);
		if (r != 0)
			break;
	}
	sqlite3_finalize(stmt);
	return r;
}
