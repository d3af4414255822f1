/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A loop with a pump, a server and a channel to it, and methods whose
 * handlers each test chooses:
 *	v1.Node/Join			unary, for everybody
 *	v1.Node/GetStatus		unary, for anybody with an identity
 *	v1.Node/Leave			unary, for administrators
 *	v1.Node/NegotiateDataChannel	messages both ways, for everybody
 *	Replication/Follow		server stream, for nodes in TLS worlds
 */
#ifndef WGMESH_TESTS_RPC_WORLD_H
#define WGMESH_TESTS_RPC_WORLD_H

#include <stdbool.h>
#include <uv.h>

#include "ext/v1/replication.pb-c.h"
#include "rpc/channel.h"
#include "rpc/client.h"
#include "rpc/server.h"
#include "v1/node.pb-c.h"

enum { WAIT_MS = 30 * 1000 };	/* no condition of these tests takes that long */

struct world {
	uv_loop_t loop;
	struct rpc_pump *pump;
	struct rpc_server *server;
	struct rpc_channel *channel;
	char address[64];
	bool server_stopped;

	/* The next handlers; NULL answers with an empty message. */
	void (*join)(struct rpc_call *call, const V1__JoinRequest *request, struct world *w);
	void (*follow)(struct rpc_call *call,
		       const Webmesh__Ext__V1__FollowRequest *request, struct world *w);
	void (*negotiate)(struct rpc_call *call, struct world *w);
	int (*admit)(struct rpc_call *call, struct world *w, struct rpc_onward *ret_onward,
		     struct error *err);
	const char *believed;		/* the node that may call in others' names; NULL: none */

	unsigned int handled;		/* calls that reached a handler */
	struct rpc_call *held;		/* one that a handler keeps */
	bool gone, cancelled;		/* what world_watch() was told */
	struct rpc_identity identity;	/* of the last call handled */
	char serial[RPC_SERIAL_MAX];	/* of its certificate; of Leave only */
};

/* One call's end, on the client's side. */
struct result {
	bool done;
	struct error err;
	char text[64];			/* JoinResponse.address_ipv4 */
};

/* Plaintext; @config gives limits and may be NULL. */
void world_init(struct world *w, const struct rpc_server_config *config);
/* TLS on the server with @server's certificate of "ours"; no channel yet. */
void world_init_tls(struct world *w, const char *server);
/* The same at an address of loopback with its port. */
void world_init_tls_at(struct world *w, const char *server, const char *address);
void world_fini(struct world *w);

/* PEM texts of make-certs.sh, read once; never NULL. */
const char *pem(const char *file);
/* A channel that shows @identity (NULL: nobody) and believes @authority. */
struct rpc_channel *world_channel(const struct world *w, const char *identity,
				  const char *authority);

void world_run_until(struct world *w, const bool *flag);
/* Stops the server and waits for it. */
void world_stop_server(struct world *w, unsigned int grace_ms);
/* How many calls of a method of v1.Node have ended with a code of gRPC's. */
uint64_t world_ended(const struct world *w, const char *method, int code);
/* Have `gone` and `cancelled` set when the call ends. */
void world_watch(struct world *w, struct rpc_call *call);

struct rpc_target target(const ProtobufCServiceDescriptor *service, const char *method);
/* Join with @id; the end comes into @result. */
struct rpc_client_call *join_start(struct world *w, const char *id, struct result *result);
struct result join(struct world *w, const char *id);
/* Any unary method of v1.Node without input through @channel. */
struct result call(struct world *w, struct rpc_channel *channel, const char *method);

void reply_text(struct rpc_call *call, const char *text);

#endif
