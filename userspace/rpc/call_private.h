/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server's call from inside: shared by server.c, which accepts it, admission.c,
 * which judges it, call.c, which runs it, and onward.c, forward.c and relay.c,
 * which have another node answer it.
 *
 *	accepted -> [read -> message]... -> ending -> over -> released
 *
 * `ending`: the status is decided; `over`: gRPC says that the call has ended,
 * with or without it; `released`: the last batch has come back and gRPC's
 * object is gone, though handlers may still hold the shell.
 */
#ifndef WGMESH_RPC_CALL_PRIVATE_H
#define WGMESH_RPC_CALL_PRIVATE_H

#include <grpc/grpc.h>
#include <sys/queue.h>

#include "rpc/call.h"
#include "rpc/event.h"
#include "rpc/outbox.h"

struct rpc_server;

/* A message as it came; the callee's from now on.  NULL: the client has sent its last. */
typedef void (*rpc_call_bytes_fn)(struct rpc_call *call, grpc_byte_buffer *bytes, void *ctx);

struct rpc_call {
	LIST_ENTRY(rpc_call) link;	/* of its server, until released */
	unsigned int refs;
	unsigned int pending;		/* batches in flight */
	struct rpc_server *server;	/* NULL when released, as is the next */
	grpc_call *grpc;
	const struct rpc_method *method;		/* NULL: unknown */
	const ProtobufCMethodDescriptor *types;
	struct rpc_identity identity;
	char serial[RPC_SERIAL_MAX];	/* of its certificate, once somebody has asked */
	char through[RPC_ID_MAX];	/* who has named that, if not its certificate */
	struct rpc_onward onward;	/* its channel, referenced, or NULL: it is answered here */

	grpc_call_details details;
	grpc_metadata_array metadata;
	struct rpc_event accepted, received, sent, closed;

	grpc_byte_buffer *incoming;
	unsigned int wanted;		/* messages asked for and not yet read */
	bool reading;			/* one read in flight */
	bool read_ended;

	struct outbox outbox;
	grpc_byte_buffer *outgoing;
	bool writing;			/* one write in flight */
	bool headers_sent;
	bool broken;			/* a write failed: nothing more will arrive */
	bool ending, status_sent;
	grpc_status_code status;
	grpc_slice status_text;

	bool watched;			/* `closed` comes when it is over; else `sent` tells */
	int cancelled;			/* written by gRPC, true after `over` only */
	bool over;
	struct rpc_call_ops ops;
	rpc_call_bytes_fn bytes;	/* takes the messages in place of ops.message, or NULL */
	void *ctx;
};

/* server.c */
const struct rpc_method *rpc_server_lookup(const struct rpc_server *server, grpc_slice path,
					   const ProtobufCMethodDescriptor **ret_types);
bool rpc_server_crowded(const struct rpc_server *server);
int rpc_server_admit(struct rpc_server *server, struct rpc_call *call,
		     struct rpc_onward *ret_onward, struct error *err);
bool rpc_server_believes(const struct rpc_server *server, const struct rpc_identity *who);
bool rpc_server_serial_of(const struct rpc_server *server, const char *cert_pem,
			  char ret[RPC_SERIAL_MAX]);
void rpc_server_handle(struct rpc_server *server, struct rpc_call *call,
		       const ProtobufCMessage *request);
const char *rpc_server_mesh_id(const struct rpc_server *server);
struct rpc_pump *rpc_server_pump(const struct rpc_server *server);
size_t rpc_server_message_max(const struct rpc_server *server);
bool rpc_server_stopping(const struct rpc_server *server);
void rpc_server_note_end(struct rpc_server *server, const struct rpc_method *method, int status);
void rpc_server_released(struct rpc_server *server);	/* one call less */

/* admission.c: knows the caller and the method, and whether the one may have the other. */
int rpc_call_admit(struct rpc_call *call, struct error *err);

/* call.c */
struct rpc_call *rpc_call_new(struct rpc_server *server);	/* NULL: no memory */
void rpc_call_free_unused(struct rpc_call *call);		/* never accepted */
void rpc_call_begin(struct rpc_call *call);			/* just accepted */
/*
 * Hear of the call's end when it ends, and not only when it is answered.  True: so it is; false:
 * gRPC refuses, or the status is on its way.
 */
bool rpc_call_watch(struct rpc_call *call);
/* A stream whose messages nobody here reads: rpc_call_read() gets them as they are. */
void rpc_call_take_bytes(struct rpc_call *call, const struct rpc_call_ops *ops,
			 rpc_call_bytes_fn bytes, void *ctx);
/* It takes a message; if not, and it lives, `writable` comes when it does. */
bool rpc_call_roomy(struct rpc_call *call);
void rpc_call_push(struct rpc_call *call, grpc_byte_buffer *bytes);	/* takes @bytes */
/* The answer of another node; takes @answer, which is NULL unless @status is OK. */
void rpc_call_pass(struct rpc_call *call, grpc_byte_buffer *answer, grpc_status_code status,
		   grpc_slice text);

#endif
