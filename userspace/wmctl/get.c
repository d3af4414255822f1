// SPDX-License-Identifier: Apache-2.0
/* wmctl get nodes [ID] | acls [NAME] | peers | tokens. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ext/v1/nodes.pb-c.h"
#include "google/protobuf/empty.pb-c.h"
#include "v1/mesh.pb-c.h"
#include "v1/peer_discovery.pb-c.h"
#include "wmctl/command.h"

#define USAGE "get nodes [ID] | acls [NAME] | peers | tokens"

static const char *status_name(V1__ClusterStatus status)
{
	switch (status) {
	case V1__CLUSTER_STATUS__CLUSTER_LEADER:
		return "leader";
	case V1__CLUSTER_STATUS__CLUSTER_VOTER:
		return "voter";
	case V1__CLUSTER_STATUS__CLUSTER_NON_VOTER:
		return "non-voter";
	default:
		return "unknown";
	}
}

static const char *time_text(const Google__Protobuf__Timestamp *at, char out[32])
{
	struct tm tm;
	time_t t = at ? at->seconds : 0;

	if (!at || !gmtime_r(&t, &tm) || !strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm))
		return "-";
	return out;
}

static json_t *node_json(const V1__MeshNode *n)
{
	char created[32], updated[32];
	json_t *endpoints = json_array();

	for (size_t i = 0; i < n->n_endpoints; i++)
		json_array_append_new(endpoints, json_string(n->endpoints[i]));
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:i, s:i, s:i, s:s, s:s}",
			 "id", n->id, "status", status_name(n->cluster_status),
			 "private_ipv4", n->private_ipv4, "private_ipv6", n->private_ipv6,
			 "public_key", n->public_key, "primary_endpoint", n->primary_endpoint,
			 "endpoints", endpoints, "wireguard_port", n->wireguard_port,
			 "raft_port", n->raft_port, "grpc_port", n->grpc_port,
			 "created_at", time_text(n->created_at, created),
			 "updated_at", time_text(n->updated_at, updated));
}

static json_t *list_json(V1__MeshNode *const *nodes, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, node_json(nodes[i]));
	return list;
}

enum { COLUMNS = 5, COLUMNS_WIDE = 9 };

static const char *const head[COLUMNS_WIDE] = { "ID", "STATUS", "IPV4", "IPV6", "ENDPOINT",
						"PUBLIC KEY",
						"GRPC", "RAFT", "UPDATED" };

/* What a row needs beside the message. */
struct row {
	char grpc[12], raft[12], updated[32];
};

static void fill_row(const V1__MeshNode *n, struct row *row, const char **cells, size_t columns)
{
	const char *all[COLUMNS_WIDE] = { n->id, status_name(n->cluster_status), n->private_ipv4,
					  n->private_ipv6,
					  *n->primary_endpoint ? n->primary_endpoint : "behind NAT",
					  n->public_key, row->grpc, row->raft,
					  time_text(n->updated_at, row->updated) };

	snprintf(row->grpc, sizeof(row->grpc), "%d", n->grpc_port);
	snprintf(row->raft, sizeof(row->raft), "%d", n->raft_port);
	memcpy(cells, all, columns * sizeof(*cells));
}

static int print_table(const struct session *s, V1__MeshNode *const *nodes, size_t n)
{
	size_t columns = s->format == OUTPUT_WIDE ? COLUMNS_WIDE : COLUMNS;
	const char **cells = calloc((n + 1) * columns, sizeof(*cells));
	struct row *rows = calloc(n + 1, sizeof(*rows));

	if (cells && rows) {
		memcpy(cells, head, columns * sizeof(*cells));
		for (size_t i = 0; i < n; i++)
			fill_row(nodes[i], &rows[i], cells + (i + 1) * columns, columns);
		output_table(cells, n + 1, columns);
	}
	free(rows);
	free(cells);
	return cells && rows ? EXIT_OK : command_fail(&(struct error){ .text = "no memory for a table" });
}

/* All pages; they stay, for the nodes are theirs. */
struct all_nodes {
	ProtobufCMessage **pages;
	size_t n_pages;
	V1__MeshNode **nodes;
	size_t count;
};

static int add_page(struct all_nodes *all, ProtobufCMessage *reply, struct error *err)
{
	const Webmesh__Ext__V1__ListNodesResponse *page =
			(const Webmesh__Ext__V1__ListNodesResponse *)reply;
	ProtobufCMessage **pages = reallocarray(all->pages, all->n_pages + 1, sizeof(*pages));
	V1__MeshNode **nodes;

	if (pages)
		all->pages = pages;
	nodes = reallocarray(all->nodes, all->count + page->n_nodes + 1, sizeof(*nodes));
	if (nodes)
		all->nodes = nodes;
	if (!pages || !nodes) {
		protobuf_c_message_free_unpacked(reply, NULL);
		return error_set(err, ERR_MEMORY, "no memory to list the nodes");
	}
	pages[all->n_pages++] = reply;
	memcpy(nodes + all->count, page->nodes, page->n_nodes * sizeof(*nodes));
	all->count += page->n_nodes;
	return page->more && page->n_nodes;
}

