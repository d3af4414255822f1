/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that we make.  The asynchronous ones belong to the owner thread
 * (rpc/pump.h); rpc_call_sync() needs neither pump nor loop and is for the
 * command-line tools.  Errors are the server's own where it answered, else
 * ERR_UNAVAILABLE or ERR_DEADLINE naming the address.
 */
#ifndef WGMESH_RPC_CLIENT_H
#define WGMESH_RPC_CLIENT_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

#include "base/error.h"
#include "rpc/channel.h"
#include "rpc/pump.h"

enum { RPC_METADATA_MAX = 8 };	/* pairs per call */

struct rpc_metadata {
	const char *key;	/* lower case */
	const char *value;	/* printable ASCII */
};

struct rpc_target {
	const ProtobufCServiceDescriptor *service;
	const char *method;			/* "Join" */
	unsigned int timeout_ms;		/* 0: none, for streams */
	const struct rpc_metadata *metadata;	/* copied */
	size_t metadata_count;
};

struct rpc_client_call;

struct rpc_client_ops {
	/* One message, valid during the callback; asks rpc_client_read() for the next. */
	void (*message)(struct rpc_client_call *call, const ProtobufCMessage *msg, void *ctx);
	/* There is room again after rpc_client_send() answered ERR_EXHAUSTED; may be NULL. */
	void (*writable)(struct rpc_client_call *call, void *ctx);
	/*
	 * Exactly once and last, @err->kind ERR_NONE for OK; @call is gone after
	 * it.  An end in order comes behind the messages: who does not read them
	 * does not see it, and who wants no more cancels.
	 */
	void (*done)(struct rpc_client_call *call, const struct error *err, void *ctx);
};

/* @reply is valid during the callback and NULL unless @err->kind is ERR_NONE. */
typedef void (*rpc_reply_fn)(const ProtobufCMessage *reply, const struct error *err, void *ctx);

/*
 * One request, one reply; @done exactly once, later, unless this fails.
 * *@ret_call (may be NULL) is good for rpc_client_cancel() until then.
 */
int rpc_client_call(struct rpc_pump *pump, struct rpc_channel *channel,
		    const struct rpc_target *target, const ProtobufCMessage *request,
		    rpc_reply_fn done, void *ctx, struct rpc_client_call **ret_call,
		    struct error *err);

/* One request, then messages, one for each rpc_client_read(). */
int rpc_client_stream(struct rpc_pump *pump, struct rpc_channel *channel,
		      const struct rpc_target *target, const ProtobufCMessage *request,
		      const struct rpc_client_ops *ops, void *ctx,
		      struct rpc_client_call **ret_call, struct error *err);

/* Messages both ways: rpc_client_send() any number, then rpc_client_send_end(). */
int rpc_client_bidi(struct rpc_pump *pump, struct rpc_channel *channel,
		    const struct rpc_target *target, const struct rpc_client_ops *ops, void *ctx,
		    struct rpc_client_call **ret_call, struct error *err);
int rpc_client_send(struct rpc_client_call *call, const ProtobufCMessage *msg, struct error *err);
void rpc_client_send_end(struct rpc_client_call *call);

void rpc_client_read(struct rpc_client_call *call);
/* `done` still comes, later, with ERR_UNAVAILABLE unless the call had ended. */
void rpc_client_cancel(struct rpc_client_call *call);

/*
 * Any thread that runs no loop; blocks up to @target->timeout_ms, not 0.
 * *@ret_reply: protobuf_c_message_free_unpacked(reply, NULL).
 */
int rpc_call_sync(struct rpc_channel *channel, const struct rpc_target *target,
		  const ProtobufCMessage *request, ProtobufCMessage **ret_reply,
		  struct error *err);

#endif
