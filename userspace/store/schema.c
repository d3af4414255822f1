// SPDX-License-Identifier: Apache-2.0
#include "store/schema.h"

#include <stdio.h>

/*
 * Times are ns since the epoch.  Text, not numbers, where a person with the sqlite3
 * shell wants to read it.  STRICT: a value of the wrong type is an error on every node, not
 * something that each SQLite converts as it likes.
 *
 * leases.followed tells whether the next number is leased too, kept by the triggers: the index
 * over those that are not followed lists the gaps, and finding a free number is one search in it.
 *
 * abilities is what later versions wait for (daemon/schema_gate.h), and so cannot be one of them.
 */
static const char version_1[] =
	"CREATE TABLE progress(id INTEGER PRIMARY KEY CHECK(id = 0),"
	" applied_index INTEGER NOT NULL, applied_term INTEGER NOT NULL) STRICT;"
	"INSERT INTO progress VALUES(0, 0, 0);"

	"CREATE TABLE requests(idx INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE,"
	" kind INTEGER NOT NULL, failed INTEGER NOT NULL, affected INTEGER NOT NULL,"
	" last_id INTEGER NOT NULL, text TEXT NOT NULL) STRICT;"

	"CREATE TABLE mesh(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;"

	"CREATE TABLE nodes(id TEXT PRIMARY KEY,"
	" public_key BLOB NOT NULL UNIQUE CHECK(length(public_key) = 32),"
	" primary_endpoint TEXT NOT NULL, endpoints TEXT NOT NULL, raft_port INTEGER NOT NULL,"
	" grpc_port INTEGER NOT NULL, wireguard_port INTEGER NOT NULL, ipv4 TEXT, ipv6 TEXT,"
	" role INTEGER NOT NULL, server_id INTEGER UNIQUE, created_at INTEGER NOT NULL,"
	" updated_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;"

	"CREATE TABLE leases(pool INTEGER NOT NULL, number INTEGER NOT NULL, node TEXT NOT NULL,"
	" followed INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(pool, number),"
	" UNIQUE(node, pool)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX leases_gaps ON leases(pool, number) WHERE followed = 0;"
	"CREATE TRIGGER leases_added AFTER INSERT ON leases BEGIN"
	" UPDATE leases SET followed = 1 WHERE pool = new.pool AND number = new.number - 1;"
	" UPDATE leases SET followed = 1 WHERE pool = new.pool AND number = new.number AND"
	"  EXISTS(SELECT 1 FROM leases WHERE pool = new.pool AND number = new.number + 1);"
	" END;"
	"CREATE TRIGGER leases_removed AFTER DELETE ON leases BEGIN"
	" UPDATE leases SET followed = 0 WHERE pool = old.pool AND number = old.number - 1;"
	" END;"

	"CREATE TABLE members(server_id INTEGER PRIMARY KEY, node TEXT NOT NULL UNIQUE,"
	" address TEXT NOT NULL) STRICT, WITHOUT ROWID;"

	"CREATE TABLE acls(name TEXT PRIMARY KEY, action INTEGER NOT NULL,"
	" patterns TEXT NOT NULL) STRICT, WITHOUT ROWID;"

	"CREATE TABLE tokens(id TEXT PRIMARY KEY,"
	" secret_hash BLOB NOT NULL CHECK(length(secret_hash) = 32), role INTEGER NOT NULL,"
	" uses_left INTEGER NOT NULL CHECK(uses_left >= 0), expires_at INTEGER NOT NULL,"
	" revoked INTEGER NOT NULL) STRICT, WITHOUT ROWID;"

	"CREATE TABLE certificates(serial TEXT PRIMARY KEY, node TEXT NOT NULL,"
	" role INTEGER NOT NULL, expires_at INTEGER NOT NULL,"
	" revoked INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE INDEX certificates_node ON certificates(node);"

	"CREATE TABLE abilities(node TEXT PRIMARY KEY, schema INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE INDEX abilities_schema ON abilities(schema, node);";

/* Who takes a node out need not know which tables there are by now: the trigger does. */
static const char version_2[] =
	"CREATE TABLE routes(node TEXT NOT NULL, prefix TEXT NOT NULL,"
	" PRIMARY KEY(node, prefix)) STRICT, WITHOUT ROWID;"
	"CREATE TRIGGER routes_of_removed AFTER DELETE ON nodes BEGIN"
	" DELETE FROM routes WHERE node = old.id;"
	" END;";

/*
 * Who takes a node out, or gives it another key, need not know which tables there are by now: the
 * triggers do.  next_key is NULL while an operator has asked for another key and the node has
 * not told it yet.  No node can take a key that another has announced.
 */
