/* SPDX-License-Identifier: Apache-2.0 */
/* What has changed between two looks at one thing.  Pure. */
#ifndef WGMESH_WMCTL_DIFFERENCE_H
#define WGMESH_WMCTL_DIFFERENCE_H

#include <jansson.h>

/*
 * A list of {time, change, object}, the caller's; NULL: no memory.  change is "added", "changed" or
 * "removed", the object then being what it was; time is @at, a text.  Those of @after come first,
 * in their order.
 *
 * @before, @after: lists of objects, or one object; NULL: nothing.  @key: the field by which objects
 * are the same ones; NULL: there is one at most.  @restless: a field, at any depth, that is no
 * change by itself; may be NULL.
 */
json_t *difference(const json_t *before, const json_t *after, const char *key, const char *restless,
		   const char *at);

#endif
