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

/*
 * Shows the client's certificate to @fn, as PEM text that is valid during the call; false: there is
 * none, or @fn said so.
 */
bool rpc_caller_certificate(grpc_call *call, bool (*fn)(void *data, const char *pem), void *data);

#endif