static const char rotations[] =
	"CREATE TABLE rotations(node TEXT PRIMARY KEY,"
	" next_key BLOB UNIQUE CHECK(next_key IS NULL OR length(next_key) = 32),"
	" asked_at INTEGER NOT NULL, announced_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TRIGGER rotations_of_removed AFTER DELETE ON nodes BEGIN"
	" DELETE FROM rotations WHERE node = old.id;"
	" END;"
	"CREATE TRIGGER rotations_done AFTER UPDATE OF public_key ON nodes"
	" WHEN new.public_key != old.public_key BEGIN"
	" DELETE FROM rotations WHERE node = new.id;"
	" END;"
	"CREATE TRIGGER rotations_of_added BEFORE INSERT ON nodes"
	" WHEN EXISTS(SELECT 1 FROM rotations WHERE next_key = new.public_key AND node != new.id) BEGIN"
	" SELECT RAISE(ABORT, 'public_key: another node has announced it as its next one');"
	" END;"
	"CREATE TRIGGER rotations_of_others BEFORE UPDATE OF public_key ON nodes"
	" WHEN EXISTS(SELECT 1 FROM rotations WHERE next_key = new.public_key AND node != new.id) BEGIN"
	" SELECT RAISE(ABORT, 'public_key: another node has announced it as its next one');"
	" END;";

/*
 * Certificates of administrators, those that are known or revoked; with an empty serial all of a
 * name, made or to be made.
 */
static const char admins[] =
	"CREATE TABLE admins(name TEXT NOT NULL, serial TEXT NOT NULL,"
	" expires_at INTEGER NOT NULL, revoked INTEGER NOT NULL,"
	" PRIMARY KEY(name, serial)) STRICT, WITHOUT ROWID;";

/* Nodes that stay for as long as they are heard of. */
static const char guests[] =
	"CREATE TABLE guests(node TEXT PRIMARY KEY,"
	" seconds INTEGER NOT NULL CHECK(seconds > 0)) STRICT, WITHOUT ROWID;"
	"CREATE TRIGGER guests_of_removed AFTER DELETE ON nodes BEGIN"
	" DELETE FROM guests WHERE node = old.id;"
	" END;";

static const char *const versions[SCHEMA_LATEST + 1] = {
	[1] = version_1,
	[SCHEMA_ROUTES] = version_2,
	[SCHEMA_ROTATIONS] = rotations,
	[SCHEMA_ADMINS] = admins,
	[SCHEMA_GUESTS] = guests,
#ifdef WGMESH_SCHEMA_NEXT
	[SCHEMA_LATEST] = "CREATE TABLE next_release(id INTEGER PRIMARY KEY) STRICT;",
#endif
};

#define ROWS(table, key) .name = table, .digest_sql = "SELECT * FROM " table " ORDER BY " key

/* requests.text is left out of the digest: parts of it are SQLite's words, and those may change. */
const struct schema_table schema_tables[] = {
	{ ROWS("mesh", "name"), .open_to_entries = true },
	{ ROWS("nodes", "id"), .open_to_entries = true },
	{ ROWS("leases", "pool, number"), .open_to_entries = true },
	{ ROWS("members", "server_id"), .open_to_entries = true },
	{ ROWS("acls", "name"), .open_to_entries = true },
	{ ROWS("tokens", "id"), .open_to_entries = true },
	{ ROWS("certificates", "serial"), .open_to_entries = true },
	{ ROWS("abilities", "node"), .open_to_entries = true },
	{ ROWS("routes", "node, prefix"), .open_to_entries = true, .since = SCHEMA_ROUTES },
	{ ROWS("rotations", "node"), .open_to_entries = true, .since = SCHEMA_ROTATIONS },
	{ ROWS("admins", "name, serial"), .open_to_entries = true, .since = SCHEMA_ADMINS },
	{ ROWS("guests", "node"), .open_to_entries = true, .since = SCHEMA_GUESTS },
	{ .name = "requests",
	  .digest_sql = "SELECT idx, id, kind, failed, affected, last_id FROM requests"
			" ORDER BY idx" },
	{ .name = NULL },
};

#define NOTE(table, event, call) \
	"CREATE TEMP TRIGGER note_" table "_" event " AFTER " event " ON main." table \
	" BEGIN SELECT " call "; END;"

const char schema_notes[] =
	NOTE("nodes", "INSERT", "note_node(new.id, 0)")
	NOTE("nodes", "UPDATE", "note_node(new.id, 0)")
	NOTE("nodes", "DELETE", "note_node(old.id, 1)")
	NOTE("mesh", "INSERT", "note_mesh()")
	NOTE("mesh", "UPDATE", "note_mesh()")
	NOTE("mesh", "DELETE", "note_mesh()")
	NOTE("members", "INSERT", "note_members()")
	NOTE("members", "UPDATE", "note_members()")
	NOTE("members", "DELETE", "note_members()");

int schema_upgrade(struct db *db, int version, struct error *err)
{
	char pragma[48];
	int r = 0;

	for (int v = db->schema + 1; r == 0 && v <= version; v++)
		r = db_exec(db, versions[v], err);
	if (r == 0 && version > db->schema) {
		snprintf(pragma, sizeof(pragma), "PRAGMA user_version=%d", version);
		r = db_exec(db, pragma, err);
	}
	return r;
}
