// SPDX-License-Identifier: Apache-2.0
/* wmctl get nodes [ID] | acls [NAME] | peers | tokens. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ext/v1/nodes.pb-c.h"
#include "google/protobuf/empty.pb-c.h"
#include "v1/mesh.pb-c.h"
#include "v1/peer_discovery.pb-c.h"
#include "wmctl/command.h"
#include "wmctl/view.h"

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

static bool print_nodes(FILE *out, bool wide, const json_t *nodes)
{
	static const struct output_column columns[] = {
		{ .head = "ID", .key = "id" },
		{ .head = "STATUS", .key = "status" },
		{ .head = "IPV4", .key = "private_ipv4" },
		{ .head = "IPV6", .key = "private_ipv6" },
		{ .head = "ENDPOINT", .key = "primary_endpoint", .empty = "behind NAT" },
		{ .head = "PUBLIC KEY", .key = "public_key", .wide = true },
		{ .head = "GRPC", .key = "grpc_port", .wide = true },
		{ .head = "RAFT", .key = "raft_port", .wide = true },
		{ .head = "UPDATED", .key = "updated_at", .wide = true },
	};

	return output_list(out, wide, nodes, columns, sizeof(columns) / sizeof(columns[0]));
}

/* Appends who comes behind @after; *@ret_more tells whether there are more then. */
static int fetch_page(struct session *s, const char *after, json_t *nodes, bool *ret_more,
		      struct error *err)
{
	Webmesh__Ext__V1__ListNodesRequest request = WEBMESH__EXT__V1__LIST_NODES_REQUEST__INIT;
	const Webmesh__Ext__V1__ListNodesResponse *page;
	ProtobufCMessage *reply;
	int r;

	request.after = (char *)after;
	r = session_call(s, &webmesh__ext__v1__nodes__descriptor, "List", &request.base, &reply,
			 err);
	if (r < 0)
		return r;
	page = (const Webmesh__Ext__V1__ListNodesResponse *)reply;
	for (size_t i = 0; i < page->n_nodes; i++)
		json_array_append_new(nodes, node_json(page->nodes[i]));
	*ret_more = page->more && page->n_nodes;
	protobuf_c_message_free_unpacked(reply, NULL);
	return 0;
}

static const char *last_id(const json_t *nodes)
{
	const json_t *last = json_array_get(nodes, json_array_size(nodes) - 1);
	const char *id = json_string_value(json_object_get(last, "id"));

	return id ? id : "";
}

int nodes_json(struct session *s, json_t **ret, struct error *err)
{
	json_t *nodes = json_array();
	bool more = true;
	int r = nodes ? 0 : error_set(err, ERR_MEMORY, "no memory for the nodes");

	while (r == 0 && more)
		r = fetch_page(s, last_id(nodes), nodes, &more, err);
	if (r == 0)
		*ret = nodes;
	else
		json_decref(nodes);
	return r;
}

static int one_node_json(struct session *s, char *id, json_t **ret, struct error *err)
{
	V1__GetNodeRequest request = V1__GET_NODE_REQUEST__INIT;
	ProtobufCMessage *reply;
	json_t *node;
	int r;

	request.id = id;
	r = session_call(s, &v1__mesh__descriptor, "GetNode", &request.base, &reply, err);
	if (r < 0)
		return r;
	node = node_json((const V1__MeshNode *)reply);
	protobuf_c_message_free_unpacked(reply, NULL);
	if (!node)
		return error_set(err, ERR_MEMORY, "no memory for the node");
	*ret = node;
	return 0;
}

static int fetch_nodes(struct session *s, char *id, json_t **ret, struct error *err)
{
	return id ? one_node_json(s, id, ret, err) : nodes_json(s, ret, err);
}

/* ---- peers ---- */

static json_t *peer_json(const V1__RaftPeer *p)
{
	return json_pack("{s:s, s:s, s:b, s:b, s:s}", "id", p->id, "address", p->address, "voter",
			 p->voter, "leader", p->leader, "role",
			 p->leader ? "leader" : p->voter ? "voter" : "non-voter");
}

static int fetch_peers(struct session *s, char *name, json_t **ret, struct error *err)
{
	Google__Protobuf__Empty request = GOOGLE__PROTOBUF__EMPTY__INIT;
	const V1__ListRaftPeersResponse *list;
	ProtobufCMessage *reply;
	json_t *peers;
	int r = session_call(s, &v1__peer_discovery__descriptor, "ListPeers", &request.base, &reply,
			     err);

	if (r < 0)
		return r;
	list = (const V1__ListRaftPeersResponse *)reply;
	peers = json_array();
	for (size_t i = 0; peers && i < list->n_peers; i++)
		json_array_append_new(peers, peer_json(list->peers[i]));
	protobuf_c_message_free_unpacked(reply, NULL);
	if (!peers)
		return error_set(err, ERR_MEMORY, "no memory for the peers");
	*ret = peers;
	return 0;
}

static bool print_peers(FILE *out, bool wide, const json_t *peers)
{
	static const struct output_column columns[] = {
		{ .head = "ID", .key = "id" },
		{ .head = "ADDRESS", .key = "address" },
		{ .head = "ROLE", .key = "role" },
	};

	return output_list(out, wide, peers, columns, sizeof(columns) / sizeof(columns[0]));
}

int get_main(struct session *s, int argc, char **argv)
{
	static const struct view nodes = { "id", NULL, fetch_nodes, print_nodes, NULL };
	static const struct view peers = { "id", NULL, fetch_peers, print_peers, NULL };
	const char *what = argc > 1 ? argv[1] : "";
	char *name = argc == 3 ? argv[2] : NULL;

	if (strcmp(what, "nodes") == 0 && argc <= 3)
		return view_show(s, &nodes, name);
	if (strcmp(what, "acls") == 0 && argc <= 3)
		return acl_show(s, name);
	if (strcmp(what, "peers") == 0 && argc == 2)
		return view_show(s, &peers, NULL);
	if (strcmp(what, "tokens") == 0 && argc == 2)
		return token_list(s);
	return command_usage(USAGE);
}
