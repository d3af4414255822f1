/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Raft messages between servers, over TCP with certificates on both sides.
 *
 * Each pair of servers may have two connections, and each is used one way: a
 * server sends on the one it dialled and receives on those it accepted.  So no
 * side has to agree with the other about which one is the real one.  Messages
 * may be lost (full queues, broken connections) but never altered, and those
 * of one connection arrive in order: that is what Raft asks for.
 *
 * Only on the loop's thread.  Nothing blocks.  Callbacks come from the loop,
 * never from inside a call of yours, and may call anything here.  The process
 * ignores SIGPIPE.
 */
#ifndef WGMESH_TRANSPORT_TRANSPORT_H
#define WGMESH_TRANSPORT_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "base/addr.h"
#include "base/error.h"
#include "crypto/identity.h"
#include "raft/message.h"


enum {
	TRANSPORT_PEERS_MAX = 16,
	TRANSPORT_ENDPOINTS_MAX = 8,		/* per peer */
	TRANSPORT_LISTEN_MAX = 8,
	TRANSPORT_STRANGERS_MAX = 16,		/* accepted, and nothing proven yet */
	TRANSPORT_PER_NODE_MAX = 2,		/* accepted: the next, and the last one's rest */
	TRANSPORT_FRAME_MAX = 4 * 1024 * 1024,	/* one packed message */
	TRANSPORT_QUEUE_MESSAGES = 1024,	/* per peer, waiting to be sent */
	TRANSPORT_QUEUE_BYTES = 16 * 1024 * 1024,
	TRANSPORT_QUEUE_UNCONNECTED = 64,	/* messages, while there is nowhere to send them */
};

/* Milliseconds. */
struct transport_timing {
	uint32_t connect;		/* dial: TCP and TLS together */
	uint32_t handshake;		/* an accepted connection must have proven itself */
	uint32_t stall;			/* a frame begun, or data to send, makes no progress */
	uint32_t backoff_min, backoff_max;	/* between rounds of dialling */
	uint32_t prefer;		/* on a lesser endpoint: try the better ones again */
};

struct transport;

enum transport_event {
	TRANSPORT_PEER_UP,	/* messages to @server_id flow */
	TRANSPORT_PEER_DOWN,	/* and no longer: what was under way may be lost */
	TRANSPORT_DIAL_FAILED,	/* one endpoint; the next is tried, or the first after a pause */
	TRANSPORT_REFUSED,	/* an accepted connection was closed for what it was or sent */
};

/*
 * @server_id: 0 while unknown.  @remote: the address spoken to.  @reason: text
 * for a log line, valid during the call.
 */
struct transport_callbacks {
	/* @from is proven by certificate; @message and its entries live during the call. */
	void (*message)(void *data, uint64_t from, const struct raft_message *message);
	void (*event)(void *data, enum transport_event event, uint64_t server_id,
		      const struct endpoint *remote, const char *reason);
};

/* @self: this server's Raft id.  @callbacks and @data outlive the transport; @id is copied. */
int transport_new(uv_loop_t *loop, uint64_t self, const struct identity *id,
		  const struct transport_callbacks *callbacks, void *data,
		  struct transport **ret, struct error *err);

/*
 * Close everything; no callback comes after this but @closed (may be NULL),
 * from the loop, when the memory is gone.  NULL is fine, and then calls nothing.
 */
void transport_free(struct transport *t, void (*closed)(void *data), void *data);

/* 2000, 5000, 10000, 50-2000 and 30000, unless changed; for what begins after the call. */
void transport_set_timing(struct transport *t, const struct transport_timing *timing);

/* For connections from now on; those that stand keep theirs. */
int transport_set_identity(struct transport *t, const struct identity *id, struct error *err);

/*
 * Listen at these addresses and no others (@count 0: nowhere; doubles count
 * once); those already open stay open, with their connections.  An address
 * that this host does not have yet is fine (IP_FREEBIND).  Port 0 takes a free
 * one.  On failure the set is as it was: so an address and the wildcard that
 * holds it cannot take turns on one port in a single call.
 */
int transport_listen(struct transport *t, const struct endpoint *addresses, size_t count,
		     struct error *err);
/* The @at-th address that is open, with its real port; false beyond the last. */
bool transport_listening(const struct transport *t, size_t at, struct endpoint *ret);

/*
 * Know @server_id as the node @node_id, to be reached at @endpoints, the best
 * first (none: it can only come to us).  Replaces what was known; another
 * node id closes the old one's connections.  ERR_EXISTS: another server has
 * that node id; ERR_EXHAUSTED: TRANSPORT_PEERS_MAX or _ENDPOINTS_MAX reached.
 */
int transport_set_peer(struct transport *t, uint64_t server_id, const char *node_id,
		       const struct endpoint *endpoints, size_t count, struct error *err);
/* Forget it, its queue and its connections.  Unknown ids are fine. */
void transport_remove_peer(struct transport *t, uint64_t server_id);

/*
 * Queue @message for its addressee and dial if need be.  When the queue is
 * full, its oldest messages are dropped, appends first, and counted.
 * ERR_NOT_FOUND: no such peer; ERR_EXHAUSTED: larger than a frame may be;
 * ERR_INVALID: from another server.
 */
int transport_send(struct transport *t, const struct raft_message *message, struct error *err);

struct transport_peer_status {
	bool connected;			/* for sending */
	bool heard;			/* a connection of theirs is open here */
	struct endpoint remote;		/* while connected */
	size_t queued_messages, queued_bytes;
	uint64_t sent, received, dropped, dials, dials_failed;
};

/* False for an unknown peer. */
bool transport_peer_status(const struct transport *t, uint64_t server_id,
			   struct transport_peer_status *ret);

struct transport_stats {
	size_t members;			/* accepted connections open now, from known nodes */
	size_t strangers;		/* and those that have proven nothing yet */
	uint64_t refused;		/* connections closed for what they were or sent */
	uint64_t malformed;		/* of these: for a bad frame */
};

void transport_stats(const struct transport *t, struct transport_stats *ret);

#endif
