/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How answers are printed, on standard output: as a table for people, or as JSON or YAML for
 * programs.  Both have the same fields under the same names, which stay as they are from release
 * to release.
 */
#ifndef WGMESH_WMCTL_OUTPUT_H
#define WGMESH_WMCTL_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum output_format { OUTPUT_TABLE, OUTPUT_WIDE, OUTPUT_JSON, OUTPUT_YAML };

bool output_parse(const char *text, enum output_format *ret);
bool output_structured(enum output_format format);	/* JSON or YAML */

/* One document.  Takes @value; NULL stands for "no memory".  Returns an exit code. */
int output_value(enum output_format format, json_t *value);

enum { OUTPUT_COLUMNS_MAX = 12 };

/*
 * @cells: @rows times @columns texts, row by row, the first row being the head; "" is shown as
 * "-".  Columns are as wide as their longest text: nothing is cut.
 */
void output_table(FILE *out, const char *const *cells, size_t rows, size_t columns);

struct output_column {
	const char *head, *key;
	const char *empty;	/* what "" is shown as; NULL: "-" */
	bool wide;		/* with -o wide only */
};

/*
 * A list of objects, or one, as a table of the fields @columns; texts, numbers and lists of texts.
 * False: no memory.
 */
bool output_list(FILE *out, bool wide, const json_t *list, const struct output_column *columns,
		 size_t count);

#endif
