// SPDX-License-Identifier: Apache-2.0
#include "store/state_query.h"

#include <stdlib.h>
#include <string.h>

#include "store/node_row.h"
#include "store/state_internal.h"

#define CERTIFICATE_COLUMN_NAMES "serial, node, role, expires_at, revoked"
#define TOKEN_COLUMN_NAMES "id, secret_hash, role, uses_left, expires_at, revoked"

const char *const state_queries[N_QUERIES + 1] = {
	[QUERY_NODE] = "SELECT " NODE_COLUMN_NAMES " FROM nodes WHERE id = ?1",
	[QUERY_NODE_BY_KEY] = "SELECT " NODE_COLUMN_NAMES " FROM nodes WHERE public_key = ?1",
	[QUERY_NODES] = "SELECT " NODE_COLUMN_NAMES " FROM nodes WHERE id > ?1 ORDER BY id",
	[QUERY_OBSERVERS] = "SELECT " NODE_COLUMN_NAMES " FROM nodes WHERE public_key >= ?1 AND role = ?2"
			    " AND grpc_port != 0 ORDER BY public_key LIMIT ?3",
	[QUERY_COUNT_NODES] = "SELECT count(*) FROM nodes",
	[QUERY_MESH] = "SELECT name, value FROM mesh",
	[QUERY_TOKEN] = "SELECT " TOKEN_COLUMN_NAMES " FROM tokens WHERE id = ?1",
	[QUERY_TOKENS] = "SELECT " TOKEN_COLUMN_NAMES " FROM tokens WHERE id > ?1 ORDER BY id",
	[QUERY_CERTIFICATE] = "SELECT " CERTIFICATE_COLUMN_NAMES " FROM certificates"
			      " WHERE serial = ?1",
	[QUERY_CERTIFICATE_OF] = "SELECT " CERTIFICATE_COLUMN_NAMES " FROM certificates"
		" WHERE node = ?1 AND revoked = 0 ORDER BY expires_at DESC LIMIT 1",
	[QUERY_ABILITY] = "SELECT node, schema FROM abilities WHERE node = ?1",
	[QUERY_LOWEST_ABILITY] = "SELECT node, schema FROM abilities ORDER BY schema, node LIMIT 1",
	[QUERY_MEMBER] = "SELECT server_id, node, address FROM members WHERE server_id = ?1",
	[QUERY_MEMBERS] = "SELECT server_id, node, address FROM members ORDER BY server_id",
	[QUERY_ACLS] = "SELECT name, action, patterns FROM acls ORDER BY name",
	[QUERY_COUNT_ACLS] = "SELECT count(*) FROM acls WHERE name != ?1",
	[QUERY_LEASED] = "SELECT 1 FROM leases WHERE pool = ?1 AND number = ?2",
	[QUERY_GAP] = "SELECT number FROM leases INDEXED BY leases_gaps"
		      " WHERE pool = ?1 AND number >= ?2 AND followed = 0 ORDER BY number LIMIT 1",
	[N_QUERIES] = NULL,
};

static int bad_row(struct state_store *s, const char *table, struct error *err)
{
	return error_set(err, ERR_CORRUPT, "%s: a row of %s is not what was written", s->db.path,
			 table);
}

static int not_found(struct state_store *s, struct error *err, const char *what, const char *name)
{
	return error_set(err, ERR_NOT_FOUND, "there is no %s %s", what, name);
}

/* A row of a query for one, and the query done with: 1, 0 or negative. */
typedef bool (*read_row_fn)(sqlite3_stmt *stmt, void *ret);

static int read_one(struct state_store *s, enum query_statement which, const char *table,
		    read_row_fn read_row, void *ret, struct error *err)
{
	sqlite3_stmt *stmt = s->queries[which];
	int r = db_step(&s->db, stmt, err);

	if (r > 0 && !read_row(stmt, ret))
		r = bad_row(s, table, err);
	db_done(stmt);
	return r;
}

static bool read_node(sqlite3_stmt *stmt, void *ret)
{
	return node_from_row(stmt, ret);
}

