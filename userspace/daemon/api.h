/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gRPC methods that a node serves: one table in api.c, one api_*.c per
 * service.  Handlers run on the owner thread, with the daemon as @user.
 */
#ifndef WGMESH_DAEMON_API_H
#define WGMESH_DAEMON_API_H

#include "daemon/daemon.h"
#include "rpc/call.h"
#include "rpc/server.h"

typedef void api_handler(struct rpc_call *call, const ProtobufCMessage *request, void *user);

/* v1.Node */
api_handler api_join, api_leave, api_get_status, api_negotiate_data_channel;
/* v1.Mesh */
api_handler api_get_node, api_list_nodes;
/* v1.Admin */
api_handler api_put_acl, api_delete_acl, api_get_acl, api_list_acls;
/* v1.PeerDiscovery */
api_handler api_list_peers;
/* v1.WebRTC */
api_handler api_start_data_channel;
/* grpc.health.v1, grpc.reflection.v1 and v1alpha */
api_handler api_check_health, api_watch_health, api_reflect;
/* webmesh.ext.v1 */
api_handler api_enroll, api_renew, api_create_token, api_list_tokens, api_revoke_token, api_fetch_key, api_follow, api_describe;
api_handler api_list_nodes_page, api_rotate_key;
api_handler api_list_admins, api_revoke_admin;
api_handler api_get_metrics;
api_handler api_list_servers, api_transfer, api_set_role, api_read_snapshot;

/* Makes the server, its identity and its listener, and starts it. */
int api_start(struct daemon *d, struct error *err);

/* The identity is another by now: whoever connects from here on sees it. */
int api_show_identity(struct daemon *d, struct error *err);

/* All methods, those of a service side by side. */
size_t api_methods(const struct rpc_method **ret);

/* error_set() with the rest of the arguments, then rpc_fail(). */
void api_fail(struct rpc_call *call, enum error_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * A change on its way through Raft for a call.  `done` has the call to answer
 * and what was applied; it is called once, also when proposing fails, with
 * @err->kind other than ERR_NONE then.
 */
typedef void (*api_applied_fn)(struct daemon *d, struct rpc_call *call, void *ctx,
			       const struct error *err);
void api_propose(struct daemon *d, struct rpc_call *call, struct entry *entry,
		 api_applied_fn done, void *ctx);

enum { API_OBJECT_MAX = 160 };	/* what a change is about, and a NUL */

/* A change of one node, or of the like, that is audited, and answered without a word. */
struct api_node_change {
	const char *action;		/* for the audit line */
	const ProtobufCMessage *reply;
};
void api_answer_change(struct rpc_call *call, const struct api_node_change *change,
		       const char *node_id, const struct error *outcome);
/* Proposes @entry and answers when it is applied.  ERR_MEMORY. */
int api_propose_change(struct daemon *d, struct rpc_call *call,
		       const struct api_node_change *change,
		       const char *node_id, struct entry *entry, struct error *err);

/*
 * Reads answer from this node's own state, which may lag behind.  With the metadata "wgmesh-read:
 * linearizable" they are the leader's, and answer with all that anybody was told before: @done
 * comes once, at once or later, with an error to answer with or ERR_NONE.
 */
void api_read(struct daemon *d, struct rpc_call *call, api_applied_fn done, void *ctx);

/*
 * Has the node @id answer @call, which it is about, as it is.  @field: of the request, for the text
 * of an error.
 */
int api_ask_other(struct daemon *d, struct rpc_call *call, const char *field, const char *id,
		  struct error *err);

/* An audit line: who did what to whom, and how it ended. */
void api_audit(const struct rpc_call *call, const char *action, const char *object,
	       const struct error *outcome);

/*
 * Tells those who watch this node's health, if it is another now; and that there is no more to
 * tell.
 */
void api_health_changed(struct daemon *d);
void api_health_end(struct daemon *d);

/* Before anybody can follow. */
void api_follow_start(struct daemon *d);
/* Tells those who follow us that there is more, and that we live. */
void api_follow_changed(struct daemon *d);
void api_follow_heartbeat(struct daemon *d);
unsigned int api_follow_count(const struct daemon *d);
/* Ends the streams of a node that is out of the mesh, after what it has still to hear. */
void api_follow_removed(struct daemon *d, const char *node_id);

#endif
