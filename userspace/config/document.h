/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A YAML file that people write, as a tree in which every value knows its place.  Any thread,
 * one at a time per document.
 *
 * Of YAML there is what settings need: maps, lists and scalars, which are texts.  Anchors, aliases,
 * tags and further documents are refused, and so is a key that a map has already.  Size, depth
 * and number of values are bounded, so no file costs more than a few hundred KiB.
 */
#ifndef WGMESH_CONFIG_DOCUMENT_H
#define WGMESH_CONFIG_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

enum {
	DOCUMENT_BYTES_MAX = 64 * 1024,
	DOCUMENT_VALUES_MAX = 2048,
	DOCUMENT_DEPTH_MAX = 8,
};

enum document_kind { DOCUMENT_SCALAR, DOCUMENT_LIST, DOCUMENT_MAP };

/* Lines and columns are counted from 1. */
struct document_place {
	unsigned int line, column;
};

struct document_value {
	enum document_kind kind;
	char *key;			/* in a map, else NULL */
	char *text;			/* of a scalar, else NULL */
	struct document_place key_at, at;
	struct document_value *first;	/* of a list or a map */
	struct document_value *next;	/* in the list or map that this is in */
};

struct document;

/*
 * ERR_NOT_FOUND without the file, ERR_INVALID with "PATH:LINE:COLUMN: why", ERR_EXHAUSTED when it
 * is too large.  The caller frees it.
 */
int document_read(const char *path, struct document **ret, struct error *err);
/* The same of a text; @name stands for the path. */
int document_parse(const char *name, const char *text, size_t len, struct document **ret,
		   struct error *err);
void document_free(struct document *d);

/* What the file holds; NULL when it is empty, or only comments. */
const struct document_value *document_root(const struct document *d);
/* In the map @map; NULL if it has no such key. */
const struct document_value *document_lookup(const struct document_value *map, const char *key);

/* ERR_INVALID, with "PATH:LINE:COLUMN: " in front of the text. */
int document_error(const struct document *d, const struct document_place *at, struct error *err,
		   const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* @text as a scalar, in quotes where it needs them; false as buf_append(). */
bool document_write_text(struct buf *out, const char *text);

#endif
