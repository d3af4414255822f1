// SPDX-License-Identifier: Apache-2.0
#include "wmctl/difference.h"

#include <stdbool.h>
#include <string.h>

/* ---- one object is a list of it ---- */

static size_t count(const json_t *value)
{
	return json_is_array(value) ? json_array_size(value) : json_is_object(value);
}

static json_t *item(const json_t *value, size_t i)
{
	return json_is_array(value) ? json_array_get(value, i) : (json_t *)value;
}

static const char *name_of(const json_t *object, const char *key)
{
	const char *name = key ? json_string_value(json_object_get(object, key)) : NULL;

	return name ? name : "";
}

/* By name, so that a mesh of many nodes is not compared pair by pair. */
static json_t *index_of(const json_t *value, const char *key)
{
	json_t *index = json_object();

	for (size_t i = 0; index && i < count(value); i++) {
		if (json_object_set(index, name_of(item(value, i), key), item(value, i)) < 0) {
			json_decref(index);
			return NULL;
		}
	}
	return index;
}

/* ---- equality ---- */

static bool is_same(const json_t *a, const json_t *b, const char *restless);

static bool is_same_object(const json_t *a, const json_t *b, const char *restless)
{
	const char *key;
	json_t *value;

	if (json_object_size(a) != json_object_size(b))
		return false;
	json_object_foreach((json_t *)a, key, value)
		if ((!restless || strcmp(key, restless) != 0) &&
		    !is_same(value, json_object_get(b, key), restless))
			return false;
	return true;
}

static bool is_same_array(const json_t *a, const json_t *b, const char *restless)
{
	if (json_array_size(a) != json_array_size(b))
		return false;
	for (size_t i = 0; i < json_array_size(a); i++)
		if (!is_same(json_array_get(a, i), json_array_get(b, i), restless))
			return false;
	return true;
}

static bool is_same(const json_t *a, const json_t *b, const char *restless)
{
	if (json_is_object(a) && json_is_object(b))
		return is_same_object(a, b, restless);
	if (json_is_array(a) && json_is_array(b))
		return is_same_array(a, b, restless);
	return json_equal(a, b);
}

/* ---- changes ---- */

struct look {
	const json_t *value;
	json_t *index;
};

static bool append(json_t *changes, const char *at, const char *change, json_t *object)
{
	return json_array_append_new(changes, json_pack("{s:s, s:s, s:O}", "time", at, "change",
							change, "object", object)) == 0;
}

static bool add_new(json_t *changes, const struct look *before, const struct look *after,
		    const char *key, const char *restless, const char *at)
{
	for (size_t i = 0; i < count(after->value); i++) {
		json_t *now = item(after->value, i);
		const json_t *then = json_object_get(before->index, name_of(now, key));

		if (then && is_same(then, now, restless))
			continue;
		if (!append(changes, at, then ? "changed" : "added", now))
			return false;
	}
	return true;
}

static bool add_gone(json_t *changes, const struct look *before, const struct look *after,
		     const char *key, const char *at)
{
	for (size_t i = 0; i < count(before->value); i++) {
		json_t *then = item(before->value, i);

		if (!json_object_get(after->index, name_of(then, key)) &&
		    !append(changes, at, "removed", then))
			return false;
	}
	return true;
}

json_t *difference(const json_t *before, const json_t *after, const char *key, const char *restless,
		   const char *at)
{
	struct look then = { before, index_of(before, key) }, now = { after, index_of(after, key) };
	json_t *changes = json_array();

	if (!then.index || !now.index || !changes ||
	    !add_new(changes, &then, &now, key, restless, at) ||
	    !add_gone(changes, &then, &now, key, at)) {
		json_decref(changes);
		changes = NULL;
	}
	json_decref(then.index);
	json_decref(now.index);
	return changes;
}
