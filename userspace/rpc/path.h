/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP/2 path of a method, "/v1.Node/Join".  Any thread.  Internal to rpc/. */
#ifndef WGMESH_RPC_PATH_H
#define WGMESH_RPC_PATH_H

#include <protobuf-c/protobuf-c.h>

#include "base/error.h"

enum { RPC_PATH_MAX = 128 };

/* *@ret_types has the method's request and answer.  ERR_NOT_FOUND: no such method. */
int rpc_path_resolve(const ProtobufCServiceDescriptor *service, const char *method,
		     char ret_path[RPC_PATH_MAX], const ProtobufCMethodDescriptor **ret_types,
		     struct error *err);

#endif
