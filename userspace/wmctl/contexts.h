/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of contexts: meshes, or ways to one, that a person has given names.  It holds paths and
 * addresses, no secrets; still it is its owner's alone (0600).  Blocking; one thread.
 *
 *	current-context: lab
 *	contexts:
 *	  lab:
 *	    address: 192.0.2.1:8443
 *	    identity: /srv/lab/admin
 */
#ifndef WGMESH_WMCTL_CONTEXTS_H
#define WGMESH_WMCTL_CONTEXTS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum { CONTEXTS_MAX = 256, CONTEXT_NAME_MAX = 64 /* with the NUL */ };

/* What a context says: the options of wmctl of these names. */
enum context_field { CONTEXT_ADDRESS, CONTEXT_IDENTITY, CONTEXT_STATE_DIR, CONTEXT_TIMEOUT,
		     CONTEXT_FIELDS };

extern const char *const context_field_names[CONTEXT_FIELDS];

struct context {
	char name[CONTEXT_NAME_MAX];
	char *fields[CONTEXT_FIELDS];	/* NULL: not told */
};

struct contexts {
	char path[PATH_MAX - 64];	/* room for the temporary file's name */
	char current[CONTEXT_NAME_MAX];	/* "": none */
	struct context items[CONTEXTS_MAX];
	size_t count;
};

/*
 * From $WMCTL_CONFIG, else $XDG_CONFIG_HOME/wgmesh/config.yaml, else ~/.config/wgmesh/config.yaml.
 * Without the file there are none.  ERR_INVALID with FILE:LINE:COLUMN.  Also after a failure
 * contexts_free() is the caller's.
 */
int contexts_load(struct contexts **ret, struct error *err);
/* All or nothing, with the folders that are missing. */
int contexts_save(const struct contexts *c, struct error *err);
void contexts_free(struct contexts *c);

struct context *contexts_lookup(struct contexts *c, const char *name);	/* may be NULL */
/* That name, or with NULL the current one.  ERR_NOT_FOUND with the nearest name. */
int contexts_get(struct contexts *c, const char *name, struct context **ret, struct error *err);
/* A new one without fields.  ERR_INVALID: no name for one; ERR_EXHAUSTED. */
int contexts_add(struct contexts *c, const char *name, struct context **ret, struct error *err);
/* The current one is none then, if it was this. */
void contexts_remove(struct contexts *c, struct context *item);

/* "" takes the field away; paths are made absolute.  ERR_INVALID: no value for it. */
int context_set(struct context *item, enum context_field field, const char *value,
		struct error *err);

#endif
