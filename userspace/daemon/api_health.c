// SPDX-License-Identifier: Apache-2.0
/*
 * grpc.health.v1.  A service serves when this node knows its mesh, and, if only a leader can do
 * what is asked of it, a leader; "" is the node as a whole, and wants both.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/api.h"
#include "grpc/health/v1/health.pb-c.h"
#include "store/state_query.h"

#define STATUS(name) GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__##name

typedef Grpc__Health__V1__HealthCheckResponse__ServingStatus serving_status;

struct watching {
	struct watching *next;
	struct daemon *daemon;
	struct rpc_call *call;
	char *service;
	serving_status told;
};

static bool find_service(const char *name, bool *ret_led)
{
	const struct rpc_method *methods;
	size_t n = api_methods(&methods);
	bool found = !*name, led = !*name;

	for (size_t i = 0; i < n; i++) {
		if (strcmp(methods[i].service->name, name) != 0)
			continue;
		found = true;
		led |= methods[i].place == RPC_LEADER;
	}
	*ret_led = led;
	return found;
}

static serving_status status_of(struct daemon *d, const char *service)
{
	struct mesh mesh;
	bool led;

	if (!find_service(service, &led))
		return STATUS(SERVICE_UNKNOWN);
	if (d->stopping || state_get_mesh(d->state, &mesh, NULL) < 0 ||
	    (led && !*replica_leader(d->replica)))
		return STATUS(NOT_SERVING);
	return STATUS(SERVING);
}

void api_check_health(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	const Grpc__Health__V1__HealthCheckRequest *q =
			(const Grpc__Health__V1__HealthCheckRequest *)request;
	Grpc__Health__V1__HealthCheckResponse m = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;

	m.status = status_of(user, q->service);
	if (m.status == STATUS(SERVICE_UNKNOWN))
		api_fail(call, ERR_NOT_FOUND, "service: there is no \"%.80s\" here", q->service);
	else
		rpc_reply(call, &m.base);
}

/* Who does not read is told later what holds then. */
static void tell(struct watching *w)
{
	Grpc__Health__V1__HealthCheckResponse m = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;

	m.status = status_of(w->daemon, w->service);
	if (m.status != w->told && rpc_send(w->call, &m.base, NULL) == 0)
		w->told = m.status;
}

static void watch_gone(struct rpc_call *call, bool cancelled, void *ctx)
{
	struct watching *w = ctx, **at = &w->daemon->watchers;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	free(w->service);
	free(w);
}

void api_watch_health(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	static const struct rpc_call_ops ops = { .gone = watch_gone };
	const Grpc__Health__V1__HealthCheckRequest *q =
			(const Grpc__Health__V1__HealthCheckRequest *)request;
	struct watching *w = calloc(1, sizeof(*w));
	char *service = strdup(q->service);
	struct daemon *d = user;

	if (!w || !service) {
		free(w);
		free(service);
		api_fail(call, ERR_MEMORY, "no memory to watch");
		return;
	}
	/* UNKNOWN is never told: the first word is a change. */
	*w = (struct watching){ d->watchers, d, call, service, STATUS(UNKNOWN) };
	d->watchers = w;
	rpc_call_set_ops(call, &ops, w);
	tell(w);
}

void api_health_changed(struct daemon *d)
{
	for (struct watching *w = d->watchers; w; w = w->next)
		tell(w);
}

void api_health_end(struct daemon *d)
{
	for (struct watching *w = d->watchers; w; w = w->next) {
		tell(w);
		rpc_finish(w->call);
	}
}
