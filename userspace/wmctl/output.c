// SPDX-License-Identifier: Apache-2.0
#include "wmctl/output.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
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

void output_table(FILE *out, const char *const *cells, size_t rows, size_t columns)
{
	int widths[OUTPUT_COLUMNS_MAX] = { 0 };

	for (size_t i = 0; i < rows * columns; i++) {
		int len = (int)strlen(shown(cells[i]));

		if (len > widths[i % columns])
			widths[i % columns] = len;
	}
	for (size_t i = 0; i < rows * columns; i++) {
		if (i % columns == columns - 1)
			fprintf(out, "%s\n", shown(cells[i]));
		else
			fprintf(out, "%-*s  ", widths[i % columns], shown(cells[i]));
	}
}

/* ---- tables of objects ---- */

enum { CELL_MAX = 32768 };

static void print_cell(const json_t *value, struct buf *out)
{
	if (json_is_integer(value))
		buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_string(value))
		buf_append_text(out, json_string_value(value));
	for (size_t i = 0; i < json_array_size(value); i++)
		buf_printf(out, "%s%s", i ? "," : "", json_string_value(json_array_get(value, i)));
}

/* The caller's. */
static char *make_cell(const json_t *object, const struct output_column *column)
{
	struct buf text = BUF_INIT(CELL_MAX);
	char *cell;

	print_cell(json_object_get(object, column->key), &text);
	if (!text.len && column->empty)
		buf_append_text(&text, column->empty);
	cell = text.failed ? NULL : strdup(buf_text(&text));
	buf_fini(&text);
	return cell;
}

/* Row by row behind the head, whose texts are the columns' own. */
static bool make_cells(const json_t *list, const struct output_column *const *columns, size_t count,
		       char **cells)
{
	size_t rows = json_is_array(list) ? json_array_size(list) : 1;

	for (size_t i = 0; i < rows * count; i++) {
		const json_t *object = json_is_array(list) ? json_array_get(list, i / count) : list;

		cells[i] = make_cell(object, columns[i % count]);
		if (!cells[i])
			return false;
	}
	return true;
}

static bool print_rows(FILE *out, const json_t *list, const struct output_column *const *columns,
		       size_t count)
{
	size_t n = (json_is_array(list) ? json_array_size(list) : 1) * count;
	char **cells = calloc(count + n, sizeof(*cells));
	bool made;

	for (size_t i = 0; cells && i < count; i++)
		cells[i] = (char *)columns[i]->head;
	made = cells && make_cells(list, columns, count, cells + count);
	if (made)
		output_table(out, (const char *const *)cells, n / count + 1, count);
	for (size_t i = 0; cells && i < n; i++)
		free(cells[count + i]);
	free(cells);
	return made;
}

bool output_list(FILE *out, bool wide, const json_t *list, const struct output_column *columns,
		 size_t count)
{
	const struct output_column *shown_columns[OUTPUT_COLUMNS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		if (wide || !columns[i].wide)
			shown_columns[n++] = &columns[i];
	return print_rows(out, list, shown_columns, n);
}
