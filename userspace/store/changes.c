// SPDX-License-Identifier: Apache-2.0
#include "store/changes.h"

#include <stdlib.h>
#include <string.h>

#include "store/schema.h"

static struct state_change *next_change(struct change_log *log)
{
	size_t cap = log->cap ? log->cap * 2 : 16;
	struct state_change *items;

	if (log->n < log->cap)
		return &log->items[log->n++];
	items = reallocarray(log->items, cap, sizeof(*items));
	if (!items)
		return NULL;
	log->items = items;
	log->cap = cap;
	return &log->items[log->n++];
}

/* note_node(id, removed) */
static void note_node(sqlite3_context *context, int n, sqlite3_value **args)
{
	const char *id = (const char *)sqlite3_value_text(args[0]);
	struct change_log *log = sqlite3_user_data(context);
	struct state_change *c = id ? next_change(log) : NULL;

	if (!c) {
		sqlite3_result_error_nomem(context);
		return;
	}
	*c = (struct state_change){ .removed = sqlite3_value_int(args[1]) != 0, .place = log->n };
	strncpy(c->node_id, id, NODE_ID_MAX);
}

static void note_mesh(sqlite3_context *context, int n, sqlite3_value **args)
{
	((struct change_log *)sqlite3_user_data(context))->mesh = true;
}

static void note_members(sqlite3_context *context, int n, sqlite3_value **args)
{
	((struct change_log *)sqlite3_user_data(context))->members = true;
}

int changes_install(struct db *db, struct change_log *log, struct error *err)
{
	static const struct {
		const char *name;
		int args;
		void (*call)(sqlite3_context *, int, sqlite3_value **);
	} functions[] = {
		{ "note_node", 2, note_node },
		{ "note_mesh", 0, note_mesh },
		{ "note_members", 0, note_members },
	};

	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
		int code = sqlite3_create_function_v2(db->handle, functions[i].name,
						      functions[i].args, SQLITE_UTF8, log,
						      functions[i].call, NULL, NULL, NULL);

		if (code != SQLITE_OK)
			return db_error(db, code, "watch its changes", err);
	}
	return db_exec(db, schema_notes, err);
}

struct change_mark changes_mark(const struct change_log *log)
{
	return (struct change_mark){ .n = log->n, .mesh = log->mesh, .members = log->members };
}

void changes_back_to(struct change_log *log, struct change_mark mark)
{
	log->n = mark.n;
	log->mesh = mark.mesh;
	log->members = mark.members;
}

static int by_id(const void *a, const void *b)
{
	const struct state_change *x = a, *y = b;
	int r = strcmp(x->node_id, y->node_id);

	return r ? r : (x->place > y->place) - (x->place < y->place);
}

/* Of a node's changes the last one counts. */
static size_t unique(struct state_change *items, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (kept && strcmp(items[kept - 1].node_id, items[i].node_id) == 0)
			kept--;
		items[kept++] = items[i];
	}
	return kept;
}

void changes_take(struct change_log *log, struct state_changes *ret)
{
	if (log->n)
		qsort(log->items, log->n, sizeof(*log->items), by_id);
	*ret = (struct state_changes){
		.nodes = log->items, .n_nodes = unique(log->items, log->n),
		.mesh = log->mesh, .members = log->members,
	};
	*log = (struct change_log){ 0 };
}

void changes_drop(struct change_log *log)
{
	free(log->items);
	*log = (struct change_log){ 0 };
}

void state_changes_fini(struct state_changes *changes)
{
	free(changes->nodes);
	*changes = (struct state_changes){ 0 };
}
