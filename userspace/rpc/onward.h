/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our call to the node that is to answer somebody's: in whose name it is, how long it may take, and
 * what its end means to the caller.  Internal to rpc/: forward.c and relay.c move what is said.
 * What is said of the caller is in behalf.h.
 *
 * One key comes back, in the trailer.  ANSWERED: the status is the other node's own.  gRPC itself tells
 * the loss of a connection in the same words as a status that came by it.
 */
#ifndef WGMESH_RPC_ONWARD_H
#define WGMESH_RPC_ONWARD_H

#include <grpc/grpc.h>
#include <stdbool.h>

#include "base/error.h"
#include "rpc/behalf.h"
#include "rpc/call.h"
#include "rpc/event.h"

#define RPC_ANSWERED_KEY "wgmesh-answered"

struct onward_call {
	struct rpc_call *call;		/* the caller's: referenced, and perhaps over */
	struct rpc_channel *channel;	/* referenced */
	grpc_call *grpc;
	grpc_metadata_array initial, trailing;
	grpc_status_code status;
	grpc_slice text;
	bool vouch;
	bool impatient;			/* by our own decision it ends earlier than the caller's */
	bool heard;			/* a message has come back: it is known that the way was good */
};

void onward_call_init(struct onward_call *o, struct rpc_call *call,
		      const struct rpc_onward *where);
void onward_call_fini(struct onward_call *o);

/*
 * The first batch.  @ops[0] is left for the headers, which are the caller's and ours.
 * ERR_MEMORY; ERR_INVALID: gRPC does not take them.
 */
int onward_call_start(struct onward_call *o, grpc_op *ops, size_t count, struct rpc_event *ev,
		      struct error *err);

/* The operations that wait for the other node's headers and for its status. */
grpc_op onward_call_headers(struct onward_call *o);
grpc_op onward_call_status(struct onward_call *o);

/*
 * The status is there: the caller's call ends with it, behind all that was pushed, and behind
 * @answer, which is taken and may be NULL.
 */
void onward_call_pass(struct onward_call *o, grpc_byte_buffer *answer);

#endif
