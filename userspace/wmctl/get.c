// SPDX-License-Identifier: Apache-2.0
/* wmctl get nodes [ID]. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "google/protobuf/empty.pb-c.h"
#include "v1/mesh.pb-c.h"
#include "wmctl/command.h"

#define USAGE "get nodes [ID]"

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

static int dump_json(json_t *value)
{
	int r = value ? json_dumpf(value, stdout, JSON_COMPACT) : -1;

	json_decref(value);
	if (r < 0)
		return EXIT_ERROR;
	putchar('\n');
	return EXIT_OK;
}

static int print_json(V1__MeshNode *const *nodes, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, node_json(nodes[i]));
	return dump_json(list);
}

/* Columns as wide as their longest text, so that nothing is cut and nothing wraps early. */
static int print_table(V1__MeshNode *const *nodes, size_t n)
{
	int id = 2, v4 = 4, v6 = 4;

	for (size_t i = 0; i < n; i++) {
		id = (int)strlen(nodes[i]->id) > id ? (int)strlen(nodes[i]->id) : id;
		v4 = (int)strlen(nodes[i]->private_ipv4) > v4 ? (int)strlen(nodes[i]->private_ipv4) : v4;
		v6 = (int)strlen(nodes[i]->private_ipv6) > v6 ? (int)strlen(nodes[i]->private_ipv6) : v6;
	}
	printf("%-*s  %-9s  %-*s  %-*s  %s\n", id, "ID", "STATUS", v4, "IPV4", v6, "IPV6", "ENDPOINT");
	for (size_t i = 0; i < n; i++)
		printf("%-*s  %-9s  %-*s  %-*s  %s\n", id, nodes[i]->id,
		       status_name(nodes[i]->cluster_status),
		       v4, *nodes[i]->private_ipv4 ? nodes[i]->private_ipv4 : "-",
		       v6, *nodes[i]->private_ipv6 ? nodes[i]->private_ipv6 : "-",
		       *nodes[i]->primary_endpoint ? nodes[i]->primary_endpoint : "behind NAT");
	return EXIT_OK;
}

static int get_all(struct session *s)
{
	Google__Protobuf__Empty request = GOOGLE__PROTOBUF__EMPTY__INIT;
	ProtobufCMessage *reply;
	struct error err = { 0 };
	const V1__NodeList *list;
	int code;

	if (session_call(s, &v1__mesh__descriptor, "ListNodes", &request.base, &reply, &err) < 0)
		return command_fail(&err);
	list = (const V1__NodeList *)reply;
	code = s->json ? print_json(list->nodes, list->n_nodes)
		       : print_table(list->nodes, list->n_nodes);
	protobuf_c_message_free_unpacked(reply, NULL);
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
	code = s->json ? dump_json(node_json(node)) : print_table(&node, 1);
	protobuf_c_message_free_unpacked(reply, NULL);
	return code;
}

int get_main(struct session *s, int argc, char **argv)
{
	if (argc < 2 || argc > 3 || strcmp(argv[1], "nodes") != 0)
		return command_usage(USAGE);
	return argc == 3 ? get_one(s, argv[2]) : get_all(s);
}
