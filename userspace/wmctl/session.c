// SPDX-License-Identifier: Apache-2.0
#include "wmctl/session.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rpc/client.h"
#include "v1/mesh.pb-c.h"
#include "v1/node.pb-c.h"
#include "wmctl/contexts.h"

bool session_parse_seconds(const char *text, unsigned int *ret_ms)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (*text < '1' || *text > '9' || *end || v > 3600)
		return false;
	*ret_ms = (unsigned int)v * 1000;
	return true;
}

static void choose_defaults(struct session *s)
{
	if (!s->state_dir)
		s->state_dir = "/var/lib/wgmesh";
	if (!s->address)
		s->address = "127.0.0.1:8443";
	if (!s->timeout_ms)
		s->timeout_ms = SESSION_TIMEOUT_MS;
}

static void choose_context(struct session *s, const struct context *c)
{
	if (!s->identity_dir)
		s->identity_dir = c->fields[CONTEXT_IDENTITY];
	if (!s->state_dir)
		s->state_dir = c->fields[CONTEXT_STATE_DIR];
	if (!s->address)
		s->address = c->fields[CONTEXT_ADDRESS];
	if (!s->timeout_ms && c->fields[CONTEXT_TIMEOUT])
		session_parse_seconds(c->fields[CONTEXT_TIMEOUT], &s->timeout_ms);
}

/* Who names a state folder names an identity: the current context's is another one's. */
int session_choose(struct session *s, struct error *err)
{
	const char *dir = getenv("WGMESH_STATE_DIR");
	struct context *context;
	int r = contexts_load(&s->contexts, err);

	if (!s->state_dir && !s->context && dir && *dir)
		s->state_dir = dir;
	if (r == 0 && (s->context || (*s->contexts->current && !s->state_dir))) {
		r = contexts_get(s->contexts, s->context, &context, err);
		if (r == 0)
			choose_context(s, context);
	}
	choose_defaults(s);
	return r;
}

void session_forget(struct session *s)
{
	contexts_free(s->contexts);
	s->contexts = NULL;
}

static int load_identity(struct session *s, struct error *err)
{
	static const char *const places[] = { "admin", "identity" };
	char *dir = s->identity_path;
	int r = 0;

	if (s->identity_dir) {
		snprintf(dir, PATH_MAX, "%s", s->identity_dir);
		return identity_load(dir, &s->identity, err);
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(dir, PATH_MAX, "%s/%s", s->state_dir, places[i]);
		r = identity_load(dir, &s->identity, err);
		if (r != -ERR_NOT_FOUND)
			return r;
	}
	return error_set(err, ERR_NOT_FOUND,
			 "%s holds no identity: run wgmeshd init or join first, or name one "
			 "with --identity",
			 s->state_dir);
}

static int open_channel(const struct session *s, const char *address, struct rpc_channel **ret,
			struct error *err)
{
	const struct rpc_channel_config config = {
		.address = address,
		.ca_pem = s->identity.ca_pem,
		.cert_pem = s->identity.cert_pem,
		.key_pem = s->identity.key_pem,
	};

	return rpc_channel_new(&config, ret, err);
}

int session_open(struct session *s, struct error *err)
{
	int r = load_identity(s, err);

	if (r < 0)
		return r;
	r = open_channel(s, s->address, &s->channel, err);
	if (r < 0)
		identity_fini(&s->identity);
	return r;
}

void session_close(struct session *s)
{
	rpc_channel_free(s->channel);
	s->channel = NULL;
	identity_fini(&s->identity);
}

int session_reconnect(struct session *s, struct error *err)
{
	struct rpc_channel *channel;
	int r = open_channel(s, s->address, &channel, err);

	if (r < 0)
		return r;
	rpc_channel_free(s->channel);
	s->channel = channel;
	return 0;
}

static int call(const struct session *s, struct rpc_channel *channel,
		const ProtobufCServiceDescriptor *service, const char *method,
		const ProtobufCMessage *request, ProtobufCMessage **ret_reply, struct error *err)
{
	const struct rpc_metadata name = { "wgmesh-request-id", s->request_id };
	const struct rpc_target target = {
		.service = service,
		.method = method,
		.timeout_ms = s->timeout_ms,
		.metadata = &name,
		.metadata_count = s->request_id ? 1 : 0,
	};

	return rpc_call_sync(channel, &target, request, ret_reply, err);
}

int session_call(struct session *s, const ProtobufCServiceDescriptor *service, const char *method,
		 const ProtobufCMessage *request, ProtobufCMessage **ret_reply, struct error *err)
{
	return call(s, s->channel, service, method, request, ret_reply, err);
}

/* "host:port" of a node's API: the public address, else the one inside the mesh. */
static bool node_address(const V1__MeshNode *node, char *out, size_t cap)
{
	char host[80];
	const char *text = *node->primary_endpoint ? node->primary_endpoint : node->private_ipv4;

	snprintf(host, sizeof(host), "%.*s", (int)strcspn(text, "/"), text);
	if (!*host)
		return false;
	snprintf(out, cap, strchr(host, ':') ? "[%s]:%d" : "%s:%d", host, node->grpc_port);
	return true;
}

static int ask_leader_id(struct session *s, char *out, size_t cap, struct error *err)
{
	V1__GetStatusRequest request = V1__GET_STATUS_REQUEST__INIT;
	ProtobufCMessage *reply;
	int r = session_call(s, &v1__node__descriptor, "GetStatus", &request.base, &reply, err);

	if (r < 0)
		return r;
	snprintf(out, cap, "%s", ((const V1__Status *)reply)->current_leader);
	protobuf_c_message_free_unpacked(reply, NULL);
	return 0;
}

static int find_leader(struct session *s, char *out, size_t cap, struct error *err)
{
	V1__GetNodeRequest request = V1__GET_NODE_REQUEST__INIT;
	ProtobufCMessage *reply;
	char id[128];
	bool found;
	int r = ask_leader_id(s, id, sizeof(id), err);

	if (r == 0 && !*id)
		r = error_set(err, ERR_UNAVAILABLE,
			      "%s knows no leader at the moment: try again in a few seconds",
			      s->address);
	request.id = id;
	if (r == 0)
		r = session_call(s, &v1__mesh__descriptor, "GetNode", &request.base, &reply, err);
	if (r < 0)
		return r;
	found = node_address((const V1__MeshNode *)reply, out, cap);
	protobuf_c_message_free_unpacked(reply, NULL);
	return found ? 0 : error_set(err, ERR_UNAVAILABLE, "the leader %s has no address", id);
}

int session_ask_leader(struct session *s, const ProtobufCServiceDescriptor *service,
		       const char *method, const ProtobufCMessage *request,
		       ProtobufCMessage **ret_reply, struct error *err)
{
	struct rpc_channel *leader;
	char address[128];
	int r = find_leader(s, address, sizeof(address), err);

	if (r == 0)
		r = open_channel(s, address, &leader, err);
	if (r < 0)
		return r;
	r = call(s, leader, service, method, request, ret_reply, err);
	rpc_channel_free(leader);
	return r;
}

int session_call_leader(struct session *s, const ProtobufCServiceDescriptor *service,
			const char *method, const ProtobufCMessage *request,
			ProtobufCMessage **ret_reply, struct error *err)
{
	int r = session_call(s, service, method, request, ret_reply, err);

	return r != -ERR_PRECONDITION
		? r : session_ask_leader(s, service, method, request, ret_reply, err);
}
