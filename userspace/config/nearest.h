/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody who mistyped a name meant.  Any thread. */
#ifndef WGMESH_CONFIG_NEAREST_H
#define WGMESH_CONFIG_NEAREST_H

#include <stddef.h>

enum { NEAREST_NAME_MAX = 64 };	/* characters; what is longer is near to nothing */

/*
 * Letters that must be added, taken away, changed, or swapped with their neighbour to make @b of
 * @a; NEAREST_NAME_MAX + 1 when one is too long.
 */
size_t nearest_distance(const char *a, const char *b);

/*
 * Looks for the nearest of the names that are shown to it one by one: *@best, first NULL, is
 * the nearest so far.  A name of which more than a third would have to change is none.
 */
void nearest_consider(const char *typed, const char *name, const char **best);

#endif
