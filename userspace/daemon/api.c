// SPDX-License-Identifier: Apache-2.0
#include "daemon/api.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/admission.h"
#include "daemon/descriptors.h"
#include "daemon/leader_proxy.h"
#include "ext/v1/admins.pb-c.h"
#include "ext/v1/authority.pb-c.h"
#include "ext/v1/cluster.pb-c.h"
#include "ext/v1/enrollment.pb-c.h"
#include "ext/v1/metrics.pb-c.h"
#include "ext/v1/nodes.pb-c.h"
#include "ext/v1/replication.pb-c.h"
#include "ext/v1/servers.pb-c.h"
#include "ext/v1/snapshots.pb-c.h"
#include "ext/v1/tokens.pb-c.h"
#include "grpc/health/v1/health.pb-c.h"
#include "grpc/reflection/v1/reflection.pb-c.h"
#include "rpc/library.h"
#include "store/state_query.h"
#include "v1/admin.pb-c.h"
#include "v1/mesh.pb-c.h"
#include "v1/node.pb-c.h"
#include "v1/peer_discovery.pb-c.h"
#include "v1/webrtc.pb-c.h"

#define NODE	   (&v1__node__descriptor)
#define MESH	   (&v1__mesh__descriptor)
#define ADMIN	   (&v1__admin__descriptor)
#define DISCOVERY  (&v1__peer_discovery__descriptor)
#define WEBRTC	   (&v1__web_rtc__descriptor)
#define NODES	   (&webmesh__ext__v1__nodes__descriptor)
#define ENROLLMENT (&webmesh__ext__v1__enrollment__descriptor)
#define TOKENS	   (&webmesh__ext__v1__tokens__descriptor)
#define ADMINS	   (&webmesh__ext__v1__admins__descriptor)
#define AUTHORITY  (&webmesh__ext__v1__authority__descriptor)
#define REPLICATION (&webmesh__ext__v1__replication__descriptor)
#define SERVERS	   (&webmesh__ext__v1__servers__descriptor)
#define SNAPSHOTS  (&webmesh__ext__v1__snapshots__descriptor)
#define METRICS	   (&webmesh__ext__v1__metrics__descriptor)
#define CLUSTER	   (&webmesh__ext__v1__cluster__descriptor)
#define HEALTH	   (&grpc__health__v1__health__descriptor)
#define REFLECTION (&grpc__reflection__v1__server_reflection__descriptor)

/* v1 under its older name; its methods' types are v1's. */
static ProtobufCServiceDescriptor reflection_v1alpha;

