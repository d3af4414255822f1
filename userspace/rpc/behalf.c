// SPDX-License-Identifier: Apache-2.0
#include "rpc/behalf.h"

#include <stdio.h>


static void describe_caller(const struct rpc_identity *who, char out[RPC_CALLER_MAX])
{
	const char *kind = who->kind == RPC_IDENTITY_ADMIN ? "admin" : "node";

	if (who->kind == RPC_IDENTITY_NONE)
		snprintf(out, RPC_CALLER_MAX, "nobody");
	else
		snprintf(out, RPC_CALLER_MAX, "%s/%s", kind, who->id);
}

void rpc_behalf_of(struct rpc_call *call, bool vouch, struct rpc_behalf *ret)
{
	const struct rpc_identity *who = rpc_call_identity(call);
	size_t n = 0;

	ret->pairs[n++] = (struct rpc_metadata){ RPC_FORWARDED_KEY, "1" };
	if (vouch || who->kind == RPC_IDENTITY_NONE) {
		describe_caller(who, ret->caller);
		ret->pairs[n++] = (struct rpc_metadata){ RPC_CALLER_KEY, ret->caller };
	}
	if (vouch && who->kind == RPC_IDENTITY_ADMIN && *rpc_call_serial(call))
		ret->pairs[n++] = (struct rpc_metadata){ RPC_SERIAL_KEY, rpc_call_serial(call) };
	ret->count = n;
}

/* In gRPC's words. */
static void describe_place(const struct endpoint *from, char out[RPC_PEER_MAX])
{
	char text[ENDPOINT_TEXT_MAX];

	snprintf(out, RPC_PEER_MAX, "%s:%s", from->ip.family == AF_INET6 ? "ipv6" : "ipv4",
		 endpoint_format(from, text));
}

void rpc_behalf_named(const struct rpc_identity *who, const char *serial,
		      const struct endpoint *from, struct rpc_behalf *ret)
{
	describe_caller(who, ret->caller);
	describe_place(from, ret->from);
	ret->pairs[0] = (struct rpc_metadata){ RPC_CALLER_KEY, ret->caller };
	ret->pairs[1] = (struct rpc_metadata){ RPC_SERIAL_KEY, serial };
	ret->pairs[2] = (struct rpc_metadata){ RPC_FROM_KEY, ret->from };
	ret->count = 3;
}
