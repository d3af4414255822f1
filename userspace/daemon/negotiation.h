/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream that negotiates a data channel: the client says what it wants to reach, hears the offer
 * and its candidates, and tells its answer and candidates.  The other end is this node's engine
 * (channels.h), or another node that is asked in the client's name (negotiation_relay.h).
 *
 * The stream is the data channel's life: it goes on while that one does, ends with the reason why
 * that one has, and ends it when the client cancels.  A client that has no more to say may close
 * its half after the answer.  Two methods say the same with messages of their own: struct
 * negotiation_words.  Owner thread.
 */
#ifndef WGMESH_DAEMON_NEGOTIATION_H
#define WGMESH_DAEMON_NEGOTIATION_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "rtc/connection.h"

struct daemon;
struct rpc_call;

enum {
	NEGOTIATIONS_MAX = 128,		/* streams of this node, those of others' channels too */
	NEGOTIATIONS_OF_ONE_MAX = 16,	/* of one identity */
	/* What the client leaves us waiting for, as for the request and the answer. */
	NEGOTIATION_SILENCE_MS = 10 * 1000,
	NEGOTIATION_OFFER_MS = 10 * 1000,	/* until there is an offer, wherever it is made */
	/* A backstop: the engine gives up earlier, and knows better why. */
	NEGOTIATION_CONNECT_MS = 60 * 1000,
	NEGOTIATION_CANDIDATES_MAX = 128,	/* that one client may tell, for each offer */
	NEGOTIATION_RESTART_MS = 1000,		/* from one new offer to the next */
};

/* What a message has; texts are the message's own, "" where it has none. */
struct negotiation_said {
	const char *offer, *answer, *candidate;	/* to the client there is no answer */
	size_t stun_count;
	char *const *stun;
};

/* What a first message asks for. */
struct negotiation_ask {
	const char *node_id;	/* "": this one */
	const char *proto, *dst;
	uint32_t port;
	const char *src;	/* where the client is, as the node says that asks for it; "": here */
	size_t stun_count;	/* servers that it says to use, if any */
	char *const *stun;
};

struct negotiation_words {
	int (*asked)(const ProtobufCMessage *msg, struct negotiation_ask *ret, struct error *err);
	/* False: it says nothing, so it asks. */
	bool (*said)(const ProtobufCMessage *msg, struct negotiation_said *ret);
	/* As rpc_send(). */
	int (*tell)(struct rpc_call *call, const struct negotiation_said *said, struct error *err);
};

/* For handlers of RPC_BIDI methods: takes the call's ops.  @words outlive it. */
void negotiation_start(struct daemon *d, struct rpc_call *call,
		       const struct negotiation_words *words);

/* Again and again: ends those that have waited for too long. */
void negotiations_advance(struct daemon *d);
/* Ends those that the settings do not allow any more. */
void negotiations_review(struct daemon *d);
/* Ends those of a node that is out of the mesh. */
void negotiations_removed(struct daemon *d, const char *node_id);
/* The daemon stops: all end, and hear it. */
void negotiations_end(struct daemon *d);

#endif
