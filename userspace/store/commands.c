// SPDX-License-Identifier: Apache-2.0
#include "store/commands.h"

#include <string.h>

#include "model/ipam.h"
#include "store/node_row.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static struct sql_value text(const char *t)
{
	return (struct sql_value){ .type = SQL_TEXT, .text = t };
}

static struct sql_value number(int64_t i)
{
	return (struct sql_value){ .type = SQL_INT, .i = i };
}

static struct sql_value moment(int64_t ns)
{
	return (struct sql_value){ .type = SQL_TIME, .i = ns };
}

static int run1(struct entry *e, unsigned int flags, const char *sql, struct sql_value v,
		struct error *err)
{
	return entry_add(e, flags, sql, &v, 1, err);
}

/* A join again keeps what it was given the first time: see commands.h. */
static int upsert_node(struct entry *e, const struct node *node, struct error *err)
{
	struct node_row row = { 0 };

	node_to_row(node, &row);
	return entry_add(e, 0,
		"INSERT INTO nodes(" NODE_COLUMN_NAMES ")"
		" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
		" ON CONFLICT(id) DO UPDATE SET public_key = excluded.public_key,"
		" primary_endpoint = excluded.primary_endpoint, endpoints = excluded.endpoints,"
		" raft_port = excluded.raft_port, grpc_port = excluded.grpc_port,"
		" wireguard_port = excluded.wireguard_port, role = excluded.role,"
		" updated_at = excluded.updated_at, ipv4 = coalesce(nodes.ipv4, excluded.ipv4),"
		" ipv6 = coalesce(nodes.ipv6, excluded.ipv6),"
		" server_id = coalesce(nodes.server_id, excluded.server_id)",
		row.values, NODE_COLUMNS, err);
}

/* A lease the node has already stays; the primary key refuses a number of somebody else. */
static int add_lease(struct entry *e, const char *node_id, enum ipam_pool pool, uint64_t n,
		     struct error *err)
{
	struct sql_value params[] = { number(pool), number((int64_t)n), text(node_id) };

	return entry_add(e, 0,
		"INSERT INTO leases(pool, number, node) SELECT ?1, ?2, ?3"
		" WHERE NOT EXISTS(SELECT 1 FROM leases WHERE node = ?3 AND pool = ?1)",
		params, COUNT(params), err);
}

static int check_node(const struct node *node, struct error *err)
{
	if (node->server_id > INT64_MAX)
		return error_set(err, ERR_INVALID, "server_id is above 2^63-1; draw another one");
	if (node->ipv4.ip.family != AF_UNSPEC && node->ipv4.ip.family != AF_INET)
		return error_set(err, ERR_INVALID, "ipv4 is no IPv4 address");
	if (node->ipv6.ip.family != AF_UNSPEC &&
	    (node->ipv6.ip.family != AF_INET6 || node->ipv6.len != 64))
		return error_set(err, ERR_INVALID, "ipv6 is no IPv6 /64");
	return node_validate(node, err);
}

int command_register_node(struct entry *e, const struct node *node, struct error *err)
{
	int r = check_node(node, err);

	if (r == 0)
		r = upsert_node(e, node, err);
	if (r == 0 && node->ipv4.ip.family == AF_INET)
		r = add_lease(e, node->id, IPAM_IPV4, ipam_ipv4_number(&node->ipv4.ip), err);
	if (r == 0 && node->ipv6.ip.family == AF_INET6)
		r = add_lease(e, node->id, IPAM_IPV6, ipam_ipv6_number(&node->ipv6.ip), err);
	return r;
}

int command_set_ability(struct entry *e, const char *node_id, uint32_t schema, struct error *err)
{
	struct sql_value params[] = { text(node_id), number(schema) };

	return entry_add(e, 0,
		"INSERT INTO abilities(node, schema) VALUES(?1, ?2)"
		" ON CONFLICT(node) DO UPDATE SET schema = excluded.schema", params, COUNT(params), err);
}

static int add_route(struct entry *e, const char *node_id, const struct prefix *prefix,
		     struct error *err)
{
	char prefix_text[PREFIX_TEXT_MAX];
	struct sql_value params[] = { text(node_id), text(prefix_format(prefix, prefix_text)) };

	return entry_add(e, 0, "INSERT INTO routes(node, prefix) VALUES(?1, ?2)", params,
			 COUNT(params), err);
}