int state_get_node(struct state_store *s, const char *id, struct node *ret, struct error *err)
{
	const struct node *kept = node_cache_lookup(&s->nodes, id);
	int r;

	if (kept) {
		*ret = *kept;
		return 0;
	}
	db_bind_text(s->queries[QUERY_NODE], 1, id);
	r = read_one(s, QUERY_NODE, "nodes", read_node, ret, err);
	if (r == 0)
		return not_found(s, err, "node", id);
	if (r < 0)
		return r;
	if (!s->in_batch)
		node_cache_keep(&s->nodes, ret);
	return 0;
}

int state_get_node_by_key(struct state_store *s, const struct key *public_key, struct node *ret,
			  struct error *err)
{
	char text[KEY_TEXT_MAX];
	int r;

	db_bind_bytes(s->queries[QUERY_NODE_BY_KEY], 1, public_key, KEY_BYTES);
	r = read_one(s, QUERY_NODE_BY_KEY, "nodes", read_node, ret, err);
	if (r == 0)
		return not_found(s, err, "node with the public key", key_format(public_key, text));
	return r < 0 ? r : 0;
}

static int each_node(struct state_store *s, sqlite3_stmt *stmt, state_node_fn fn, void *data,
		     struct error *err)
{
	struct node node;
	int r;

	while ((r = db_step(&s->db, stmt, err)) > 0) {
		r = node_from_row(stmt, &node) ? fn(&node, data) : bad_row(s, "nodes", err);
		if (r != 0)
			break;
	}
	db_done(stmt);
	return r;
}

int state_each_node(struct state_store *s, const char *after, state_node_fn fn, void *data,
		    struct error *err)
{
	sqlite3_stmt *stmt = s->queries[QUERY_NODES];

	db_bind_text(stmt, 1, after ? after : "");
	return each_node(s, stmt, fn, data, err);
}

int state_some_observers(struct state_store *s, const struct key *from, unsigned int max,
			 state_node_fn fn, void *data, struct error *err)
{
	sqlite3_stmt *stmt = s->queries[QUERY_OBSERVERS];

	db_bind_bytes(stmt, 1, from->bytes, sizeof(from->bytes));
	sqlite3_bind_int(stmt, 2, NODE_OBSERVER);
	sqlite3_bind_int64(stmt, 3, max);
	return each_node(s, stmt, fn, data, err);
}

static bool read_count(sqlite3_stmt *stmt, void *ret)
{
	*(uint64_t *)ret = (uint64_t)sqlite3_column_int64(stmt, 0);
	return true;
}

int state_count_nodes(struct state_store *s, uint64_t *ret, struct error *err)
{
	int r = read_one(s, QUERY_COUNT_NODES, "nodes", read_count, ret, err);

	return r < 0 ? r : 0;
}

int state_count_other_acls(struct state_store *s, const char *name, uint64_t *ret,
			   struct error *err)
{
	int r;

	db_bind_text(s->queries[QUERY_COUNT_ACLS], 1, name);
	r = read_one(s, QUERY_COUNT_ACLS, "acls", read_count, ret, err);
	return r < 0 ? r : 0;
}

static bool read_setting(sqlite3_stmt *stmt, struct mesh *mesh)
{
	char name[16], value[MESH_DOMAIN_MAX + 1];

	if (!db_column_text(stmt, 0, name, sizeof(name)) ||
	    !db_column_text(stmt, 1, value, sizeof(value)))
		return false;
	if (strcmp(name, "ula") == 0)
		return prefix_parse(value, &mesh->ula);
	if (strcmp(name, "ipv4") == 0)
		return prefix_parse(value, &mesh->ipv4);
	if (strcmp(name, "domain") == 0)
		strcpy(mesh->domain, value);
	return true;
}

int state_get_mesh(struct state_store *s, struct mesh *ret, struct error *err)
{
	sqlite3_stmt *stmt = s->queries[QUERY_MESH];
	struct mesh mesh = { 0 };
	int r, rows = 0;

	while ((r = db_step(&s->db, stmt, err)) > 0) {
		rows++;
		if (!read_setting(stmt, &mesh)) {
			db_done(stmt);
			return bad_row(s, "mesh", err);
		}
	}
	if (r == 0 && rows == 0)
		return error_set(err, ERR_NOT_FOUND,
				 "the mesh has no settings yet; run wgmeshd init");
	if (r == 0)
		*ret = mesh;
	return r;
}

