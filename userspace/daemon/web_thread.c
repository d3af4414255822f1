// SPDX-License-Identifier: Apache-2.0
#include "daemon/web_thread.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/log.h"
#include "daemon/node_channel.h"
#include "web/gateway.h"

/* What is shown to browsers, and to this node's API. */
struct appearance {
	struct tls_context *tls;
	struct rpc_channel *channel;
};

struct web_thread {
	uint16_t grpc_port;
	pthread_t thread;
	uv_loop_t loop;
	uv_async_t wakeup;
	uv_mutex_t lock;		/* guards the next two */
	struct appearance next;		/* to be shown; tls NULL: nothing new */
	bool stop;
	/* the thread's */
	struct appearance shown;
	struct gateway *gateway;
};

/* ---- what is shown ---- */

static void forget(struct appearance *a)
{
	tls_context_free(a->tls);
	rpc_channel_free(a->channel);
	*a = (struct appearance){ 0 };
}

static int dress(const struct identity *id, uint16_t grpc_port, struct appearance *ret,
		 struct error *err)
{
	struct directory_entry here = { 0 };
	struct appearance a = { 0 };
	int r = tls_context_new(id, &a.tls, err);

	snprintf(here.node_id, sizeof(here.node_id), "%s", id->info.subject.name);
	snprintf(here.address, sizeof(here.address), "127.0.0.1:%u", grpc_port);
	if (r == 0)
		r = node_channel_open(id, &here, 1, &a.channel, err);
	if (r < 0)
		forget(&a);
	else
		*ret = a;
	return r;
}

/* ---- the thread ---- */

static void log_refused(const struct endpoint *who, const struct error *why, void *data)
{
	char text[ENDPOINT_TEXT_MAX];

	log_debug("web-refused", "from=%s reason=\"%s\"", endpoint_format(who, text),
		  log_text(why->text));
}

static void gateway_stopped(void *user)
{
	struct web_thread *t = user;

	t->gateway = NULL;
}

static void on_wakeup(uv_async_t *handle)
{
	struct web_thread *t = handle->data;
	struct appearance next;
	bool stop;

	uv_mutex_lock(&t->lock);
	next = t->next;
	t->next = (struct appearance){ 0 };
	stop = t->stop;
	uv_mutex_unlock(&t->lock);
	if (next.tls) {
		gateway_show(t->gateway, next.tls, next.channel);
		forget(&t->shown);
		t->shown = next;
	}
	if (stop && !uv_is_closing((uv_handle_t *)handle)) {
		gateway_stop(t->gateway, gateway_stopped, t);
		uv_close((uv_handle_t *)handle, NULL);
	}
}

static void *run(void *data)
{
	struct web_thread *t = data;

	uv_run(&t->loop, UV_RUN_DEFAULT);
	return NULL;
}

/* Signals are for the thread that starts it. */
static int start_thread(struct web_thread *t, struct error *err)
{
	sigset_t all, old;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&t->thread, NULL, run, t);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return r == 0 ? 0 : error_errno(err, r, "no thread for browsers");
}

/* ---- start and stop ---- */

/* The loop has turned for the last time. */
static void free_thread(struct web_thread *t)
{
	uv_loop_close(&t->loop);
	uv_mutex_destroy(&t->lock);
	forget(&t->shown);
	forget(&t->next);
	free(t);
}

static int make(struct web_thread **ret, struct error *err)
{
	struct web_thread *t = calloc(1, sizeof(*t));

	if (!t || uv_loop_init(&t->loop) < 0) {
		free(t);
		return error_set(err, ERR_MEMORY, "no memory for browsers");
	}
	uv_mutex_init(&t->lock);
	uv_async_init(&t->loop, &t->wakeup, on_wakeup);
	t->wakeup.data = t;
	*ret = t;
	return 0;
}

static int open_gateway(struct web_thread *t, const struct web_thread_config *config,
			struct error *err)
{
	struct gateway_config gateway = {
		.loop = &t->loop, .address = config->address, .site_count = config->site_count,
		.refused = log_refused,
	};
	int r = dress(config->identity, config->grpc_port, &t->shown, err);

	memcpy(gateway.sites, config->sites, sizeof(gateway.sites));
	gateway.tls = t->shown.tls;
	gateway.channel = t->shown.channel;
	return r < 0 ? r : gateway_start(&gateway, &t->gateway, err);
}

/* It was never run: what is left in the loop ends here. */
static void give_up(struct web_thread *t)
{
	if (t->gateway)
		gateway_stop(t->gateway, gateway_stopped, t);
	uv_close((uv_handle_t *)&t->wakeup, NULL);
	uv_run(&t->loop, UV_RUN_DEFAULT);
	free_thread(t);
}

int web_thread_start(const struct web_thread_config *config, struct web_thread **ret,
		     struct error *err)
{
	struct web_thread *t;
	int r = make(&t, err);

	if (r < 0)
		return r;
	t->grpc_port = config->grpc_port;
	r = open_gateway(t, config, err);
	if (r == 0)
		r = start_thread(t, err);
	if (r < 0)
		give_up(t);
	else
		*ret = t;
	return r;
}

int web_thread_show(struct web_thread *t, const struct identity *identity, struct error *err)
{
	struct appearance fresh;
	int r = dress(identity, t->grpc_port, &fresh, err);

	if (r < 0)
		return r;
	uv_mutex_lock(&t->lock);
	forget(&t->next);
	t->next = fresh;
	uv_mutex_unlock(&t->lock);
	uv_async_send(&t->wakeup);
	return 0;
}

void web_thread_stop(struct web_thread *t)
{
	if (!t)
		return;
	uv_mutex_lock(&t->lock);
	t->stop = true;
	uv_mutex_unlock(&t->lock);
	uv_async_send(&t->wakeup);
	pthread_join(t->thread, NULL);
	free_thread(t);
}
