/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A call that we make, from inside: shared by client.c, where the pump brings
 * the completions, and client_sync.c, which waits for its one itself.
 */
#ifndef WGMESH_RPC_CLIENT_PRIVATE_H
#define WGMESH_RPC_CLIENT_PRIVATE_H

#include <grpc/grpc.h>

#include "rpc/client.h"
#include "rpc/event.h"
#include "rpc/outbox.h"
#include "rpc/path.h"

struct rpc_client_call {
	struct rpc_channel *channel;
	grpc_call *grpc;
	const ProtobufCMethodDescriptor *types;
	char path[RPC_PATH_MAX];

	unsigned int pending;		/* batches in flight */
	struct rpc_event received, sent, ended;

	grpc_metadata_array initial, trailing;
	grpc_status_code status;
	grpc_slice status_text;
	bool over;			/* the status is there */
	struct error trouble;		/* of our own, found on the way */

	grpc_byte_buffer *incoming;
	unsigned int wanted;
	bool reading, read_ended;

	struct outbox outbox;
	grpc_byte_buffer *outgoing;
	bool writing, broken;
	bool send_ending, end_sent;	/* half-close: wanted, done */

	struct rpc_client_ops ops;	/* streams */
	rpc_reply_fn reply;		/* unary */
	void *ctx;
};

int rpc_client_call_new(grpc_completion_queue *queue, struct rpc_channel *channel,
			const struct rpc_target *target, struct rpc_client_call **ret,
			struct error *err);
void rpc_client_call_free(struct rpc_client_call *call);

/* Everything of a unary call as one batch that comes back as @call->ended. */
int rpc_client_call_unary(struct rpc_client_call *call, const struct rpc_target *target,
			  const ProtobufCMessage *request, struct error *err);

/* How a call has ended; ERR_NONE (0) for OK. */
void rpc_client_call_error(const struct rpc_client_call *call, struct error *ret);
/* After the unary batch came back: the answer, or why there is none. */
int rpc_client_call_answer(struct rpc_client_call *call, ProtobufCMessage **ret,
			   struct error *err);

#endif
