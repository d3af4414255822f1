/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one completion queue of gRPC and the thread that empties it.
 *
 * The thread owns nothing: it hands every event to the owner's uv loop through
 * a lock-free stack and one uv_async, and all callbacks of rpc/ run there, on
 * the owner thread.  Every function of rpc/ is for that thread alone, unless
 * its comment says otherwise.
 *
 * Order of the end: servers stopped, client calls done, then rpc_pump_stop().
 * SIGPIPE must be ignored by the process.
 */
#ifndef WGMESH_RPC_PUMP_H
#define WGMESH_RPC_PUMP_H

#include <uv.h>

#include "base/error.h"

struct rpc_pump;

/* @loop must outlive the pump. */
int rpc_pump_new(uv_loop_t *loop, struct rpc_pump **ret, struct error *err);

/*
 * Let nothing new begin, wait for what is under way, end the thread; then
 * @stopped(@user), in which rpc_pump_free() is allowed.  A call that nobody
 * cancels and that has no deadline is waited for without end.
 */
void rpc_pump_stop(struct rpc_pump *pump, void (*stopped)(void *user), void *user);

/* A pump that is stopped, or NULL. */
void rpc_pump_free(struct rpc_pump *pump);

#endif
