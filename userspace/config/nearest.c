// SPDX-License-Identifier: Apache-2.0
#include "config/nearest.h"

#include <string.h>

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* "Optimal string alignment": three rows of the table, the last one being filled. */
size_t nearest_distance(const char *a, const char *b)
{
	size_t rows[3][NEAREST_NAME_MAX + 1], *before = rows[0], *above = rows[1], *row = rows[2];
	size_t n = strlen(a), m = strlen(b);

	if (n > NEAREST_NAME_MAX || m > NEAREST_NAME_MAX)
		return NEAREST_NAME_MAX + 1;
	for (size_t j = 0; j <= m; j++)
		above[j] = before[j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t *spare = before;

		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			row[j] = least(least(above[j], row[j - 1]) + 1,
				       above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
		before = above;
		above = row;
		row = spare;
	}
	return above[m];
}

void nearest_consider(const char *typed, const char *name, const char **best)
{
	size_t distance = nearest_distance(typed, name);

	if (distance * 3 <= strlen(name) + 2 &&
	    (!*best || distance < nearest_distance(typed, *best)))
		*best = name;
}