static const struct rpc_method methods[] = {
	{ NODE, "Join", RPC_UNARY, RPC_NEED_NODE, RPC_LEADER, api_join },
	{ NODE, "Leave", RPC_UNARY, RPC_NEED_ANY, RPC_LEADER, api_leave },
	{ NODE, "GetStatus", RPC_UNARY, RPC_NEED_ANY, RPC_HERE, api_get_status },
	{ NODE, "NegotiateDataChannel", RPC_BIDI, RPC_NEED_ANY, RPC_HERE,
	  api_negotiate_data_channel },
	{ MESH, "GetNode", RPC_UNARY, RPC_NEED_ANY, RPC_READ, api_get_node },
	{ MESH, "ListNodes", RPC_UNARY, RPC_NEED_ANY, RPC_READ, api_list_nodes },
	{ ADMIN, "PutRaftACL", RPC_UNARY, RPC_NEED_ADMIN, RPC_LEADER, api_put_acl },
	{ ADMIN, "DeleteRaftACL", RPC_UNARY, RPC_NEED_ADMIN, RPC_LEADER, api_delete_acl },
	{ ADMIN, "GetRaftACL", RPC_UNARY, RPC_NEED_ADMIN, RPC_READ, api_get_acl },
	{ ADMIN, "ListRaftACLs", RPC_UNARY, RPC_NEED_ADMIN, RPC_READ, api_list_acls },
	{ DISCOVERY, "ListPeers", RPC_UNARY, RPC_NEED_ANY, RPC_HERE, api_list_peers },
	{ WEBRTC, "StartDataChannel", RPC_BIDI, RPC_NEED_ANY, RPC_READ, api_start_data_channel },
	{ NODES, "List", RPC_UNARY, RPC_NEED_ANY, RPC_READ, api_list_nodes_page },
	{ NODES, "RotateKey", RPC_UNARY, RPC_NEED_ANY, RPC_LEADER, api_rotate_key },
	{ ENROLLMENT, "Enroll", RPC_UNARY, RPC_NEED_NOTHING, RPC_LEADER, api_enroll },
	{ ENROLLMENT, "Renew", RPC_UNARY, RPC_NEED_ANY, RPC_LEADER, api_renew },
	{ TOKENS, "Create", RPC_UNARY, RPC_NEED_ADMIN, RPC_LEADER, api_create_token },
	{ TOKENS, "List", RPC_UNARY, RPC_NEED_ADMIN, RPC_READ, api_list_tokens },
	{ TOKENS, "Revoke", RPC_UNARY, RPC_NEED_ADMIN, RPC_LEADER, api_revoke_token },
	{ ADMINS, "List", RPC_UNARY, RPC_NEED_ADMIN, RPC_READ, api_list_admins },
	{ ADMINS, "Revoke", RPC_UNARY, RPC_NEED_ADMIN, RPC_LEADER, api_revoke_admin },
	{ AUTHORITY, "FetchKey", RPC_UNARY, RPC_NEED_NODE, RPC_HERE, api_fetch_key },
	{ REPLICATION, "Follow", RPC_SERVER_STREAM, RPC_NEED_NODE, RPC_HERE, api_follow },
	{ SERVERS, "List", RPC_UNARY, RPC_NEED_ANY, RPC_HERE, api_list_servers },
	{ SERVERS, "Transfer", RPC_UNARY, RPC_NEED_ADMIN, RPC_LEADER, api_transfer },
	{ SERVERS, "SetRole", RPC_UNARY, RPC_NEED_ADMIN, RPC_LEADER, api_set_role },
	{ SNAPSHOTS, "Read", RPC_UNARY, RPC_NEED_ADMIN, RPC_HERE, api_read_snapshot },
	{ METRICS, "Get", RPC_UNARY, RPC_NEED_ANY, RPC_HERE, api_get_metrics },
	{ CLUSTER, "Describe", RPC_UNARY, RPC_NEED_ANY, RPC_HERE, api_describe },
	/* Those who look whether a node lives need not be of the mesh. */
	{ HEALTH, "Check", RPC_UNARY, RPC_NEED_NOTHING, RPC_HERE, api_check_health },
	{ HEALTH, "Watch", RPC_SERVER_STREAM, RPC_NEED_ANY, RPC_HERE, api_watch_health },
	{ REFLECTION, "ServerReflectionInfo", RPC_BIDI, RPC_NEED_ANY, RPC_HERE, api_reflect },
	{ &reflection_v1alpha, "ServerReflectionInfo", RPC_BIDI, RPC_NEED_ANY, RPC_HERE,
	  api_reflect },
};

size_t api_methods(const struct rpc_method **ret)
{
	*ret = methods;
	return sizeof(methods) / sizeof(methods[0]);
}

void api_fail(struct rpc_call *call, enum error_kind kind, const char *fmt, ...)
{
	struct error err = { .kind = kind };
	va_list args;

	va_start(args, fmt);
	vsnprintf(err.text, sizeof(err.text), fmt, args);
	va_end(args);
	rpc_fail(call, &err);
}

void api_audit(const struct rpc_call *call, const char *action, const char *object,
	       const struct error *outcome)
{
	static const char *const kinds[] = { "nobody", "node", "admin" };
	const struct rpc_identity *who = rpc_call_identity(call);
	const char *through = rpc_call_through(call);
	char peer[RPC_PEER_MAX];

	log_info("audit", "action=%s object=\"%s\" by=%s:%s from=%s%s%s outcome=%s%s%s%s", action,
		 log_text(object), kinds[who->kind], who->id, rpc_call_peer(call, peer),
		 *through ? " through=" : "", through,
		 outcome->kind == ERR_NONE ? "ok" : error_kind_name(outcome->kind),
		 outcome->kind == ERR_NONE ? "" : " reason=\"",
		 outcome->kind == ERR_NONE ? "" : log_text(outcome->text),
		 outcome->kind == ERR_NONE ? "" : "\"");
}

static bool has_metadata(const struct rpc_call *call, const char *key, const char *wanted)
{
	char value[16];

	return rpc_call_metadata(call, key, value, sizeof(value)) && strcmp(value, wanted) == 0;
}

static bool wants_linearizable(const struct rpc_call *call)
{
	return has_metadata(call, "wgmesh-read", "linearizable");
}

static bool is_for_leader(const struct rpc_call *call)
{
	enum rpc_place place = rpc_call_method(call)->place;

	return place == RPC_LEADER ||
	       (place == RPC_READ &&
		(has_metadata(call, "prefer-leader", "true") || wants_linearizable(call)));
}

static int admit(struct rpc_call *call, void *user, struct rpc_onward *ret_onward,
		 struct error *err)
{
	int r = admission_check(user, call, err);

	return r < 0 || !is_for_leader(call) ? r : leader_proxy_route(user, call, ret_onward, err);
}

