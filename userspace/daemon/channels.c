// SPDX-License-Identifier: Apache-2.0
#include "daemon/channels.h"

#include <stdio.h>
#include <stdlib.h>

struct channels {
	struct engine *engine;
	uv_async_t wakeup;
	channels_event_fn event;
	void *user;
};

/* On the engine's thread. */
static void notify(void *user)
{
	struct channels *c = user;

	uv_async_send(&c->wakeup);
}

static void on_wakeup(uv_async_t *handle)
{
	struct channels *c = handle->data;
	struct engine_event event;

	while (engine_next(c->engine, &event)) {
		c->event(&event, c->user);
		free(event.text);
	}
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static int start_engine(struct channels *c, const char *device, struct error *err)
{
	struct engine_config config = { .notify = notify, .user = c };

	snprintf(config.ice.exclude[0], sizeof(config.ice.exclude[0]), "%s", device);
	return engine_new(&config, &c->engine, err);
}

int channels_new(uv_loop_t *loop, const char *device, channels_event_fn event, void *user,
		 struct channels **ret, struct error *err)
{
	struct channels *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return error_set(err, ERR_MEMORY, "no memory for data channels");
	c->event = event;
	c->user = user;
	r = uv_async_init(loop, &c->wakeup, on_wakeup);
	if (r < 0) {
		free(c);
		return error_set(err, ERR_UNAVAILABLE, "data channels cannot start: %s",
				 uv_strerror(r));
	}
	c->wakeup.data = c;
	r = start_engine(c, device, err);
	if (r < 0)
		channels_free(c);
	else
		*ret = c;
	return r;
}

void channels_free(struct channels *c)
{
	if (!c)
		return;
	engine_free(c->engine);
	uv_close((uv_handle_t *)&c->wakeup, on_closed);
}

struct engine *channels_engine(struct channels *c)
{
	return c->engine;
}
