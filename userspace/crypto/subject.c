// SPDX-License-Identifier: Apache-2.0
#include "crypto/subject.h"

#include <stdio.h>
#include <string.h>

#define SCHEME "wgmesh://"

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool subject_name_valid(const char *name)
{
	size_t len = strnlen(name, SUBJECT_NAME_MAX);

	if (len == 0 || len == SUBJECT_NAME_MAX || !is_alnum(name[0]) || !is_alnum(name[len - 1]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_alnum(name[i]) && name[i] != '-' && (name[i] != '.' || name[i - 1] == '.'))
			return false;
	return true;
}

bool subject_init(struct subject *ret, enum subject_kind kind, const char *mesh_id,
		  const char *name)
{
	struct subject s = { .kind = kind };

	if (kind == SUBJECT_NONE || !subject_name_valid(mesh_id))
		return false;
	if (kind == SUBJECT_CA ? *name != 0 : !subject_name_valid(name))
		return false;
	snprintf(s.mesh_id, sizeof(s.mesh_id), "%s", mesh_id);
	snprintf(s.name, sizeof(s.name), "%s", name);
	*ret = s;
	return true;
}

/* The part of *@at before @end (NUL: the rest) into @out; false if absent or too long. */
static bool take_part(const char **at, char end, char out[SUBJECT_NAME_MAX])
{
	const char *stop = strchr(*at, end);
	size_t len;

	if (!stop)
		return false;
	len = (size_t)(stop - *at);
	if (len >= SUBJECT_NAME_MAX)
		return false;
	memcpy(out, *at, len);
	out[len] = 0;
	*at = end ? stop + 1 : stop;
	return true;
}

bool subject_parse(const char *uri, struct subject *ret)
{
	char mesh[SUBJECT_NAME_MAX], kind[SUBJECT_NAME_MAX], name[SUBJECT_NAME_MAX];
	const char *at = uri;

	if (strncmp(at, SCHEME, strlen(SCHEME)) != 0)
		return false;
	at += strlen(SCHEME);
	if (!take_part(&at, '/', mesh))
		return false;
	if (strcmp(at, "ca") == 0)
		return subject_init(ret, SUBJECT_CA, mesh, "");
	if (!take_part(&at, '/', kind) || !take_part(&at, 0, name))
		return false;
	if (strcmp(kind, "node") == 0)
		return subject_init(ret, SUBJECT_NODE, mesh, name);
	if (strcmp(kind, "admin") == 0)
		return subject_init(ret, SUBJECT_ADMIN, mesh, name);
	return false;
}

char *subject_format(const struct subject *s, char out[SUBJECT_TEXT_MAX])
{
	switch (s->kind) {
	case SUBJECT_CA:
		snprintf(out, SUBJECT_TEXT_MAX, SCHEME "%s/ca", s->mesh_id);
		break;
	case SUBJECT_NODE:
	case SUBJECT_ADMIN:
		snprintf(out, SUBJECT_TEXT_MAX, SCHEME "%s/%s/%s", s->mesh_id,
			 s->kind == SUBJECT_NODE ? "node" : "admin", s->name);
		break;
	default:
		out[0] = 0;
	}
	return out;
}

bool subject_equal(const struct subject *a, const struct subject *b)
{
	return a->kind == b->kind && strcmp(a->mesh_id, b->mesh_id) == 0 &&
	       strcmp(a->name, b->name) == 0;
}