static bool read_token(sqlite3_stmt *stmt, void *ret)
{
	struct token_record *t = ret;

	t->role = (enum node_role)sqlite3_column_int(stmt, 2);
	t->uses_left = (uint32_t)sqlite3_column_int64(stmt, 3);
	t->expires_at = sqlite3_column_int64(stmt, 4);
	t->revoked = sqlite3_column_int(stmt, 5) != 0;
	return db_column_text(stmt, 0, t->id, sizeof(t->id)) &&
	       db_column_bytes(stmt, 1, t->secret_hash, TOKEN_RECORD_HASH);
}

int state_get_token(struct state_store *s, const char *id, struct token_record *ret,
		    struct error *err)
{
	struct token_record token = { 0 };
	int r;

	db_bind_text(s->queries[QUERY_TOKEN], 1, id);
	r = read_one(s, QUERY_TOKEN, "tokens", read_token, &token, err);
	if (r == 0)
		return not_found(s, err, "token", id);
	if (r > 0)
		*ret = token;
	return r < 0 ? r : 0;
}

int state_each_token(struct state_store *s, const char *after, state_token_fn fn, void *data,
		     struct error *err)
{
	sqlite3_stmt *stmt = s->queries[QUERY_TOKENS];
	int r;

	db_bind_text(stmt, 1, after ? after : "");
	while ((r = db_step(&s->db, stmt, err)) > 0) {
		struct token_record token = { 0 };

		r = read_token(stmt, &token) ? fn(&token, data) : bad_row(s, "tokens", err);
		if (r != 0)
			break;
	}
	db_done(stmt);
	return r;
}

static bool read_certificate(sqlite3_stmt *stmt, void *ret)
{
	struct certificate *c = ret;

	c->role = (enum node_role)sqlite3_column_int(stmt, 2);
	c->expires_at = sqlite3_column_int64(stmt, 3);
	c->revoked = sqlite3_column_int(stmt, 4) != 0;
	return db_column_text(stmt, 0, c->serial, sizeof(c->serial)) &&
	       db_column_text(stmt, 1, c->node_id, sizeof(c->node_id));
}

static int get_certificate(struct state_store *s, enum query_statement which, const char *what,
			   const char *name, struct certificate *ret, struct error *err)
{
	struct certificate cert = { 0 };
	int r;

	db_bind_text(s->queries[which], 1, name);
	r = read_one(s, which, "certificates", read_certificate, &cert, err);
	if (r == 0)
		return not_found(s, err, what, name);
	if (r > 0)
		*ret = cert;
	return r < 0 ? r : 0;
}

int state_get_certificate(struct state_store *s, const char *serial, struct certificate *ret,
			  struct error *err)
{
	return get_certificate(s, QUERY_CERTIFICATE, "certificate", serial, ret, err);
}

int state_get_certificate_of(struct state_store *s, const char *node_id, struct certificate *ret,
			     struct error *err)
{
	return get_certificate(s, QUERY_CERTIFICATE_OF, "valid certificate of", node_id, ret, err);
}

static bool read_member(sqlite3_stmt *stmt, void *ret)
{
	struct member *m = ret;

	m->server_id = (uint64_t)sqlite3_column_int64(stmt, 0);
	return db_column_text(stmt, 1, m->node_id, sizeof(m->node_id)) &&
	       db_column_text(stmt, 2, m->address, sizeof(m->address));
}

struct ability {
	char node_id[NODE_ID_MAX + 1];
	uint32_t schema;
};

static bool read_ability(sqlite3_stmt *stmt, void *ret)
{
	struct ability *a = ret;

	a->schema = (uint32_t)sqlite3_column_int64(stmt, 1);
	return db_column_text(stmt, 0, a->node_id, sizeof(a->node_id));
}

