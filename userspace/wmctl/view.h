/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is looked at and not changed: asked for once, or with --watch again and again.  An answer is
 * a JSON value; a table is made of it for people.
 */
#ifndef WGMESH_WMCTL_VIEW_H
#define WGMESH_WMCTL_VIEW_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "wmctl/session.h"

struct view {
	/* The field that tells the objects of a list apart; NULL: there is one object. */
	const char *key;
	/* A field that is another one at every look, and no change by itself; NULL: none. */
	const char *restless;
	/* @name may be NULL: all.  A list, or one object; *@ret is the caller's. */
	int (*fetch)(struct session *s, char *name, json_t **ret, struct error *err);
	/* Whether there was memory to print it.  @wide: with all that there is to tell. */
	bool (*print)(FILE *out, bool wide, const json_t *value);
	bool (*is_degraded)(const json_t *value);	/* may be NULL: never */
};

/* The whole command, once its arguments are found good; the session is open.  An exit code. */
int view_show(struct session *s, const struct view *view, char *name);

#endif
