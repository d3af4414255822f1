/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom a certificate speaks for, as the one URI in its subjectAltName:
 *	wgmesh://MESH/ca
 *	wgmesh://MESH/node/NODE-ID
 *	wgmesh://MESH/admin/NAME
 * Pure; any thread.
 */
#ifndef WGMESH_CRYPTO_SUBJECT_H
#define WGMESH_CRYPTO_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>

enum subject_kind { SUBJECT_NONE, SUBJECT_CA, SUBJECT_NODE, SUBJECT_ADMIN };

enum {
	SUBJECT_NAME_MAX = 64,	/* of mesh ids, node ids and admins: 1-63 characters and a NUL */
	SUBJECT_TEXT_MAX = 160,
};

struct subject {
	enum subject_kind kind;
	char mesh_id[SUBJECT_NAME_MAX];
	char name[SUBJECT_NAME_MAX];	/* "" for a CA */
};

/*
 * 1-63 characters of a-z 0-9 - . that start and end with a letter or digit and
 * have no two dots in a row: nothing that a URI, a path or a DNS name escapes.
 */
bool subject_name_valid(const char *name);

/* False when a name is not valid, and @ret untouched. */
bool subject_init(struct subject *ret, enum subject_kind kind, const char *mesh_id,
		  const char *name);

/* Only the exact forms above. */
bool subject_parse(const char *uri, struct subject *ret);
char *subject_format(const struct subject *s, char out[SUBJECT_TEXT_MAX]);	/* returns @out */
bool subject_equal(const struct subject *a, const struct subject *b);

#endif
