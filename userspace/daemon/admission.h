/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose calls are taken.  A certificate is good until it expires, and whoever was taken out of the
 * mesh, or was an administrator, still has his: the state knows, and is asked at every call.  So a
 * revocation holds on a node from when it has applied it, for connections that stand as well.
 * Owner thread.
 */
#ifndef WGMESH_DAEMON_ADMISSION_H
#define WGMESH_DAEMON_ADMISSION_H

#include "base/error.h"
#include "daemon/daemon.h"
#include "rpc/call.h"

/* ERR_DENIED: not his; ERR_UNAVAILABLE: this node cannot tell yet. */
int admission_check(struct daemon *d, struct rpc_call *call, struct error *err);

/* The state is another: ends the streams of administrators who are revoked by now. */
void admission_review(struct daemon *d);

/* For struct rpc_server_config. */
bool admission_serial_of(const char *cert_pem, char ret[RPC_SERIAL_MAX]);

#endif