int command_set_routes(struct entry *e, const char *node_id, const struct route_list *routes,
		       struct error *err)
{
	int r = run1(e, 0, "DELETE FROM routes WHERE node = ?1", text(node_id), err);

	for (unsigned int i = 0; r == 0 && i < routes->count; i++)
		r = add_route(e, node_id, &routes->items[i], err);
	return r;
}

int command_set_guest(struct entry *e, const char *node_id, uint32_t seconds, struct error *err)
{
	struct sql_value params[] = { text(node_id), number(seconds) };

	if (!seconds)
		return run1(e, 0, "DELETE FROM guests WHERE node = ?1", text(node_id), err);
	return entry_add(e, 0, "INSERT INTO guests(node, seconds) VALUES(?1, ?2)"
			 " ON CONFLICT(node) DO UPDATE SET seconds = excluded.seconds",
			 params, COUNT(params), err);
}

/* The change feed tells of nodes, and this is one's. */
static int touch_node(struct entry *e, const char *node_id, int64_t now, struct error *err)
{
	struct sql_value params[] = { text(node_id), moment(now) };

	return entry_add(e, ENTRY_MUST_CHANGE, "UPDATE nodes SET updated_at = ?2 WHERE id = ?1",
			 params, COUNT(params), err);
}

int command_ask_rotation(struct entry *e, const char *node_id, int64_t now, struct error *err)
{
	struct sql_value params[] = { text(node_id), moment(now) };
	int r = entry_add(e, 0,
		"INSERT INTO rotations(node, asked_at, announced_at) VALUES(?1, ?2, 0)"
		" ON CONFLICT(node) DO UPDATE SET asked_at = excluded.asked_at",
		params, COUNT(params), err);

	return r < 0 ? r : touch_node(e, node_id, now, err);
}

int command_announce_key(struct entry *e, const char *node_id, const struct key *next,
			 int64_t now, struct error *err)
{
	struct sql_value params[] = {
		text(node_id), { .type = SQL_BYTES, .bytes = { next, KEY_BYTES } }, moment(now),
	};
	int r = entry_add(e, ENTRY_MUST_CHANGE,
		"INSERT INTO rotations(node, next_key, asked_at, announced_at) SELECT ?1, ?2, 0, ?3"
		" WHERE NOT EXISTS(SELECT 1 FROM nodes WHERE public_key = ?2)"
		" ON CONFLICT(node) DO UPDATE SET next_key = excluded.next_key,"
		" announced_at = excluded.announced_at", params, COUNT(params), err);

	return r < 0 ? r : touch_node(e, node_id, now, err);
}

int command_remove_node(struct entry *e, const char *node_id, struct error *err)
{
	int r = run1(e, ENTRY_MUST_CHANGE, "DELETE FROM nodes WHERE id = ?1", text(node_id), err);

	if (r == 0)
		r = run1(e, 0, "DELETE FROM leases WHERE node = ?1", text(node_id), err);
	if (r == 0)
		r = run1(e, 0, "DELETE FROM abilities WHERE node = ?1", text(node_id), err);
	if (r == 0)
		r = run1(e, 0, "DELETE FROM members WHERE node = ?1", text(node_id), err);
	return r;
}

static int set_node_role(struct entry *e, const char *node_id, enum node_role role,
			 uint64_t server_id, int64_t now, struct error *err)
{
	struct sql_value params[] = { text(node_id), number(role), number((int64_t)server_id),
				      moment(now) };

	if (role != NODE_VOTER)
		params[2] = (struct sql_value){ .type = SQL_NULL };
	return entry_add(e, ENTRY_MUST_CHANGE,
			 "UPDATE nodes SET role = ?2, server_id = ?3, updated_at = ?4 WHERE id = ?1",
			 params, COUNT(params), err);
}

int command_set_role(struct entry *e, const char *node_id, enum node_role role,
		     uint64_t server_id, int64_t now, struct error *err)
{
	struct sql_value cert[] = { text(node_id), number(role) };
	int r;

	if (role == NODE_VOTER && (server_id == 0 || server_id > INT64_MAX))
		return error_set(err, ERR_INVALID, "server_id: 1 to 2^63-1");
	r = set_node_role(e, node_id, role, server_id, now, err);
	if (r == 0)
		r = entry_add(e, 0, "UPDATE certificates SET role = ?2 WHERE node = ?1", cert,
			      COUNT(cert), err);
	return r < 0 ? r : run1(e, 0, "DELETE FROM members WHERE node = ?1", text(node_id), err);
}

