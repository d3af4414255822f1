/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a completion comes back as: embedded in the object it is about, which
 * must live until then.  One completion at a time per event.  Internal to rpc/.
 */
#ifndef WGMESH_RPC_EVENT_H
#define WGMESH_RPC_EVENT_H

#include <grpc/grpc.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "rpc/pump.h"

struct rpc_event {
	void (*fn)(struct rpc_event *ev, bool ok);	/* on the owner thread */
	struct rpc_event *next;
	bool ok;
	/*
	 * Hands the fields above to the pump's thread.  gRPC's queue orders the
	 * two threads as well, but that is its secret: this says it in C11.
	 */
	atomic_bool armed;
};

#define rpc_event_owner(ev, type, member) \
	((type *)((char *)(ev) - offsetof(type, member)))

static inline void rpc_event_init(struct rpc_event *ev, void (*fn)(struct rpc_event *, bool))
{
	ev->fn = fn;
	ev->next = NULL;
	ev->ok = false;
	atomic_init(&ev->armed, false);
}

/* Directly before @ev is given to gRPC as a tag. */
static inline void rpc_event_arm(struct rpc_event *ev)
{
	atomic_store_explicit(&ev->armed, true, memory_order_release);
}

/* Start @ops, to come back as @ev.  False: nothing was started; a bug of ours. */
bool rpc_batch(grpc_call *call, const grpc_op *ops, size_t count, struct rpc_event *ev);
/*
 * The same for a call of this pump's queue, of which much completes at once: then this thread
 * takes it, without waking the pump's to be woken by it.
 */
bool rpc_pump_batch(struct rpc_pump *pump, grpc_call *call, const grpc_op *ops, size_t count,
		    struct rpc_event *ev);

grpc_completion_queue *rpc_pump_queue(const struct rpc_pump *pump);
uv_loop_t *rpc_pump_loop(const struct rpc_pump *pump);

#endif
