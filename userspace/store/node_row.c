// SPDX-License-Identifier: Apache-2.0
#include "store/node_row.h"

#include <stdio.h>
#include <string.h>

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

/* NULL when there is none, so that SQL's coalesce() can keep an older one. */
static struct sql_value prefix_or_null(const struct prefix *p, char out[PREFIX_TEXT_MAX])
{
	if (p->ip.family == AF_UNSPEC)
		return (struct sql_value){ .type = SQL_NULL };
	return text(prefix_format(p, out));
}

/* "192.0.2.1,2001:db8::1" */
static const char *join_endpoints(const struct node *node, char out[NODE_ENDPOINTS_TEXT_MAX])
{
	char ip[IP_TEXT_MAX];
	size_t len = 0;

	out[0] = '\0';
	for (unsigned int i = 0; i < node->n_endpoints && i < NODE_ENDPOINTS_MAX; i++)
		len += (size_t)snprintf(out + len, NODE_ENDPOINTS_TEXT_MAX - len, "%s%s",
					i ? "," : "", ip_format(&node->endpoints[i], ip));
	return out;
}

static bool split_endpoints(const char *list, struct node *node)
{
	char ip[IP_TEXT_MAX];

	while (*list) {
		size_t len = strcspn(list, ",");

		if (len >= sizeof(ip) || node->n_endpoints == NODE_ENDPOINTS_MAX)
			return false;
		memcpy(ip, list, len);
		ip[len] = '\0';
		if (!ip_parse(ip, &node->endpoints[node->n_endpoints++]))
			return false;
		list += len + (list[len] == ',');
	}
	return true;
}

void node_to_row(const struct node *node, struct node_row *row)
{
	struct sql_value *v = row->values;

	*v++ = text(node->id);
	*v++ = (struct sql_value){ .type = SQL_BYTES, .bytes = { &node->public_key, KEY_BYTES } };
	*v++ = text(ip_format(&node->primary_endpoint, row->primary_endpoint));
	*v++ = text(join_endpoints(node, row->endpoints));
	*v++ = number(node->raft_port);
	*v++ = number(node->grpc_port);
	*v++ = number(node->wireguard_port);
	*v++ = prefix_or_null(&node->ipv4, row->ipv4);
	*v++ = prefix_or_null(&node->ipv6, row->ipv6);
	*v++ = number(node->role);
	*v++ = node->server_id ? number((int64_t)node->server_id) :
				 (struct sql_value){ .type = SQL_NULL };
	*v++ = moment(node->created_at);
	*v++ = moment(node->updated_at);
}

static bool column_prefix(sqlite3_stmt *stmt, int i, struct prefix *ret)
{
	char out[PREFIX_TEXT_MAX];

	if (sqlite3_column_type(stmt, i) == SQLITE_NULL)
		return true;
	return db_column_text(stmt, i, out, sizeof(out)) && prefix_parse(out, ret);
}

static bool column_endpoints(sqlite3_stmt *stmt, struct node *node)
{
	char list[NODE_ENDPOINTS_TEXT_MAX];

	if (!db_column_text(stmt, 2, list, sizeof(list)) ||
	    (*list && !ip_parse(list, &node->primary_endpoint)))
		return false;
	return db_column_text(stmt, 3, list, sizeof(list)) && split_endpoints(list, node);
}

bool node_from_row(sqlite3_stmt *stmt, struct node *ret)
{
	struct node n = {
		.raft_port = (uint16_t)sqlite3_column_int(stmt, 4),
		.grpc_port = (uint16_t)sqlite3_column_int(stmt, 5),
		.wireguard_port = (uint16_t)sqlite3_column_int(stmt, 6),
		.role = (enum node_role)sqlite3_column_int(stmt, 9),
		.server_id = (uint64_t)sqlite3_column_int64(stmt, 10),
		.created_at = sqlite3_column_int64(stmt, 11),
		.updated_at = sqlite3_column_int64(stmt, 12),
	};

	if (!db_column_text(stmt, 0, n.id, sizeof(n.id)) ||
	    !db_column_bytes(stmt, 1, n.public_key.bytes, KEY_BYTES) ||
	    !column_endpoints(stmt, &n) ||
	    !column_prefix(stmt, 7, &n.ipv4) || !column_prefix(stmt, 8, &n.ipv6))
		return false;
	*ret = n;
	return true;
}
