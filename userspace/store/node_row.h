/* SPDX-License-Identifier: Apache-2.0 */
/* A node as a row of the nodes table, and back.  Internal to store/. */
#ifndef WGMESH_STORE_NODE_ROW_H
#define WGMESH_STORE_NODE_ROW_H

#include "model/node.h"
#include "store/db.h"
#include "store/entry.h"

enum {
	NODE_COLUMNS = 13,
	NODE_ENDPOINTS_TEXT_MAX = NODE_ENDPOINTS_MAX * IP_TEXT_MAX,
};

#define NODE_COLUMN_NAMES \
	"id, public_key, primary_endpoint, endpoints, raft_port, grpc_port, wireguard_port, " \
	"ipv4, ipv6, role, server_id, created_at, updated_at"

/* The memory that the values of a row point into. */
struct node_row {
	struct sql_value values[NODE_COLUMNS];
	char primary_endpoint[IP_TEXT_MAX];
	char endpoints[NODE_ENDPOINTS_TEXT_MAX];
	char ipv4[PREFIX_TEXT_MAX], ipv6[PREFIX_TEXT_MAX];
};

/* @row is good as long as @node. */
void node_to_row(const struct node *node, struct node_row *row);

/* From NODE_COLUMN_NAMES in that order; false: not what node_to_row() wrote. */
bool node_from_row(sqlite3_stmt *stmt, struct node *ret);

#endif
