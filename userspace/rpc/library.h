/* SPDX-License-Identifier: Apache-2.0 */
/* gRPC as a library that is started and ended, and where it may complain.  Any thread. */
#ifndef WGMESH_RPC_LIBRARY_H
#define WGMESH_RPC_LIBRARY_H

/*
 * Where gRPC's own complaints go (failed handshakes, exhausted descriptors);
 * until then they are dropped.  @sink may be called on any thread, also on
 * threads that gRPC started itself.
 */
void rpc_log_to(void (*sink)(const char *text));

/* Held by pumps and channels: as long as anyone holds it, gRPC's threads run. */
void rpc_library_ref(void);
void rpc_library_unref(void);

#endif
