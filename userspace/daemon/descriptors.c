// SPDX-License-Identifier: Apache-2.0
#include "daemon/descriptors.h"

#include <stdlib.h>
#include <string.h>

#include "proto/descriptor_set.h"

typedef Google__Protobuf__DescriptorProto message_type;
typedef Google__Protobuf__EnumDescriptorProto enum_type;
typedef Google__Protobuf__ServiceDescriptorProto service_type;

struct descriptors {
	Google__Protobuf__FileDescriptorSet *set;
};

int descriptors_new(struct descriptors **ret, struct error *err)
{
	struct descriptors *all = calloc(1, sizeof(*all));

	if (!all)
		return error_set(err, ERR_MEMORY, "no memory for the API's descriptors");
	all->set = google__protobuf__file_descriptor_set__unpack(NULL, descriptor_set_len,
								 descriptor_set);
	if (!all->set || all->set->n_file > DESCRIPTORS_MAX) {
		descriptors_free(all);
		return error_set(err, ERR_INTERNAL, "the API's descriptors are not usable");
	}
	*ret = all;
	return 0;
}

void descriptors_free(struct descriptors *all)
{
	if (!all)
		return;
	if (all->set)
		google__protobuf__file_descriptor_set__free_unpacked(all->set, NULL);
	free(all);
}

const descriptor_file *descriptors_lookup(const struct descriptors *all, const char *filename)
{
	for (size_t i = 0; i < all->set->n_file; i++)
		if (strcmp(all->set->file[i]->name, filename) == 0)
			return all->set->file[i];
	return NULL;
}

/* ---- names ---- */

/* What follows @name in @symbol: "" at its end, NULL when it is another name. */
static const char *after(const char *symbol, const char *name)
{
	size_t len = strlen(name);

	if (strncmp(symbol, name, len) != 0)
		return NULL;
	if (!symbol[len])
		return symbol + len;
	return symbol[len] == '.' && symbol[len + 1] ? symbol + len + 1 : NULL;
}

/* An enum's values are its siblings' siblings: they have no name of the enum in theirs. */
static bool enum_has(const enum_type *e, const char *symbol)
{
	if (strcmp(symbol, e->name) == 0)
		return true;
	for (size_t i = 0; i < e->n_value; i++)
		if (strcmp(symbol, e->value[i]->name) == 0)
			return true;
	return false;
}

static bool message_has(const message_type *m, const char *symbol, bool messages_only)
{
	const char *rest = after(symbol, m->name);

	if (!rest || !*rest)
		return rest != NULL;
	for (size_t i = 0; i < m->n_nested_type; i++)
		if (message_has(m->nested_type[i], rest, messages_only))
			return true;
	for (size_t i = 0; !messages_only && i < m->n_enum_type; i++)
		if (enum_has(m->enum_type[i], rest))
			return true;
	for (size_t i = 0; !messages_only && i < m->n_field; i++)
		if (strcmp(m->field[i]->name, rest) == 0)
			return true;
	return false;
}

static bool service_has(const service_type *s, const char *symbol)
{
	const char *rest = after(symbol, s->name);

	if (!rest || !*rest)
		return rest != NULL;
	for (size_t i = 0; i < s->n_method; i++)
		if (strcmp(s->method[i]->name, rest) == 0)
			return true;
	return false;
}

static bool file_has(const descriptor_file *file, const char *symbol, bool messages_only)
{
	const char *rest = file->package && *file->package ? after(symbol, file->package) : symbol;

	if (!rest || !*rest)
		return false;
	for (size_t i = 0; i < file->n_message_type; i++)
		if (message_has(file->message_type[i], rest, messages_only))
			return true;
	for (size_t i = 0; !messages_only && i < file->n_enum_type; i++)
		if (enum_has(file->enum_type[i], rest))
			return true;
	for (size_t i = 0; !messages_only && i < file->n_service; i++)
		if (service_has(file->service[i], rest))
			return true;
	return false;
}

static const descriptor_file *find(const struct descriptors *all, const char *symbol,
				   bool messages_only)
{
	for (size_t i = 0; i < all->set->n_file; i++)
		if (file_has(all->set->file[i], symbol, messages_only))
			return all->set->file[i];
	return NULL;
}

const descriptor_file *descriptors_find(const struct descriptors *all, const char *symbol)
{
	return find(all, symbol, false);
}

bool descriptors_is_message(const struct descriptors *all, const char *name)
{
	return find(all, name, true) != NULL;
}

/* ---- imports ---- */

static bool has(const descriptor_file *const *list, size_t n, const descriptor_file *file)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == file)
			return true;
	return false;
}

/* Files import no circles: protoc would not have it. */
static size_t add(const struct descriptors *all, const descriptor_file *file,
		  const descriptor_file **list, size_t n)
{
	if (has(list, n, file))
		return n;
	for (size_t i = 0; i < file->n_dependency; i++) {
		const descriptor_file *import = descriptors_lookup(all, file->dependency[i]);

		if (import)
			n = add(all, import, list, n);
	}
	list[n] = file;
	return n + 1;
}

size_t descriptors_closure(const struct descriptors *all, const descriptor_file *file,
			   const descriptor_file *ret[DESCRIPTORS_MAX])
{
	return add(all, file, ret, 0);
}
