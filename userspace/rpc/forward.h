/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that another node is to answer: request and answer pass as the bytes that they are, with
 * the metadata, the deadline and the cancellation of the call.  Internal to rpc/; rpc_forward()
 * is in call.h.
 *
 * Two metadata keys say what has happened on the way, and what callers send under these names
 * goes no further.  FORWARDED: a node has passed the call on; nobody does it a second time. 
 * CALLER: in whose name, "node/ID", "admin/NAME" or "nobody"; taken from those whom the server's
 * owner trusts (vouches()), and from everybody else refused, but for "nobody", which asks for
 * nothing.
 */
#ifndef WGMESH_RPC_FORWARD_H
#define WGMESH_RPC_FORWARD_H

#include "base/error.h"
#include "rpc/call.h"

#define RPC_FORWARDED_KEY "wgmesh-forwarded"
#define RPC_CALLER_KEY	  "wgmesh-caller"

enum { RPC_CALLER_MAX = RPC_ID_MAX + 8 };

/* Takes the request; the call is answered when the other node has answered. */
int rpc_forward_start(struct rpc_call *call, const struct rpc_onward *onward, struct error *err);

#endif
