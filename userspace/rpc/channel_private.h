/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WGMESH_RPC_CHANNEL_PRIVATE_H
#define WGMESH_RPC_CHANNEL_PRIVATE_H

#include <grpc/grpc.h>

#include "rpc/channel.h"

struct rpc_channel {
	unsigned int refs;	/* the creator's and every call's */
	grpc_channel *grpc;
	char *address;
	size_t message_max;
};

struct rpc_channel *rpc_channel_ref(struct rpc_channel *channel);
void rpc_channel_unref(struct rpc_channel *channel);

#endif