/* This node itself does for browsers (web.h). */
static bool vouches(const char *node_id, void *user)
{
	const struct daemon *d = user;

	return strcmp(node_id, d->settings.id) == 0 || replica_is_voter(d->replica, node_id);
}

struct change {
	struct daemon *daemon;
	struct rpc_call *call;
	api_applied_fn done;
	void *ctx;
};

static void change_done(void *data, const struct apply_result *result, const struct error *err)
{
	struct change *change = data;

	change->done(change->daemon, change->call, change->ctx, result ? &result->error : err);
	rpc_call_unref(change->call);
	free(change);
}

void api_propose(struct daemon *d, struct rpc_call *call, struct entry *entry,
		 api_applied_fn done, void *ctx)
{
	struct change *change = calloc(1, sizeof(*change));
	struct error err = { 0 };
	int r;

	if (!change) {
		error_set(&err, ERR_MEMORY, "no memory for a change");
		done(d, call, ctx, &err);
		return;
	}
	*change = (struct change){ d, rpc_call_ref(call), done, ctx };
	r = replica_propose(d->replica, entry, change_done, change, &err);
	if (r < 0)
		change_done(change, NULL, &err);
}

struct node_change {
	const struct api_node_change *what;
	char node_id[API_OBJECT_MAX];
};

void api_answer_change(struct rpc_call *call, const struct api_node_change *change,
		       const char *node_id, const struct error *outcome)
{
	api_audit(call, change->action, node_id, outcome);
	if (outcome->kind == ERR_NONE)
		rpc_reply(call, change->reply);
	else
		rpc_fail(call, outcome);
}

static void node_changed(struct daemon *d, struct rpc_call *call, void *ctx,
			 const struct error *outcome)
{
	struct node_change *change = ctx;

	api_answer_change(call, change->what, change->node_id, outcome);
	free(change);
}

int api_propose_change(struct daemon *d, struct rpc_call *call,
		       const struct api_node_change *change,
		       const char *node_id, struct entry *entry, struct error *err)
{
	struct node_change *ctx = calloc(1, sizeof(*ctx));

	if (!ctx)
		return error_set(err, ERR_MEMORY, "no memory for a change");
	ctx->what = change;
	snprintf(ctx->node_id, sizeof(ctx->node_id), "%s", node_id);
	api_propose(d, call, entry, node_changed, ctx);
	return 0;
}

static void read_done(void *data, const struct error *err)
{
	struct change *change = data;

	change->done(change->daemon, change->call, change->ctx, err);
	rpc_call_unref(change->call);
	free(change);
}

void api_read(struct daemon *d, struct rpc_call *call, api_applied_fn done, void *ctx)
{
	struct change *read;
	struct error err = { 0 };
	int r = 0;

	if (!wants_linearizable(call)) {
		done(d, call, ctx, &err);
		return;
	}
	read = calloc(1, sizeof(*read));
	if (!read) {
		error_set(&err, ERR_MEMORY, "no memory for a read");
		done(d, call, ctx, &err);
		return;
	}
	*read = (struct change){ d, rpc_call_ref(call), done, ctx };
	r = leader_proxy_check_here(d, &err);
	if (r == 0)
		r = replica_read(d->replica, read_done, read, &err);
	if (r < 0)
		read_done(read, &err);
}

static void tell_grpc(const char *text)
{
	log_debug("grpc", "message=\"%s\"", text);
}

int api_show_identity(struct daemon *d, struct error *err)
{
	const struct rpc_tls tls = { .ca_pem = d->identity.ca_pem, .cert_pem = d->identity.cert_pem,
				     .key_pem = d->identity.key_pem };

	return rpc_server_set_identity(d->server, &tls, err);
}

static int open_listener(struct daemon *d, struct error *err)
{
	char address[32];
	int r = api_show_identity(d, err);

	snprintf(address, sizeof(address), "[::]:%u", d->settings.grpc_port);
	return r < 0 ? r : rpc_server_listen(d->server, address, true, NULL, err);
}

int api_start(struct daemon *d, struct error *err)
{
	const struct rpc_server_config config = {
		.methods = methods,
		.method_count = sizeof(methods) / sizeof(methods[0]),
		.mesh_id = d->identity.info.subject.mesh_id,
		.admit = admit,
		.vouches = vouches,
		.serial_of = admission_serial_of,
		.user = d,
	};
	int r = descriptors_new(&d->descriptors, err);

	reflection_v1alpha = *REFLECTION;
	reflection_v1alpha.name = "grpc.reflection.v1alpha.ServerReflection";
	if (r == 0)
		r = rpc_server_new(d->pump, &config, &d->server, err);
	rpc_log_to(tell_grpc);
	if (r == 0)
		r = open_listener(d, err);
	if (r == 0)
		rpc_server_start(d->server);
	return r;
}
