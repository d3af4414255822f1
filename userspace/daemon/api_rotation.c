// SPDX-License-Identifier: Apache-2.0
/* webmesh.ext.v1.Nodes: RotateKey. */
#include <string.h>

#include "daemon/api.h"
#include "daemon/now.h"
#include "daemon/request.h"
#include "ext/v1/nodes.pb-c.h"
#include "store/commands.h"
#include "store/state_query.h"

static const Webmesh__Ext__V1__RotateKeyResponse done =
	WEBMESH__EXT__V1__ROTATE_KEY_RESPONSE__INIT;
static const struct api_node_change rotate_key = { "rotate-key", &done.base };

static int check(struct daemon *d, const struct rpc_call *call, const char *id, struct error *err)
{
	const struct rpc_identity *who = rpc_call_identity(call);
	struct node node;
	int r;

	if (!node_id_valid(id))
		return error_set(err, ERR_INVALID, "node_id: \"%.80s\" is no node id", id);
	if (who->kind == RPC_IDENTITY_NODE && strcmp(who->id, id) != 0)
		return error_set(err, ERR_DENIED, "node_id: %s may have only its own key changed",
				 who->id);
	r = state_get_node(d->state, id, &node, err);
	if (r < 0)
		return r;
	if (!state_has_rotations(d->state))
		return error_set(err, ERR_PRECONDITION,
				 "the mesh has nodes of an older release, which cannot follow: upgrade them first");
	if (!node.grpc_port)
		return error_set(err, ERR_PRECONDITION, "%s runs no wgmeshd: give it another key where it runs",
				 id);
	return 0;
}

static int propose(struct daemon *d, struct rpc_call *call, const char *id,
		   const struct request *request, struct error *err)
{
	struct entry *e = request_entry(request);
	int r = e ? command_ask_rotation(e, id, daemon_now(), err)
		  : error_set(err, ERR_MEMORY, "no memory for a log entry");

	if (r == 0)
		r = api_propose_change(d, call, &rotate_key, id, e, err);
	entry_free(e);
	return r;
}

void api_rotate_key(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	const Webmesh__Ext__V1__RotateKeyRequest *q =
			(const Webmesh__Ext__V1__RotateKeyRequest *)request;
	struct request again;
	struct error err = { 0 };
	int r = request_read(user, call, q->node_id, &again, &err);

	if (r == 0 && again.known) {
		api_answer_change(call, &rotate_key, q->node_id, &again.outcome);
		return;
	}
	if (r == 0)
		r = check(user, call, q->node_id, &err);
	if (r == 0)
		r = propose(user, call, q->node_id, &again, &err);
	if (r < 0) {
		api_audit(call, "rotate-key", q->node_id, &err);
		rpc_fail(call, &err);
	}
}
