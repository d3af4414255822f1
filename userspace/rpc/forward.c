// SPDX-License-Identifier: Apache-2.0
#include "rpc/forward.h"

#include <stdlib.h>

#include "rpc/call_private.h"
#include "rpc/onward.h"

struct forward {
	struct onward_call there;
	struct rpc_event ended;
	grpc_byte_buffer *request, *answer;
};

static void free_forward(struct forward *forward)
{
	grpc_byte_buffer_destroy(forward->request);
	grpc_byte_buffer_destroy(forward->answer);
	onward_call_fini(&forward->there);
	free(forward);
}

static void on_ended(struct rpc_event *ev, bool ok)
{
	struct forward *forward = rpc_event_owner(ev, struct forward, ended);

	onward_call_pass(&forward->there, forward->answer);
	forward->answer = NULL;
	free_forward(forward);
}

static int start(struct forward *forward, struct error *err)
{
	grpc_op ops[6] = { 0 };

	ops[1].op = GRPC_OP_SEND_MESSAGE;
	ops[1].data.send_message.send_message = forward->request;
	ops[2].op = GRPC_OP_SEND_CLOSE_FROM_CLIENT;
	ops[3] = onward_call_headers(&forward->there);
	ops[4].op = GRPC_OP_RECV_MESSAGE;
	ops[4].data.recv_message.recv_message = &forward->answer;
	ops[5] = onward_call_status(&forward->there);
	return onward_call_start(&forward->there, ops, 6, &forward->ended, err);
}

int rpc_forward_start(struct rpc_call *call, const struct rpc_onward *where, struct error *err)
{
	struct forward *forward = calloc(1, sizeof(*forward));
	int r;

	if (!forward)
		return error_set(err, ERR_MEMORY, "no memory to pass a call on");
	onward_call_init(&forward->there, call, where);
	forward->request = call->incoming;
	call->incoming = NULL;
	rpc_event_init(&forward->ended, on_ended);
	r = start(forward, err);
	if (r < 0)
		free_forward(forward);
	return r;
}
