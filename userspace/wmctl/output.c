// SPDX-License-Identifier: Apache-2.0
#include "wmctl/output.h"

#include <stdio.h>
#include <string.h>

#include "wmctl/command.h"

static const char *const names[] = { [OUTPUT_TABLE] = "table", [OUTPUT_WIDE] = "wide",
				     [OUTPUT_JSON] = "json", [OUTPUT_YAML] = "yaml" };

bool output_parse(const char *text, enum output_format *ret)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], text) == 0) {
			*ret = (enum output_format)i;
			return true;
		}
	}
	return false;
}

bool output_structured(enum output_format format)
{
	return format == OUTPUT_JSON || format == OUTPUT_YAML;
}

/* ---- YAML ---- */

static int print_node(const json_t *value, int depth);

/* Scalars are as in JSON, which YAML reads too: so no text can be taken for something else. */
static int print_scalar(const json_t *value)
{
	return json_dumpf(value, stdout, JSON_ENCODE_ANY) < 0 || putchar('\n') < 0 ? -1 : 0;
}

static bool is_block(const json_t *value)
{
	return json_object_size(value) || json_array_size(value);
}

static int print_empty(const json_t *value)
{
	return puts(json_is_object(value) ? "{}" : "[]") < 0 ? -1 : 0;
}

static int print_object(json_t *object, int depth)
{
	const char *key;
	json_t *value;
	bool first = true;

	json_object_foreach(object, key, value) {
		/* The first key of a list's item stands behind its dash. */
		printf("%*s%s:%s", first ? 0 : depth * 2, "", key, is_block(value) ? "\n" : " ");
		if (is_block(value))
			printf("%*s", (depth + 1) * 2, "");
		first = false;
		if (print_node(value, depth + 1) < 0)
			return -1;
	}
	return 0;
}

static int print_array(const json_t *array, int depth)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		printf("%*s- ", i ? depth * 2 : 0, "");
		if (print_node(json_array_get(array, i), depth + 1) < 0)
			return -1;
	}
	return 0;
}

/* The cursor stands where the first line of @value belongs. */
static int print_node(const json_t *value, int depth)
{
	if (json_object_size(value))
		return print_object((json_t *)value, depth);
	if (json_array_size(value))
		return print_array(value, depth);
	if (json_is_object(value) || json_is_array(value))
		return print_empty(value);
	return print_scalar(value);
}

/* ---- either ---- */

static int print_json(const json_t *value)
{
	return json_dumpf(value, stdout, JSON_COMPACT) < 0 || putchar('\n') < 0 ? -1 : 0;
}

int output_value(enum output_format format, json_t *value)
{
	struct error err = { 0 };
	int r;

	if (!value) {
		error_set(&err, ERR_MEMORY, "no memory to print the answer");
		return command_fail(&err);
	}
	r = format == OUTPUT_YAML ? print_node(value, 0) : print_json(value);
	json_decref(value);
	return r < 0 ? EXIT_ERROR : EXIT_OK;
}

/* ---- tables ---- */

static const char *shown(const char *cell)
{
	return *cell ? cell : "-";
}

void output_table(const char *const *cells, size_t rows, size_t columns)
{
	int widths[OUTPUT_COLUMNS_MAX] = { 0 };

	for (size_t i = 0; i < rows * columns; i++) {
		int len = (int)strlen(shown(cells[i]));

		if (len > widths[i % columns])
			widths[i % columns] = len;
	}
	for (size_t i = 0; i < rows * columns; i++) {
		if (i % columns == columns - 1)
			printf("%s\n", shown(cells[i]));
		else
			printf("%-*s  ", widths[i % columns], shown(cells[i]));
	}
}
