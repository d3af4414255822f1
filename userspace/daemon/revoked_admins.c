// SPDX-License-Identifier: Apache-2.0
#include "daemon/revoked_admins.h"

#include <stdlib.h>
#include <string.h>

static int add(const struct admin_record *admin, void *data)
{
	struct revoked_admins *list = data;
	struct admin_record *grown;

	if (!admin->revoked)
		return 0;
	grown = reallocarray(list->items, list->count + 1, sizeof(*grown));
	if (!grown)
		return -ERR_MEMORY;
	list->items = grown;
	grown[list->count++] = *admin;
	return 0;
}

static bool same(const struct revoked_admins *a, const struct revoked_admins *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->items[i].name, b->items[i].name) != 0 ||
		    strcmp(a->items[i].serial, b->items[i].serial) != 0)
			return false;
	return true;
}

int revoked_admins_load(struct revoked_admins *list, struct state_store *state, struct error *err)
{
	struct revoked_admins fresh = { 0 };
	int r = state_each_admin(state, add, &fresh, err);

	if (r == -ERR_MEMORY)
		error_set(err, ERR_MEMORY, "no memory for the administrators that are revoked");
	if (r < 0 || same(&fresh, list)) {
		revoked_admins_fini(&fresh);
		return r;
	}
	revoked_admins_fini(list);
	*list = fresh;
	return 1;
}

void revoked_admins_fini(struct revoked_admins *list)
{
	free(list->items);
	*list = (struct revoked_admins){ 0 };
}

bool revoked_admins_know(const struct revoked_admins *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i].name, name) == 0)
			return true;
	return false;
}

bool revoked_admins_have(const struct revoked_admins *list, const char *name, const char *serial)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct admin_record *one = &list->items[i];

		if (strcmp(one->name, name) == 0 &&
		    (!*serial || !*one->serial || strcmp(one->serial, serial) == 0))
			return true;
	}
	return false;
}
