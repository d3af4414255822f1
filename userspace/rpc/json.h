/* SPDX-License-Identifier: Apache-2.0 */
/* Messages as JSON, by their descriptors.  Any thread. */
#ifndef WGMESH_RPC_JSON_H
#define WGMESH_RPC_JSON_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "base/buf.h"

/*
 * Appends @msg as an object with every field under its name in the .proto, those that are empty
 * too; of a oneof the one that is set, and a message that is not there as null.  Numbers are numbers
 * at any width, bytes are base64, enums their names; what is no UTF-8 in a text becomes U+FFFD.
 * False as buf_append().
 */
bool rpc_json(const ProtobufCMessage *msg, struct buf *out);

#endif
