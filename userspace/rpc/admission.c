// SPDX-License-Identifier: Apache-2.0
/* Who makes a call, and whether he may. */
#include <grpc/grpc.h>
#include <stdio.h>
#include <string.h>

#include "rpc/call_private.h"
#include "rpc/caller.h"
#include "rpc/channel_private.h"
#include "rpc/onward.h"
#include "rpc/server.h"

static int check_need(const struct rpc_call *call, struct error *err)
{
	enum rpc_identity_kind kind = call->identity.kind;
	enum rpc_need need = call->method->need;

	if (need == RPC_NEED_NOTHING)
		return 0;
	if (kind == RPC_IDENTITY_NONE)
		return error_set(err, ERR_UNAUTHENTICATED,
				 "%s needs a certificate of mesh %s", call->method->name,
				 rpc_server_mesh_id(call->server));
	if (need == RPC_NEED_NODE && kind != RPC_IDENTITY_NODE)
		return error_set(err, ERR_DENIED, "%s is for nodes, %s is an administrator",
				 call->method->name, call->identity.id);
	if (need == RPC_NEED_ADMIN && kind != RPC_IDENTITY_ADMIN)
		return error_set(err, ERR_DENIED, "%s is for administrators, %s is a node: "
				 "\"wgmeshd admin\" on a voter makes an administrator",
				 call->method->name, call->identity.id);
	return 0;
}

/* What a node says of whom it calls for; see onward.h. */
static int take_over(struct rpc_call *call, struct error *err)
{
	char named[RPC_CALLER_MAX], uri[2 * RPC_ID_MAX + 32];
	const char *mesh = rpc_server_mesh_id(call->server);
	struct rpc_identity who = { 0 };
	int len;

	if (!rpc_call_metadata(call, RPC_CALLER_KEY, named, sizeof(named)))
		return 0;
	if (strcmp(named, "nobody")) {
		/*
		 * Not believed and not ignored: what was asked for one must not be done for the
		 * other.
		 */
		if (!rpc_server_believes(call->server, &call->identity))
			return error_set(err, ERR_DENIED,
					 RPC_CALLER_KEY ": only voters may call in others' names");
		len = snprintf(uri, sizeof(uri), "wgmesh://%s/%s", mesh, named);
		if (!rpc_identity_parse(uri, len, mesh, &who))
			return error_set(err, ERR_INVALID,
					 RPC_CALLER_KEY ": names nobody of mesh %s", mesh);
		memcpy(call->through, call->identity.id, sizeof(call->through));
	}
	call->identity = who;
	return 0;
}

static bool read_serial(void *data, const char *pem)
{
	struct rpc_call *call = data;

	return rpc_server_serial_of(call->server, pem, call->serial);
}

const char *rpc_call_serial(struct rpc_call *call)
{
	if (!*call->serial && call->grpc && *call->through)
		rpc_call_metadata(call, RPC_SERIAL_KEY, call->serial, sizeof(call->serial));
	else if (!*call->serial && call->grpc)
		rpc_caller_certificate(call->grpc, read_serial, call);
	return call->serial;
}

int rpc_call_admit(struct rpc_call *call, struct error *err)
{
	grpc_slice path = call->details.method;
	int ret;

	call->method = rpc_server_lookup(call->server, path, &call->types);
	if (!call->method)
		return error_set(err, ERR_UNSUPPORTED, "no method %.*s",
				 (int)GRPC_SLICE_LENGTH(path),
				 (const char *)GRPC_SLICE_START_PTR(path));
	if (rpc_server_crowded(call->server))
		return error_set(err, ERR_EXHAUSTED, "too many calls at once; try again later");
	rpc_caller_identity(call->grpc, rpc_server_mesh_id(call->server), &call->identity);
	ret = take_over(call, err);
	if (!ret)
		ret = check_need(call, err);
	if (!ret)
		ret = rpc_server_admit(call->server, call, &call->onward, err);
	if (call->onward.channel)
		rpc_channel_ref(call->onward.channel);
	return ret;
}
