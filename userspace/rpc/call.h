/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call that a client made of us, as its handler sees it.
 *
 * A handler answers at once or later, exactly once: rpc_reply(), rpc_finish()
 * or rpc_fail().  The call lives until its `gone` callback has returned; who
 * keeps the pointer longer takes a reference.  Answers to a call that is gone
 * are dropped silently, so nobody needs to look before answering.
 * Owner thread only (rpc/pump.h).
 */
#ifndef WGMESH_RPC_CALL_H
#define WGMESH_RPC_CALL_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "rpc/identity.h"

enum { RPC_PEER_MAX = 128 };

struct rpc_call;
struct rpc_channel;
struct rpc_method;

struct rpc_call_ops {
	/*
	 * A message that rpc_call_read() asked for, valid during the callback;
	 * NULL: the client has sent its last.  RPC_BIDI methods only.
	 */
	void (*message)(struct rpc_call *call, const ProtobufCMessage *msg, void *ctx);
	/* There is room again after rpc_send() answered ERR_EXHAUSTED. */
	void (*writable)(struct rpc_call *call, void *ctx);
	/*
	 * The call is over: answered, or @cancelled (by the client, its
	 * deadline, a lost connection, or the server's end).  Exactly once and
	 * last: the place to free @ctx.  Without it a unary call whose client
	 * has gone lives on until it is answered.
	 */
	void (*gone)(struct rpc_call *call, bool cancelled, void *ctx);
};

/* To be set inside the handler if at all; each callback may be NULL. */
void rpc_call_set_ops(struct rpc_call *call, const struct rpc_call_ops *ops, void *ctx);

struct rpc_call *rpc_call_ref(struct rpc_call *call);
void rpc_call_unref(struct rpc_call *call);	/* NULL is fine */

/*
 * Send @msg, after all that rpc_send() took, and end the call with OK.  Longer
 * than the server's message_max: the call fails with ERR_EXHAUSTED instead.
 */
void rpc_reply(struct rpc_call *call, const ProtobufCMessage *msg);
/* End a stream with OK after all that rpc_send() took. */
void rpc_finish(struct rpc_call *call);
/*
 * End the call with @err; what is queued is dropped.  The texts of our own
 * troubles (ERR_IO, ERR_MEMORY, ERR_INTERNAL, ERR_CORRUPT) are told to callers
 * with an identity only.
 */
void rpc_fail(struct rpc_call *call, const struct error *err);

/* Where a call goes that another node is to answer. */
struct rpc_onward {
	struct rpc_channel *channel;	/* the caller keeps its own reference */
	/*
	 * The other node is told, and believes us, in whose name the call is.  Otherwise it is
	 * this node's own call there, or nobody's if the caller is nobody.
	 */
	bool vouch;
	/*
	 * Longer than that it is not waited for the answer, which is ERR_UNAVAILABLE then; 0: as
	 * long as the caller waits.
	 */
	unsigned int patience_ms;
};

/*
 * Inside the handler, instead of an answer: have the other node give it.  What either side says
 * and the status pass as they are, deadline, cancellation and metadata with them; who sends a
 * stream waits for who reads it.  The handler has neither sent nor read nor set ops.
 * Not to be used for a call that was passed on already: that is how circles begin.
 */
void rpc_forward(struct rpc_call *call, const struct rpc_onward *onward);
/* A node has passed it on, or somebody says so. */
bool rpc_call_forwarded(const struct rpc_call *call);
/* The node that passed it on and named the caller; "": the caller has called himself. */
const char *rpc_call_through(const struct rpc_call *call);

/*
 * The serial number of the caller's certificate, as serial_of() or the node that passed the call on
 * tells it; "": not known.  Dear the first time: for who needs it.
 */
const char *rpc_call_serial(struct rpc_call *call);

/*
 * Queue @msg on a stream.  ERR_EXHAUSTED: the queue is full, nothing was
 * taken, and `writable` will come.  ERR_INVALID: longer than the server's
 * message_max.  ERR_UNAVAILABLE: the call is ending or gone.
 */
int rpc_send(struct rpc_call *call, const ProtobufCMessage *msg, struct error *err);

/* Ask for one message of a RPC_BIDI call: that many callbacks follow, no more. */
void rpc_call_read(struct rpc_call *call);

const struct rpc_method *rpc_call_method(const struct rpc_call *call);
const struct rpc_identity *rpc_call_identity(const struct rpc_call *call);
/* Milliseconds that the caller still waits: 0 when passed, INT64_MAX without deadline. */
int64_t rpc_call_time_left(const struct rpc_call *call);
/* Copy the first value of the lower-case @key; false when absent or not within @size. */
bool rpc_call_metadata(const struct rpc_call *call, const char *key, char *ret, size_t size);
/*
 * The caller's address as gRPC writes it ("ipv4:192.0.2.1:5000"), or as the node tells it that has
 * named the caller; proves nothing.
 */
char *rpc_call_peer(const struct rpc_call *call, char out[RPC_PEER_MAX]);	/* returns @out */

#endif
