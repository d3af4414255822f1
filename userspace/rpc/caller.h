/* SPDX-License-Identifier: Apache-2.0 */
/* What gRPC knows of the other end of a server's call.  Internal to rpc/. */
#ifndef WGMESH_RPC_CALLER_H
#define WGMESH_RPC_CALLER_H

#include <grpc/grpc.h>

#include "rpc/identity.h"

/*
 * The identity in the client's certificate, which gRPC has verified against
 * the CA; RPC_IDENTITY_NONE for anything but exactly one URI of @mesh_id.
 */
void rpc_caller_identity(grpc_call *call, const char *mesh_id, struct rpc_identity *ret);

#endif
