// SPDX-License-Identifier: Apache-2.0
#include <grpc/support/time.h>

#include "rpc/client.h"
#include "rpc/client_private.h"

static void drop_queue(grpc_completion_queue *queue)
{
	grpc_completion_queue_shutdown(queue);
	while (grpc_completion_queue_pluck(queue, NULL, gpr_inf_future(GPR_CLOCK_MONOTONIC),
					   NULL).type != GRPC_QUEUE_SHUTDOWN)
		;
	grpc_completion_queue_destroy(queue);
}

static int call_and_wait(grpc_completion_queue *queue, struct rpc_channel *channel,
			 const struct rpc_target *target, const ProtobufCMessage *request,
			 ProtobufCMessage **ret_reply, struct error *err)
{
	struct rpc_client_call *call;
	int e = rpc_client_call_new(queue, channel, target, &call, err);

	if (e)
		return e;
	rpc_event_init(&call->ended, NULL);
	e = rpc_client_call_unary(call, target, request, err);
	if (!e) {
		/* The call has a deadline: this ends. */
		grpc_completion_queue_pluck(queue, &call->ended,
					    gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
		e = rpc_client_call_answer(call, ret_reply, err);
	}
	rpc_client_call_free(call);
	return e;
}

int rpc_call_sync(struct rpc_channel *channel, const struct rpc_target *target,
		  const ProtobufCMessage *request, ProtobufCMessage **ret_reply,
		  struct error *err)
{
	grpc_completion_queue *queue;
	int e;

	if (!target->timeout_ms)
		return error_set(err, ERR_INVALID, "a call that blocks needs a timeout");
	queue = grpc_completion_queue_create_for_pluck(NULL);
	e = call_and_wait(queue, channel, target, request, ret_reply, err);
	drop_queue(queue);
	return e;
}
