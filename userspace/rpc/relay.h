/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream that another node answers: what either side says passes as the bytes that it is, in
 * order, until one of them ends it.  Internal to rpc/; rpc_forward() is in call.h.
 *
 * Bounded both ways: of the caller's messages one is on its way, and the next is read when gRPC has
 * taken it; of the other node's as many wait as an outbox holds, and no more are read while it is
 * full.  So who does not read stops who sends, as if they spoke directly.
 */
#ifndef WGMESH_RPC_RELAY_H
#define WGMESH_RPC_RELAY_H

#include "base/error.h"
#include "rpc/call.h"

/*
 * Takes the request of a RPC_SERVER_STREAM, and the call's ops; nothing was sent on the call yet.
 * Failed: the call is to be ended by who asked.
 */
int rpc_relay_start(struct rpc_call *call, const struct rpc_onward *where, struct error *err);

#endif
