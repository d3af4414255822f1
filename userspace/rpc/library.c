// SPDX-License-Identifier: Apache-2.0
#include "rpc/library.h"

#include <grpc/grpc.h>
#include <grpc/support/log.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

static _Atomic(void (*)(const char *text)) log_sink;

static void route(gpr_log_func_args *args)
{
	void (*sink)(const char *text) = atomic_load_explicit(&log_sink, memory_order_acquire);

	if (sink && args->severity >= GPR_LOG_SEVERITY_ERROR)
		sink(args->message);
}

static void route_log(void)
{
	gpr_set_log_function(route);
}

void rpc_log_to(void (*sink)(const char *text))
{
	atomic_store_explicit(&log_sink, sink, memory_order_release);
}

void rpc_library_ref(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	sigset_t all, old;

	pthread_once(&once, route_log);
	/* gRPC's threads inherit this mask: signals are for the owner's loop. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	grpc_init();
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

void rpc_library_unref(void)
{
	grpc_shutdown();
}
