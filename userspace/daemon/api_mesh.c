// SPDX-License-Identifier: Apache-2.0
/* v1.Mesh and webmesh.ext.v1.Nodes: the nodes, as this node's state has them. */
#include "daemon/api_mesh.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api.h"
#include "daemon/message_list.h"
#include "ext/v1/nodes.pb-c.h"
#include "google/protobuf/empty.pb-c.h"
#include "rpc/message.h"
#include "store/state_query.h"
#include "v1/mesh.pb-c.h"

enum { PAGE_MAX = 1000 };	/* nodes; far below what an answer has room for */

static V1__ClusterStatus cluster_status(struct daemon *d, const struct node *node)
{
	if (strcmp(replica_leader(d->replica), node->id) == 0)
		return V1__CLUSTER_STATUS__CLUSTER_LEADER;
	return replica_is_voter(d->replica, node->id) ? V1__CLUSTER_STATUS__CLUSTER_VOTER
						      : V1__CLUSTER_STATUS__CLUSTER_NON_VOTER;
}

static Google__Protobuf__Timestamp timestamp(int64_t ns)
{
	Google__Protobuf__Timestamp t = GOOGLE__PROTOBUF__TIMESTAMP__INIT;

	t.seconds = ns / 1000000000;
	t.nanos = (int32_t)(ns % 1000000000);
	return t;
}

void mesh_node_fill(struct daemon *d, const struct node *node, struct mesh_node *out)
{
	V1__MeshNode *m = &out->message;

	v1__mesh_node__init(m);
	snprintf(out->id, sizeof(out->id), "%s", node->id);
	ip_format(&node->primary_endpoint, out->primary);
	for (unsigned int i = 0; i < node->n_endpoints; i++) {
		ip_format(&node->endpoints[i], out->endpoints[i]);
		out->endpoint_list[i] = out->endpoints[i];
	}
	out->ipv4[0] = out->ipv6[0] = 0;
	if (node->ipv4.ip.family)
		prefix_format(&node->ipv4, out->ipv4);
	if (node->ipv6.ip.family)
		prefix_format(&node->ipv6, out->ipv6);
	out->created = timestamp(node->created_at);
	out->updated = timestamp(node->updated_at);

	m->id = out->id;
	m->primary_endpoint = out->primary;
	m->n_endpoints = node->n_endpoints;
	m->endpoints = out->endpoint_list;
	m->raft_port = node->raft_port;
	m->grpc_port = node->grpc_port;
	m->wireguard_port = node->wireguard_port;
	m->public_key = key_format(&node->public_key, out->key);
	m->private_ipv4 = out->ipv4;
	m->private_ipv6 = out->ipv6;
	m->created_at = &out->created;
	m->updated_at = &out->updated;
	m->cluster_status = cluster_status(d, node);
}

static void reply_node(struct daemon *d, struct rpc_call *call, void *ctx,
		       const struct error *readable)
{
	struct error err = *readable;
	struct mesh_node out;
	struct node node;
	char *id = ctx;

	if (err.kind == ERR_NONE && state_get_node(d->state, id, &node, &err) == 0) {
		mesh_node_fill(d, &node, &out);
		rpc_reply(call, &out.message.base);
	} else {
		rpc_fail(call, &err);
	}
	free(id);
}

void api_get_node(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	const V1__GetNodeRequest *q = (const V1__GetNodeRequest *)request;
	char *id;

	if (!node_id_valid(q->id)) {
		api_fail(call, ERR_INVALID, "id: \"%.80s\" is no node id", q->id);
		return;
	}
	id = strdup(q->id);
	if (id)
		api_read(user, call, reply_node, id);
	else
		api_fail(call, ERR_MEMORY, "no memory for a read");
}

struct node_list {
	struct daemon *daemon;
	struct message_list nodes;	/* struct mesh_node */
	size_t limit;			/* 0: none */
	bool more;			/* there are, beyond it */
};

static int add_node(const struct node *node, void *data)
{
	struct node_list *list = data;
	struct mesh_node *out;

	if (list->limit && list->nodes.count == list->limit) {
		list->more = true;
		return 1;
	}
	out = message_list_add(&list->nodes, sizeof(*out));
	if (!out)
		return -ERR_MEMORY;
	mesh_node_fill(list->daemon, node, out);
	return 0;
}

static int fill_list(struct node_list *list, const char *after, const struct error *readable,
		     struct error *err)
{
	int r;

	*err = *readable;
	if (err->kind != ERR_NONE)
		return -(int)err->kind;
	r = state_each_node(list->daemon->state, after, add_node, list, err);
	if (r == -ERR_MEMORY)
		error_set(err, ERR_MEMORY, "no memory to list the nodes");
	return r < 0 ? r : 0;
}

static void reply_list(struct daemon *d, struct rpc_call *call, void *ctx,
		       const struct error *readable)
{
	V1__NodeList reply = V1__NODE_LIST__INIT;
	struct node_list list = { .daemon = d };
	struct error err;
	int r = fill_list(&list, NULL, readable, &err);

	reply.n_nodes = list.nodes.count;
	reply.nodes = (V1__MeshNode **)list.nodes.items;
	if (r == 0 && protobuf_c_message_get_packed_size(&reply.base) > RPC_MESSAGE_MAX)
		r = error_set(&err, ERR_EXHAUSTED,
			      "%zu nodes do not fit into one answer: ask webmesh.ext.v1.Nodes/List, page by page",
			      list.nodes.count);
	if (r < 0)
		rpc_fail(call, &err);
	else
		rpc_reply(call, &reply.base);
	message_list_fini(&list.nodes);
}

void api_list_nodes(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	api_read(user, call, reply_list, NULL);
}

/* ---- pages ---- */

struct page_request {
	char after[NODE_ID_MAX + 1];
	size_t limit;
};

static void reply_page(struct daemon *d, struct rpc_call *call, void *ctx,
		       const struct error *readable)
{
	Webmesh__Ext__V1__ListNodesResponse reply = WEBMESH__EXT__V1__LIST_NODES_RESPONSE__INIT;
	struct page_request *page = ctx;
	struct node_list list = { .daemon = d, .limit = page->limit };
	struct error err;

	if (fill_list(&list, page->after, readable, &err) < 0) {
		rpc_fail(call, &err);
	} else {
		reply.n_nodes = list.nodes.count;
		reply.nodes = (V1__MeshNode **)list.nodes.items;
		reply.more = list.more;
		rpc_reply(call, &reply.base);
	}
	message_list_fini(&list.nodes);
	free(page);
}

void api_list_nodes_page(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	const Webmesh__Ext__V1__ListNodesRequest *q =
			(const Webmesh__Ext__V1__ListNodesRequest *)request;
	struct page_request *page;

	if (*q->after && !node_id_valid(q->after)) {
		api_fail(call, ERR_INVALID, "after: \"%.80s\" is no node id", q->after);
		return;
	}
	if (q->limit > PAGE_MAX) {
		api_fail(call, ERR_INVALID, "limit: %u is more than %d", q->limit, PAGE_MAX);
		return;
	}
	page = calloc(1, sizeof(*page));
	if (!page) {
		api_fail(call, ERR_MEMORY, "no memory to list the nodes");
		return;
	}
	memcpy(page->after, q->after, strlen(q->after));
	page->limit = q->limit ? q->limit : PAGE_MAX;
	api_read(user, call, reply_page, page);
}
