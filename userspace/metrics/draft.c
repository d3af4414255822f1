// SPDX-License-Identifier: Apache-2.0
#include "metrics/draft.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The default of a field is no memory of ours. */
static void set(char **field, char *text)
{
	if (*field != protobuf_c_empty_string)
		free(*field);
	*field = text;
}

void draft_text(struct draft *m, char **field, const char *text)
{
	char *copy = strdup(text ? text : "");

	if (copy)
		set(field, copy);
	else
		m->failed = true;
}

void draft_printf(struct draft *m, char **field, const char *fmt, ...)
{
	char *text;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vasprintf(&text, fmt, args);
	va_end(args);
	if (len >= 0)
		set(field, text);
	else
		m->failed = true;
}

/* Room for one more behind @count pointers; the array's size is the next power of two. */
static void *grow(struct draft *m, void *array, size_t count)
{
	void *bigger = array;

	if (!(count & (count - 1)))
		bigger = realloc(array, (count ? 2 * count : 1) * sizeof(void *));
	if (!bigger)
		m->failed = true;
	return bigger;
}

void draft_add_text(struct draft *m, char ***field, size_t *count, const char *text)
{
	char **array = grow(m, *field, *count);

	if (!array)
		return;
	*field = array;
	array[*count] = strdup(text);
	if (array[*count])
		(*count)++;
	else
		m->failed = true;
}

void *draft_new(struct draft *m, const ProtobufCMessageDescriptor *type)
{
	void *message = calloc(1, type->sizeof_message);

	if (message)
		protobuf_c_message_init(type, message);
	else
		m->failed = true;
	return message;
}

void *draft_add(struct draft *m, const ProtobufCMessageDescriptor *type, void *field,
		  size_t *count)
{
	void **array, *item;

	memcpy(&array, field, sizeof(array));
	array = grow(m, array, *count);
	if (!array)
		return NULL;
	memcpy(field, &array, sizeof(array));
	item = draft_new(m, type);
	if (item)
		array[(*count)++] = item;
	return item;
}
