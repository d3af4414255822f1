/* SPDX-License-Identifier: Apache-2.0 */
/* Why a call did not get through, in words for people.  Any thread.  Internal to rpc/. */
#ifndef WGMESH_RPC_CAUSE_H
#define WGMESH_RPC_CAUSE_H

/*
 * gRPC's own text without its preamble, or our words for the causes that
 * users meet.  For display alone: whatever gRPC changes, some text comes out.
 */
const char *rpc_cause(const char *text);

#endif
