/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A unary call that another node is to answer: request and answer pass as the bytes that they are,
 * all in one batch.  Internal to rpc/; rpc_forward() is in call.h, streams are in relay.h.
 */
#ifndef WGMESH_RPC_FORWARD_H
#define WGMESH_RPC_FORWARD_H

#include "base/error.h"
#include "rpc/call.h"

/* Takes the request; the call is answered when the other node has answered. */
int rpc_forward_start(struct rpc_call *call, const struct rpc_onward *where, struct error *err);

#endif
