/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A data channel to a service of another node: that one makes the offer, and this node carries what
 * both sides say (v1.Node.NegotiateDataChannel), in the client's name.  Owner thread.
 *
 * In whose name: as with calls that pass to the leader (leader_proxy.h), voters are believed when
 * they name the client, other nodes negotiate for themselves alone.
 */
#ifndef WGMESH_DAEMON_NEGOTIATION_RELAY_H
#define WGMESH_DAEMON_NEGOTIATION_RELAY_H

#include "base/error.h"
#include "daemon/negotiation.h"

struct negotiation_relay;

struct negotiation_relay_ops {
	/* What the other node says: an offer, a candidate; valid during the call. */
	void (*told)(const struct negotiation_said *said, void *ctx);
	/* It is over, and why; once, last, and not after negotiation_relay_stop(). */
	void (*ended)(const struct error *why, void *ctx);
};

/* What is wanted of the node, with the settings of this one filled in where the client says nothing. */
struct negotiation_relay_ask {
	const char *node_id;
	const struct channel_service *service;
	size_t stun_count;
	char **stun;
};

/*
 * ERR_NOT_FOUND: the mesh has no such node.  ERR_PRECONDITION: this node would not be believed, or
 * that one serves no API; the text says whom to ask.  @ops outlive it.
 */
int negotiation_relay_start(struct daemon *d, struct rpc_call *call,
			    const struct negotiation_relay_ask *ask,
			    const struct negotiation_relay_ops *ops, void *ctx,
			    struct negotiation_relay **ret, struct error *err);

/* What the client says, as it is: the other node judges it.  ERR_EXHAUSTED: faster than it goes. */
int negotiation_relay_say(struct negotiation_relay *relay, const struct negotiation_said *said,
			  struct error *err);

/* The client wants a new offer, with these servers. */
int negotiation_relay_ask_again(struct negotiation_relay *relay, const struct rpc_call *call,
				const struct negotiation_relay_ask *ask, struct error *err);

/* The other node hears that its call is cancelled.  NULL is fine. */
void negotiation_relay_stop(struct negotiation_relay *relay);

#endif