#define OTHER_VOTERS "(SELECT id FROM nodes WHERE role = ?2 AND id != ?1)"

int command_remove_other_voters(struct entry *e, const char *survivor, struct error *err)
{
	static const char *const sqls[] = {
		"UPDATE certificates SET revoked = 1 WHERE node IN " OTHER_VOTERS,
		"DELETE FROM leases WHERE node IN " OTHER_VOTERS,
		"DELETE FROM abilities WHERE node IN " OTHER_VOTERS,
		"DELETE FROM members WHERE node IN " OTHER_VOTERS,
		"DELETE FROM nodes WHERE role = ?2 AND id != ?1",
	};
	struct sql_value params[] = { text(survivor), number(NODE_VOTER) };
	int r = 0;

	for (size_t i = 0; r == 0 && i < COUNT(sqls); i++)
		r = entry_add(e, 0, sqls[i], params, COUNT(params), err);
	return r;
}

int command_put_token(struct entry *e, const struct token_record *token, struct error *err)
{
	struct sql_value params[] = {
		text(token->id),
		{ .type = SQL_BYTES, .bytes = { token->secret_hash, TOKEN_RECORD_HASH } },
		number(token->role), number(token->uses_left), moment(token->expires_at),
		number(token->revoked),
	};

	if (!token->id[0])
		return error_set(err, ERR_INVALID, "token id is empty; draw a random one");
	if (token->uses_left == 0)
		return error_set(err, ERR_INVALID, "uses is 0; a token is good for one or more");
	return entry_add(e, 0,
		"INSERT INTO tokens(id, secret_hash, role, uses_left, expires_at, revoked)"
		" VALUES(?1, ?2, ?3, ?4, ?5, ?6)", params, COUNT(params), err);
}

int command_use_token(struct entry *e, const char *token_id, int64_t now, struct error *err)
{
	struct sql_value params[] = { text(token_id), moment(now) };

	return entry_add(e, ENTRY_MUST_CHANGE,
		"UPDATE tokens SET uses_left = uses_left - 1"
		" WHERE id = ?1 AND uses_left > 0 AND revoked = 0 AND expires_at > ?2",
		params, COUNT(params), err);
}

int command_revoke_token(struct entry *e, const char *token_id, struct error *err)
{
	return run1(e, ENTRY_MUST_CHANGE, "UPDATE tokens SET revoked = 1 WHERE id = ?1",
		    text(token_id), err);
}

int command_put_certificate(struct entry *e, const struct certificate *cert, struct error *err)
{
	struct sql_value params[] = {
		text(cert->serial), text(cert->node_id), number(cert->role),
		moment(cert->expires_at), number(cert->revoked),
	};

	if (!cert->serial[0])
		return error_set(err, ERR_INVALID, "serial is empty");
	if (!node_id_valid(cert->node_id))
		return error_set(err, ERR_INVALID, "node id \"%s\" of the certificate is none",
				 cert->node_id);
	return entry_add(e, 0,
		"INSERT INTO certificates(serial, node, role, expires_at, revoked)"
		" VALUES(?1, ?2, ?3, ?4, ?5)", params, COUNT(params), err);
}

int command_revoke_certificate(struct entry *e, const char *serial, struct error *err)
{
	return run1(e, ENTRY_MUST_CHANGE, "UPDATE certificates SET revoked = 1 WHERE serial = ?1",
		    text(serial), err);
}

int command_forget_certificates(struct entry *e, const char *node_id, int64_t now,
				struct error *err)
{
	struct sql_value params[] = { text(node_id), moment(now) };

	return entry_add(e, 0, "DELETE FROM certificates WHERE node = ?1 AND expires_at < ?2",
			 params, COUNT(params), err);
}

int command_revoke_certificates_of(struct entry *e, const char *node_id, struct error *err)
{
	return run1(e, 0, "UPDATE certificates SET revoked = 1 WHERE node = ?1", text(node_id),
		    err);
}

static int check_admin(const char *name, struct error *err)
{
	return node_id_valid(name) ? 0
				   : error_set(err, ERR_INVALID,
					       "name: \"%.80s\" is no administrator's", name);
}

