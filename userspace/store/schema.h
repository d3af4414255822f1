/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of the replicated state, by version.  Version 1 is made with the database; every
 * later one comes through the log, when all members know it.  Internal to store/.
 */
#ifndef WGMESH_STORE_SCHEMA_H
#define WGMESH_STORE_SCHEMA_H

#include "store/db.h"

/* The tests of upgrades have a release that is one version ahead. */
#ifdef WGMESH_SCHEMA_NEXT
enum { SCHEMA_LATEST = 6 };
#else
enum { SCHEMA_LATEST = 5 };
#endif
enum {
	SCHEMA_FIRST = 1, SCHEMA_ROUTES = 2, SCHEMA_ROTATIONS = 3, SCHEMA_ADMINS = 4, SCHEMA_GUESTS = 5,
};

/*
 * Bring the database to @version (SCHEMA_LATEST at most), within the caller's transaction if
 * any.
 */
int schema_upgrade(struct db *db, int version, struct error *err);

/* A table whose rows must be equal on all nodes, and how to read it in a fixed order. */
struct schema_table {
	const char *name;
	const char *digest_sql;
	int since;		/* the version that made it; 0: the first */
	bool open_to_entries;	/* else the store's own */
};

/* Ends with a NULL name. */
extern const struct schema_table schema_tables[];

/* Triggers of one connection, that tell it what changes: see store/changes.h. */
extern const char schema_notes[];

#endif
