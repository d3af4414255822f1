/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's certificate, key and CA, replaceable while it runs.  gRPC asks
 * for them on threads of its own whenever a connection comes: the one piece of
 * rpc/ that is shared, behind the one mutex.  Internal to rpc/.
 */
#ifndef WGMESH_RPC_TLS_STORE_H
#define WGMESH_RPC_TLS_STORE_H

#include <grpc/grpc_security.h>
#include <stdbool.h>

#include "base/error.h"
#include "rpc/server.h"

struct rpc_tls_store;

int rpc_tls_store_new(struct rpc_tls_store **ret, struct error *err);
/* When the servers with its credentials are destroyed; wipes.  NULL is fine. */
void rpc_tls_store_free(struct rpc_tls_store *store);

int rpc_tls_store_set(struct rpc_tls_store *store, const struct rpc_tls *tls, struct error *err);

/* Credentials for one more listener; ERR_PRECONDITION while nothing is set. */
int rpc_tls_store_credentials(struct rpc_tls_store *store, grpc_server_credentials **ret,
			      struct error *err);

#endif
