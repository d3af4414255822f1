// SPDX-License-Identifier: Apache-2.0
#include "store/authorizer.h"

#include <string.h>
#include <strings.h>

#include "store/schema.h"

static bool table_open(const char *name)
{
	for (const struct schema_table *t = schema_tables; t->name; t++)
		if (t->open_to_entries && strcasecmp(t->name, name) == 0)
			return true;
	return false;
}

static bool function_allowed(const char *name, const char *trigger)
{
	static const char *const pure[] = { "coalesce", "count", "length", "max", "min" };

	for (size_t i = 0; i < sizeof(pure) / sizeof(*pure); i++)
		if (strcasecmp(pure[i], name) == 0)
			return true;
	/* The change feed's triggers, which no entry can make, call it. */
	return trigger && strncmp(trigger, "note_", 5) == 0 && strncmp(name, "note_", 5) == 0;
}

static bool allowed(int action, const char *a, const char *b, const char *database,
		    const char *trigger)
{
	switch (action) {
	case SQLITE_SELECT:
		return true;
	case SQLITE_READ:
	case SQLITE_INSERT:
	case SQLITE_UPDATE:
	case SQLITE_DELETE:
		return database && strcmp(database, "main") == 0 && table_open(a);
	case SQLITE_FUNCTION:
		return function_allowed(b, trigger);
	default:
		return false;
	}
}

static int answer(void *data, int action, const char *a, const char *b, const char *database,
		  const char *trigger)
{
	const bool *guard = data;

	return !*guard || allowed(action, a, b, database, trigger) ? SQLITE_OK : SQLITE_DENY;
}

int authorizer_install(struct db *db, const bool *guard, struct error *err)
{
	int code = sqlite3_set_authorizer(db->handle, answer, (void *)guard);

	return code == SQLITE_OK ? 0 : db_error(db, code, "guard its entries", err);
}

bool authorizer_text_allowed(const char *sql)
{
	return !strcasestr(sql, "rollback");
}