int command_put_admin(struct entry *e, const struct admin_record *admin, struct error *err)
{
	struct sql_value params[] = { text(admin->name), text(admin->serial),
				      moment(admin->expires_at) };
	int r = check_admin(admin->name, err);

	return r < 0 ? r : entry_add(e, 0,
		"INSERT INTO admins(name, serial, expires_at, revoked) VALUES(?1, ?2, ?3, 0)"
		" ON CONFLICT(name, serial) DO UPDATE SET expires_at = excluded.expires_at",
		params, COUNT(params), err);
}

int command_revoke_admin(struct entry *e, const char *name, const char *serial, struct error *err)
{
	struct sql_value params[] = { text(name), text(serial) };
	int r = check_admin(name, err);

	return r < 0 ? r : entry_add(e, 0,
		"INSERT INTO admins(name, serial, expires_at, revoked) VALUES(?1, ?2, 0, 1)"
		" ON CONFLICT(name, serial) DO UPDATE SET revoked = 1", params, COUNT(params), err);
}

int command_forget_admins(struct entry *e, int64_t now, struct error *err)
{
	return run1(e, 0, "DELETE FROM admins WHERE expires_at > 0 AND expires_at < ?1",
		    moment(now), err);
}

int command_put_acl(struct entry *e, const struct acl *acl, struct error *err)
{
	struct buf patterns = BUF_INIT(ACL_PATTERNS_MAX * (ACL_PATTERN_MAX + 1));
	int r = acl_validate(acl, err);

	for (size_t i = 0; r == 0 && i < acl->n_patterns; i++)
		buf_printf(&patterns, "%s%s", i ? "\n" : "", acl->patterns[i]);
	if (r == 0 && patterns.failed)
		r = error_set(err, ERR_MEMORY, "no memory for the patterns of ACL %s", acl->name);
	if (r == 0) {
		struct sql_value params[] = {
			text(acl->name), number(acl->action), text(buf_text(&patterns)),
		};

		r = entry_add(e, 0,
			"INSERT INTO acls(name, action, patterns) VALUES(?1, ?2, ?3)"
			" ON CONFLICT(name) DO UPDATE SET action = excluded.action,"
			" patterns = excluded.patterns", params, COUNT(params), err);
	}
	buf_fini(&patterns);
	return r;
}

int command_delete_acl(struct entry *e, const char *name, struct error *err)
{
	return run1(e, ENTRY_MUST_CHANGE, "DELETE FROM acls WHERE name = ?1", text(name), err);
}

static int set_mesh_value(struct entry *e, const char *name, const char *value, struct error *err)
{
	struct sql_value params[] = { text(name), text(value) };

	return entry_add(e, 0,
		"INSERT INTO mesh(name, value) VALUES(?1, ?2)"
		" ON CONFLICT(name) DO UPDATE SET value = excluded.value",
		params, COUNT(params), err);
}

int command_set_mesh(struct entry *e, const struct mesh *mesh, struct error *err)
{
	char prefix[PREFIX_TEXT_MAX];
	int r = mesh_validate(mesh, err);

	if (r == 0)
		r = set_mesh_value(e, "ula", prefix_format(&mesh->ula, prefix), err);
	if (r == 0)
		r = set_mesh_value(e, "ipv4", prefix_format(&mesh->ipv4, prefix), err);
	if (r == 0)
		r = set_mesh_value(e, "domain", mesh->domain, err);
	return r;
}

int command_put_member(struct entry *e, const struct member *member, struct error *err)
{
	struct sql_value params[] = {
		number((int64_t)member->server_id), text(member->node_id), text(member->address),
	};

	if (member->server_id == 0 || member->server_id > INT64_MAX)
		return error_set(err, ERR_INVALID,
				 "server id is not in 1 to 2^63-1; draw another one");
	if (!node_id_valid(member->node_id))
		return error_set(err, ERR_INVALID, "node id \"%s\" of the member is none",
				 member->node_id);
	return entry_add(e, 0,
		"INSERT INTO members(server_id, node, address) VALUES(?1, ?2, ?3)"
		" ON CONFLICT(server_id) DO UPDATE SET node = excluded.node,"
		" address = excluded.address", params, COUNT(params), err);
}

int command_remove_member(struct entry *e, uint64_t server_id, struct error *err)
{
	return run1(e, ENTRY_MUST_CHANGE, "DELETE FROM members WHERE server_id = ?1",
		    number((int64_t)server_id), err);
}
