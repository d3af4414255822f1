/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gRPC server on the C core: methods by path, identity by client
 * certificate, everything bounded.  Owner thread only (rpc/pump.h).
 *
 * new, listen (once or more), start, ..., stop, and free when stopped.  After
 * the first listen there is no way out but stop, started or not.
 */
#ifndef WGMESH_RPC_SERVER_H
#define WGMESH_RPC_SERVER_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "rpc/call.h"
#include "rpc/identity.h"
#include "rpc/pump.h"

enum rpc_method_kind {
	RPC_UNARY,
	RPC_SERVER_STREAM,	/* one request, then rpc_send() and rpc_finish() */
	RPC_BIDI,		/* also client streams: the handler gets no request but reads */
};

/* Who answers. */
enum rpc_place {
	RPC_HERE,	/* any node */
	RPC_LEADER,
	RPC_READ,	/* any node, and the leader if the caller wants that */
};

struct rpc_method {
	const ProtobufCServiceDescriptor *service;
	const char *name;		/* "Join": the path is "/v1.Node/Join" */
	enum rpc_method_kind kind;
	enum rpc_need need;
	enum rpc_place place;		/* for the owner's admit() */
	/* @request is valid during the call, NULL for RPC_BIDI. */
	void (*handler)(struct rpc_call *call, const ProtobufCMessage *request, void *user);
};

struct rpc_server_config {
	const struct rpc_method *methods;	/* outlive the server */
	size_t method_count;
	const char *mesh_id;			/* copied */
	/*
	 * Asked for every call of a known method whose caller has what the
	 * method needs, before its request is read.  Not 0: the call fails with @err.  With a
	 * channel in *@ret_onward it is passed on as by rpc_forward().
	 */
	int (*admit)(struct rpc_call *call, void *user, struct rpc_onward *ret_onward,
		     struct error *err);	/* may be NULL */
	/* Whether this node of the mesh may call in others' names; NULL: nobody may. */
	bool (*vouches)(const char *node_id, void *user);
	/* What rpc_call_serial() tells of a certificate; false: nothing.  NULL: of none. */
	bool (*serial_of)(const char *cert_pem, char ret[RPC_SERIAL_MAX]);
	void *user;				/* for handlers and admit() */
	/* 0 stands for the default in brackets. */
	size_t message_max;			/* bytes of one message, either way [4 MiB] */
	unsigned int calls_max;			/* at once; more are ERR_EXHAUSTED [4096] */
	unsigned int streams_max;		/* at once on one connection [256] */
	size_t memory_max;			/* bytes in gRPC's buffers [256 MiB] */
};

/* PEM texts; the certificate comes first in its chain.  The caller has checked them. */
struct rpc_tls {
	const char *ca_pem;	/* who signs callers */
	const char *cert_pem;
	const char *key_pem;
};

struct rpc_server;

int rpc_server_new(struct rpc_pump *pump, const struct rpc_server_config *config,
		   struct rpc_server **ret, struct error *err);
/* Before the first listen or when stopped; NULL is fine. */
void rpc_server_free(struct rpc_server *server);

/*
 * The certificate for connections from now on; those that stand keep theirs.
 * Copied, and wiped when replaced.  Needed before the first TLS listener.
 */
int rpc_server_set_identity(struct rpc_server *server, const struct rpc_tls *tls,
			    struct error *err);

/*
 * @address: "192.0.2.1:8443", "[::]:8443", port 0 for any, or "unix:/path".
 * With @tls a client certificate is wanted, and verified if given; without,
 * all callers are RPC_IDENTITY_NONE.  *@ret_port (may be NULL) is the port.
 */
int rpc_server_listen(struct rpc_server *server, const char *address, bool tls,
		      uint16_t *ret_port, struct error *err);
void rpc_server_start(struct rpc_server *server);

/*
 * Take no new call, let those that live end within @grace_ms, cancel the
 * rest; then @stopped(@user), in which rpc_server_free() is allowed.  Once.
 */
void rpc_server_stop(struct rpc_server *server, unsigned int grace_ms,
		     void (*stopped)(void *user), void *user);

/*
 * Asks again for each stream that lives whether its caller may have it, and ends it with the error
 * if not.  Unary calls end soon by themselves.
 */
void rpc_server_review(struct rpc_server *server,
		       int (*may)(struct rpc_call *call, void *user, struct error *err));

unsigned int rpc_server_calls(const struct rpc_server *server);	/* alive now */

enum { RPC_STATUS_COUNT = 17 };	/* gRPC's status codes are 0 to 16 */

/*
 * How many calls of config.methods[@method] have ended with @status; with method_count for @method:
 * of no method that there is.  One whose caller went before it was answered is CANCELLED.
 */
uint64_t rpc_server_ended(const struct rpc_server *server, size_t method, int status);

#endif
