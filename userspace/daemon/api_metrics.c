// SPDX-License-Identifier: Apache-2.0
/*
 * webmesh.ext.v1.Metrics.  Reading the machine may take long: a thread of libuv's pool does it, one at
 * a time, and all who ask meanwhile get the same answer.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/api.h"
#include "daemon/metrics.h"
#include "ext/v1/metrics.pb-c.h"
#include "metrics/node.h"

struct waiter {
	struct rpc_call *call;
	struct waiter *next;
};

/* The pool has @snapshot to @err while it reads, the owner the rest. */
struct reading {
	uv_work_t work;
	struct daemon *daemon;
	struct waiter *waiters;
	struct metrics_snapshot snapshot;
	V1__NodeMetrics *metrics;
	uint32_t left_out;
	struct error trouble, err;
};

static void read_node(uv_work_t *work)
{
	struct reading *r = work->data;

	node_metrics_read(&r->snapshot, &r->metrics, &r->left_out, &r->trouble, &r->err);
}

static void answer(struct reading *r, struct rpc_call *call)
{
	Webmesh__Ext__V1__GetMetricsResponse m = WEBMESH__EXT__V1__GET_METRICS_RESPONSE__INIT;

	m.node_id = r->snapshot.node_id;
	m.metrics = r->metrics;
	m.peers_left_out = r->left_out;
	m.trouble = r->trouble.text;
	if (r->metrics)
		rpc_reply(call, &m.base);
	else
		rpc_fail(call, &r->err);
}

static void read_done(uv_work_t *work, int status)
{
	struct reading *r = work->data;
	struct waiter *waiter;

	r->daemon->reading = NULL;
	while ((waiter = r->waiters)) {
		r->waiters = waiter->next;
		answer(r, waiter->call);
		rpc_call_unref(waiter->call);
		free(waiter);
	}
	if (r->metrics)
		v1__node_metrics__free_unpacked(r->metrics, NULL);
	free(r);
}

static int start_reading(struct daemon *d, struct error *err)
{
	struct reading *r = calloc(1, sizeof(*r));
	int result = r ? metrics_copy(d->metrics, &r->snapshot, err)
		       : error_set(err, ERR_MEMORY, "no memory for the metrics");

	if (result < 0) {
		free(r);
		return result;
	}
	r->daemon = d;
	r->work.data = r;
	uv_queue_work(&d->loop, &r->work, read_node, read_done);
	d->reading = r;
	return 0;
}

static int wait_for_it(struct daemon *d, struct rpc_call *call, struct error *err)
{
	struct waiter *waiter = calloc(1, sizeof(*waiter));
	int r = 0;

	if (!waiter)
		return error_set(err, ERR_MEMORY, "no memory for a call");
	if (!d->reading)
		r = start_reading(d, err);
	if (r < 0) {
		free(waiter);
		return r;
	}
	waiter->call = rpc_call_ref(call);
	waiter->next = d->reading->waiters;
	d->reading->waiters = waiter;
	return 0;
}

void api_get_metrics(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	const Webmesh__Ext__V1__GetMetricsRequest *q =
		(const Webmesh__Ext__V1__GetMetricsRequest *)request;
	struct daemon *d = user;
	struct error err = { 0 };
	int r;

	if (!*q->node_id || strcmp(q->node_id, d->settings.id) == 0)
		r = wait_for_it(d, call, &err);
	else
		r = api_ask_other(d, call, "node_id", q->node_id, &err);
	if (r < 0)
		rpc_fail(call, &err);
}
