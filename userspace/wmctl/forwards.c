// SPDX-License-Identifier: Apache-2.0
#include "wmctl/forwards.h"

#include <signal.h>
#include <stdlib.h>
#include <uv.h>

#include "rpc/client.h"
#include "wmctl/forward.h"

enum { N_SIGNALS = 2 };

struct forwards {
	struct forward_host host;
	uv_async_t wakeup;		/* of the engine */
	uv_signal_t signals[N_SIGNALS];
	struct forward *all[FORWARDS_MAX];
	size_t count;
	size_t stopped;
	bool ending;
	struct error why;		/* ERR_NONE: as it should */
};

/* ---- the end: the forwards, then what they share ---- */

static void on_pump_stopped(void *user)
{
	struct forwards *f = user;

	rpc_pump_free(f->host.pump);
	f->host.pump = NULL;
}

static void on_stopped(struct forward *forward, void *ctx)
{
	struct forwards *f = ctx;

	if (++f->stopped < f->count)
		return;
	engine_free(f->host.engine);
	f->host.engine = NULL;
	uv_close((uv_handle_t *)&f->wakeup, NULL);
	for (int i = 0; i < N_SIGNALS; i++)
		uv_close((uv_handle_t *)&f->signals[i], NULL);
	if (f->host.pump)
		rpc_pump_stop(f->host.pump, on_pump_stopped, f);
}

/* The first reason is the one that counts. */
static void end(const struct error *why, void *ctx)
{
	struct forwards *f = ctx;

	if (f->ending)
		return;
	f->ending = true;
	f->why = *why;
	for (size_t i = 0; i < f->count; i++)
		forward_stop(f->all[i]);
}

static void on_signal(uv_signal_t *handle, int number)
{
	end(&(struct error){ 0 }, handle->data);
}

/* ---- the engine ---- */

static void take_event(struct forwards *f, const struct engine_event *event)
{
	size_t i = 0;

	while (i < f->count && !forward_take(f->all[i], event))
		i++;
}

static void on_wakeup(uv_async_t *handle)
{
	struct forwards *f = handle->data;
	struct engine_event event;

	while (!f->ending && engine_next(f->host.engine, &event)) {
		take_event(f, &event);
		free(event.text);
	}
}

/* On the engine's thread. */
static void notify(void *user)
{
	struct forwards *f = user;

	uv_async_send(&f->wakeup);
}

/* ---- the beginning ---- */

static void start_handles(struct forwards *f)
{
	static const int numbers[N_SIGNALS] = { SIGINT, SIGTERM };

	uv_async_init(&f->host.loop, &f->wakeup, on_wakeup);
	f->wakeup.data = f;
	for (int i = 0; i < N_SIGNALS; i++) {
		uv_signal_init(&f->host.loop, &f->signals[i]);
		f->signals[i].data = f;
		uv_signal_start(&f->signals[i], on_signal, numbers[i]);
	}
}

static void start(struct forwards *f)
{
	/* What is reached by the mesh needs no data channel: its device is no way for one. */
	struct engine_config config = { .ice.exclude = { "wgmesh0" }, .notify = notify, .user = f };
	struct error err = { 0 };
	int r = engine_new(&config, &f->host.engine, &err);

	if (r == 0)
		r = rpc_pump_new(&f->host.loop, &f->host.pump, &err);
	for (size_t i = 0; r == 0 && !f->ending && i < f->count; i++)
		r = forward_start(f->all[i], &err);
	if (r < 0)
		end(&err, f);
}

static int listen_all(struct forwards *f, const struct forwarding *what, size_t count,
		      struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		r = forward_new(&f->host, &what[i], &f->all[f->count], err);
		f->count += r == 0;
	}
	return r;
}

int forwards_run(struct session *s, const char *node, const struct forwarding *what, size_t count,
		 struct error *err)
{
	struct forwards f = { .host = { .session = s, .node = node, .failed = end,
					.stopped = on_stopped } };
	int r = listen_all(&f, what, count, err);

	f.host.ctx = &f;
	if (r == 0) {
		signal(SIGPIPE, SIG_IGN);
		uv_loop_init(&f.host.loop);
		start_handles(&f);
		start(&f);
		uv_run(&f.host.loop, UV_RUN_DEFAULT);
		uv_loop_close(&f.host.loop);
		r = f.why.kind ? error_set(err, f.why.kind, "%s", f.why.text) : 0;
	}
	for (size_t i = 0; i < f.count; i++)
		forward_free(f.all[i]);
	return r;
}