static int fetch(struct session *s, struct all_nodes *all, struct error *err)
{
	Webmesh__Ext__V1__ListNodesRequest request = WEBMESH__EXT__V1__LIST_NODES_REQUEST__INIT;
	ProtobufCMessage *reply;
	int r = 1;

	while (r > 0) {
		r = session_call(s, &webmesh__ext__v1__nodes__descriptor, "List", &request.base,
				 &reply, err);
		if (r == 0)
			r = add_page(all, reply, err);
		if (r > 0)
			request.after = all->nodes[all->count - 1]->id;
	}
	return r;
}

static void free_all(struct all_nodes *all)
{
	for (size_t i = 0; i < all->n_pages; i++)
		protobuf_c_message_free_unpacked(all->pages[i], NULL);
	free(all->pages);
	free(all->nodes);
}

int nodes_json(struct session *s, json_t **ret, struct error *err)
{
	struct all_nodes all = { 0 };
	json_t *list;
	int r = fetch(s, &all, err);

	if (r == 0) {
		list = list_json(all.nodes, all.count);
		if (list)
			*ret = list;
		else
			r = error_set(err, ERR_MEMORY, "no memory for the nodes");
	}
	free_all(&all);
	return r;
}

static int get_all(struct session *s)
{
	struct all_nodes all = { 0 };
	struct error err = { 0 };
	int code;

	if (fetch(s, &all, &err) < 0)
		code = command_fail(&err);
	else
		code = output_structured(s->format)
			? output_value(s->format, list_json(all.nodes, all.count))
			: print_table(s, all.nodes, all.count);
	free_all(&all);
	return code;
}

static int get_one(struct session *s, char *id)
{
	V1__GetNodeRequest request = V1__GET_NODE_REQUEST__INIT;
	ProtobufCMessage *reply;
	struct error err = { 0 };
	V1__MeshNode *node;
	int code;

	request.id = id;
	if (session_call(s, &v1__mesh__descriptor, "GetNode", &request.base, &reply, &err) < 0)
		return command_fail(&err);
	node = (V1__MeshNode *)reply;
	code = output_structured(s->format) ? output_value(s->format, node_json(node)) :
					      print_table(s, &node, 1);
	protobuf_c_message_free_unpacked(reply, NULL);
	return code;
}

static json_t *peer_json(const V1__RaftPeer *p)
{
	return json_pack("{s:s, s:s, s:b, s:b}", "id", p->id, "address", p->address, "voter",
			 p->voter,
			 "leader", p->leader);
}

static int print_peers(const V1__ListRaftPeersResponse *list)
{
	const char **cells = calloc((list->n_peers + 1) * 3, sizeof(*cells));

	if (!cells)
		return command_fail(&(struct error){ .text = "no memory for a table" });
	memcpy(cells, (const char *[]){ "ID", "ADDRESS", "ROLE" }, 3 * sizeof(*cells));
	for (size_t i = 0; i < list->n_peers; i++) {
		const V1__RaftPeer *p = list->peers[i];

		cells[i * 3 + 3] = p->id;
		cells[i * 3 + 4] = p->address;
		cells[i * 3 + 5] = p->leader ? "leader" : p->voter ? "voter" : "non-voter";
	}
	output_table(cells, list->n_peers + 1, 3);
	free(cells);
	return EXIT_OK;
}

static int get_peers(struct session *s)
{
	Google__Protobuf__Empty request = GOOGLE__PROTOBUF__EMPTY__INIT;
	const V1__ListRaftPeersResponse *list;
	json_t *values;
	ProtobufCMessage *reply;
	struct error err = { 0 };
	int code;

	if (session_call(s, &v1__peer_discovery__descriptor, "ListPeers", &request.base, &reply,
			 &err) < 0)
		return command_fail(&err);
	list = (const V1__ListRaftPeersResponse *)reply;
	if (output_structured(s->format)) {
		values = json_array();
		for (size_t i = 0; i < list->n_peers; i++)
			json_array_append_new(values, peer_json(list->peers[i]));
		code = output_value(s->format, values);
	} else {
		code = print_peers(list);
	}
	protobuf_c_message_free_unpacked(reply, NULL);
	return code;
}

int get_main(struct session *s, int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "nodes") == 0 && argc <= 3)
		return argc == 3 ? get_one(s, argv[2]) : get_all(s);
	if (strcmp(what, "acls") == 0 && argc <= 3)
		return argc == 3 ? acl_get(s, argv[2]) : acl_list(s);
	if (strcmp(what, "peers") == 0 && argc == 2)
		return get_peers(s);
	if (strcmp(what, "tokens") == 0 && argc == 2)
		return token_list(s);
	return command_usage(USAGE);
}
