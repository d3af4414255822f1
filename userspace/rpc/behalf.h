/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a call of ours says of the caller because of whom we make it, in metadata.  Calls that pass on
 * as the bytes that they are have it by rpc_forward().  Owner thread.
 *
 * Three keys, and what callers send under these names goes no further.  FORWARDED: a node has passed
 * the call on; nobody does it a second time.  CALLER: in whose name, "node/ID", "admin/NAME" or
 * "nobody"; taken from those whom the server's owner trusts (vouches()), and from everybody else
 * refused, but for "nobody", which asks for nothing.  SERIAL: an administrator's certificate, for it
 * may be revoked; FROM: where the caller is.  Both are read beside a CALLER that is believed, and
 * else not at all.
 */
#ifndef WGMESH_RPC_BEHALF_H
#define WGMESH_RPC_BEHALF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "rpc/call.h"
#include "rpc/client.h"
#include "rpc/identity.h"

#define RPC_FORWARDED_KEY "wgmesh-forwarded"
#define RPC_CALLER_KEY	  "wgmesh-caller"
#define RPC_SERIAL_KEY	  "wgmesh-caller-serial"
#define RPC_FROM_KEY	  "wgmesh-caller-from"

enum { RPC_CALLER_MAX = RPC_ID_MAX + 8, RPC_BEHALF_MAX = 3 };

struct rpc_behalf {
	struct rpc_metadata pairs[RPC_BEHALF_MAX];	/* point into this, and into the call */
	size_t count;
	char caller[RPC_CALLER_MAX];
	char from[RPC_PEER_MAX];
};

/* @vouch: name the caller, as in struct rpc_onward.  @ret is good as long as @call, and not moved. */
void rpc_behalf_of(struct rpc_call *call, bool vouch, struct rpc_behalf *ret);

/*
 * For a caller who came by another way than gRPC and is known all the same, by the certificate of
 * number @serial: this node makes the call in his name.  @serial outlives @ret, which is not moved.
 */
void rpc_behalf_named(const struct rpc_identity *who, const char *serial,
		      const struct endpoint *from, struct rpc_behalf *ret);

#endif