int state_get_ability(struct state_store *s, const char *node_id, uint32_t *ret, struct error *err)
{
	struct ability ability;
	int r;

	db_bind_text(s->queries[QUERY_ABILITY], 1, node_id);
	r = read_one(s, QUERY_ABILITY, "abilities", read_ability, &ability, err);
	if (r == 0)
		return error_set(err, ERR_NOT_FOUND, "%s has told no schema version", node_id);
	if (r > 0)
		*ret = ability.schema;
	return r < 0 ? r : 0;
}

int state_lowest_ability(struct state_store *s, uint32_t *ret, char ret_node_id[NODE_ID_MAX + 1],
			 struct error *err)
{
	struct ability ability;
	int r = read_one(s, QUERY_LOWEST_ABILITY, "abilities", read_ability, &ability, err);

	if (r == 0)
		return error_set(err, ERR_NOT_FOUND, "no node has told its schema version yet");
	if (r < 0)
		return r;
	*ret = ability.schema;
	memcpy(ret_node_id, ability.node_id, sizeof(ability.node_id));
	return 0;
}

int state_get_member(struct state_store *s, uint64_t server_id, struct member *ret,
		     struct error *err)
{
	struct member member = { 0 };
	int r;

	sqlite3_bind_int64(s->queries[QUERY_MEMBER], 1, (int64_t)server_id);
	r = read_one(s, QUERY_MEMBER, "members", read_member, &member, err);
	if (r == 0)
		return error_set(err, ERR_NOT_FOUND, "there is no member with server id %llu",
				 (unsigned long long)server_id);
	if (r > 0)
		*ret = member;
	return r < 0 ? r : 0;
}

int state_each_member(struct state_store *s, state_member_fn fn, void *data, struct error *err)
{
	sqlite3_stmt *stmt = s->queries[QUERY_MEMBERS];
	int r;

	while ((r = db_step(&s->db, stmt, err)) > 0) {
		struct member member = { 0 };

		r = read_member(stmt, &member) ? fn(&member, data) : bad_row(s, "members", err);
		if (r != 0)
			break;
	}
	db_done(stmt);
	return r;
}

/* Patterns are stored one a line. */
static int split_patterns(const char *text, struct acl *acl, struct error *err)
{
	char pattern[ACL_PATTERN_MAX + 1];
	int r = 0;

	while (r == 0 && *text) {
		size_t len = strcspn(text, "\n");

		if (len >= sizeof(pattern))
			return error_set(err, ERR_CORRUPT, "a pattern of ACL %s is too long",
					 acl->name);
		memcpy(pattern, text, len);
		pattern[len] = '\0';
		r = acl_add_pattern(acl, pattern, err);
		text += len + (text[len] == '\n');
	}
	return r;
}

static int read_acl(struct state_store *s, sqlite3_stmt *stmt, struct acl *acl, struct error *err)
{
	const char *patterns = (const char *)sqlite3_column_text(stmt, 2);

	acl->action = (enum acl_action)sqlite3_column_int(stmt, 1);
	if (!db_column_text(stmt, 0, acl->name, sizeof(acl->name)) || !patterns)
		return bad_row(s, "acls", err);
	return split_patterns(patterns, acl, err);
}

int state_list_acls(struct state_store *s, struct acl **ret, size_t *ret_n, struct error *err)
{
	sqlite3_stmt *stmt = s->queries[QUERY_ACLS];
	struct acl *acls = NULL, *grown;
	size_t n = 0;
	int r;

	while ((r = db_step(&s->db, stmt, err)) > 0) {
		grown = reallocarray(acls, n + 1, sizeof(*acls));
		if (!grown) {
			r = error_set(err, ERR_MEMORY, "no memory for the ACLs");
			break;
		}
		acls = grown;
		acls[n] = (struct acl){ 0 };
		r = read_acl(s, stmt, &acls[n++], err);
		if (r < 0)
			break;
	}
	db_done(stmt);
	if (r < 0) {
		state_acls_free(acls, n);
		return r;
	}
	*ret = acls;
	*ret_n = n;
	return 0;
}

void state_acls_free(struct acl *acls, size_t n)
{
	for (size_t i = 0; i < n; i++)
		acl_fini(&acls[i]);
	free(acls);
}
