/* SPDX-License-Identifier: Apache-2.0 */
/* Protocol buffers to and from gRPC's byte buffers.  Any thread. */
#ifndef WGMESH_RPC_MESSAGE_H
#define WGMESH_RPC_MESSAGE_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

#include "base/error.h"

enum { RPC_MESSAGE_MAX = 4 * 1024 * 1024 };	/* bytes; the default limit of every gRPC */

struct grpc_byte_buffer;

/*
 * Packs straight into the buffer that gRPC will send.  ERR_INVALID when
 * longer than @max bytes.  The result is the caller's, as gRPC's is.
 */
int rpc_message_pack(const ProtobufCMessage *msg, size_t max, struct grpc_byte_buffer **ret,
		     struct error *err);

/*
 * Reads in place when @bytes is in one piece.  ERR_INVALID for what does not
 * decode, or would take far more memory decoded than it took on the wire.
 * *@ret: protobuf_c_message_free_unpacked(msg, NULL).
 */
int rpc_message_unpack(const ProtobufCMessageDescriptor *type, struct grpc_byte_buffer *bytes,
		       ProtobufCMessage **ret, struct error *err);

#endif
