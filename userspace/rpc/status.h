/* SPDX-License-Identifier: Apache-2.0 */
/* The one table between our kinds of errors and gRPC's status codes.  Any thread. */
#ifndef WGMESH_RPC_STATUS_H
#define WGMESH_RPC_STATUS_H

#include "base/error.h"

/* @kind as a grpc_status_code; what has no counterpart is INTERNAL. */
int rpc_status_of(enum error_kind kind);

/* A grpc_status_code from a server, of any implementation, as a kind. */
enum error_kind rpc_status_kind(int status);

#endif
