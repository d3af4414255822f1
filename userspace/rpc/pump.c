// SPDX-License-Identifier: Apache-2.0
#include "rpc/pump.h"

#include <grpc/support/time.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "rpc/event.h"
#include "rpc/library.h"

struct rpc_pump {
	uv_async_t wake;
	grpc_completion_queue *queue;
	pthread_t thread;
	_Atomic(struct rpc_event *) inbox;	/* newest first */
	bool draining;				/* the owner's: it looks again by itself */
	struct rpc_event ended;			/* the thread's last word */
	void (*stopped)(void *user);
	void *user;
};

/*
 * On any thread.  True: it was empty; whoever finds it so wakes the loop, which takes all at
 * once.
 */
static bool push(struct rpc_pump *pump, struct rpc_event *ev)
{
	struct rpc_event *head = atomic_load_explicit(&pump->inbox, memory_order_relaxed);

	do {
		ev->next = head;
	} while (!atomic_compare_exchange_weak_explicit(&pump->inbox, &head, ev,
							memory_order_release,
							memory_order_relaxed));
	return !head;
}

static void note(struct rpc_event *ev, bool ok)
{
	(void)atomic_load_explicit(&ev->armed, memory_order_acquire);
	ev->ok = ok;
}

static void *run(void *arg)
{
	struct rpc_pump *pump = arg;
	grpc_event e;

	for (;;) {
		e = grpc_completion_queue_next(pump->queue, gpr_inf_future(GPR_CLOCK_MONOTONIC),
					       NULL);
		if (e.type == GRPC_QUEUE_SHUTDOWN)
			break;
		note(e.tag, e.success);
		if (push(pump, e.tag))
			uv_async_send(&pump->wake);
	}
	if (push(pump, &pump->ended))
		uv_async_send(&pump->wake);
	return NULL;
}

static struct rpc_event *reverse(struct rpc_event *list)
{
	struct rpc_event *out = NULL, *next;

	for (; list; list = next) {
		next = list->next;
		list->next = out;
		out = list;
	}
	return out;
}

/* Oldest first. */
static void run_inbox(struct rpc_pump *pump)
{
	struct rpc_event *ev, *next;

	ev = reverse(atomic_exchange_explicit(&pump->inbox, NULL, memory_order_acquire));
	for (; ev; ev = next) {
		next = ev->next;	/* the event's owner may be freed by fn() */
		ev->fn(ev, ev->ok);
	}
}

/* On the owner's: all that has come, and what completed meanwhile; then others have their turn. */
static void drain(uv_async_t *wake)
{
	struct rpc_pump *pump = wake->data;

	pump->draining = true;
	run_inbox(pump);
	run_inbox(pump);
	pump->draining = false;
	if (atomic_load_explicit(&pump->inbox, memory_order_relaxed) &&
	    !uv_is_closing((uv_handle_t *)wake))
		uv_async_send(wake);
}

static void wake_closed(uv_handle_t *handle)
{
	struct rpc_pump *pump = handle->data;

	pump->stopped(pump->user);
}

static void on_ended(struct rpc_event *ev, bool ok)
{
	struct rpc_pump *pump = rpc_event_owner(ev, struct rpc_pump, ended);

	pthread_join(pump->thread, NULL);	/* it is returning: no wait */
	uv_close((uv_handle_t *)&pump->wake, wake_closed);
}

static int start_thread(struct rpc_pump *pump)
{
	sigset_t all, old;
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(&pump->thread, NULL, run, pump);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return ret;
}

static void drop_queue(struct rpc_pump *pump)
{
	grpc_completion_queue_shutdown(pump->queue);
	while (grpc_completion_queue_next(pump->queue, gpr_inf_future(GPR_CLOCK_MONOTONIC),
					  NULL).type != GRPC_QUEUE_SHUTDOWN)
		;
	grpc_completion_queue_destroy(pump->queue);
	rpc_library_unref();
}

static void free_closed(uv_handle_t *handle)
{
	free(handle->data);
}

int rpc_pump_new(uv_loop_t *loop, struct rpc_pump **ret, struct error *err)
{
	struct rpc_pump *pump = calloc(1, sizeof(*pump));
	int e;

	if (!pump)
		return error_set(err, ERR_MEMORY, "no memory for the gRPC pump");
	rpc_event_init(&pump->ended, on_ended);
	e = uv_async_init(loop, &pump->wake, drain);
	if (e) {
		free(pump);
		return error_errno(err, -e, "cannot wake the loop from the gRPC pump");
	}
	pump->wake.data = pump;
	rpc_library_ref();
	pump->queue = grpc_completion_queue_create_for_next(NULL);
	e = start_thread(pump);
	if (e) {
		drop_queue(pump);
		uv_close((uv_handle_t *)&pump->wake, free_closed);
		return error_errno(err, e, "cannot start the thread of the gRPC pump");
	}
	*ret = pump;
	return 0;
}

void rpc_pump_stop(struct rpc_pump *pump, void (*stopped)(void *user), void *user)
{
	pump->stopped = stopped;
	pump->user = user;
	grpc_completion_queue_shutdown(pump->queue);
}

void rpc_pump_free(struct rpc_pump *pump)
{
	if (!pump)
		return;
	grpc_completion_queue_destroy(pump->queue);
	rpc_library_unref();
	free(pump);
}

bool rpc_batch(grpc_call *call, const grpc_op *ops, size_t count, struct rpc_event *ev)
{
	rpc_event_arm(ev);
	return grpc_call_start_batch(call, ops, count, ev, NULL) == GRPC_CALL_OK;
}

/* Not called back from here: the caller has his own state to settle first. */
bool rpc_pump_batch(struct rpc_pump *pump, grpc_call *call, const grpc_op *ops, size_t count,
		    struct rpc_event *ev)
{
	bool started;
	void *tag;
	int ok;

	grpc_completion_queue_thread_local_cache_init(pump->queue);
	started = rpc_batch(call, ops, count, ev);
	if (!grpc_completion_queue_thread_local_cache_flush(pump->queue, &tag, &ok))
		return started;
	note(tag, ok);
	if (push(pump, tag) && !pump->draining)
		uv_async_send(&pump->wake);
	return started;
}

grpc_completion_queue *rpc_pump_queue(const struct rpc_pump *pump)
{
	return pump->queue;
}

uv_loop_t *rpc_pump_loop(const struct rpc_pump *pump)
{
	return pump->wake.loop;
}
