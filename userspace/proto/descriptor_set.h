/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every .proto file of the API, and what they import, as a serialized
 * google.protobuf.FileDescriptorSet.
 */
#ifndef WGMESH_PROTO_DESCRIPTOR_SET_H
#define WGMESH_PROTO_DESCRIPTOR_SET_H

#include <stddef.h>

extern const unsigned char descriptor_set[];
extern const size_t descriptor_set_len;

#endif
