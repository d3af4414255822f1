// SPDX-License-Identifier: Apache-2.0
#include "daemon/rounds.h"

enum { TURN_MS = 1 };	/* to the next few */

static void on_timer(uv_timer_t *timer);

static void serve_some(struct rounds *r)
{
	for (int i = 0; i < ROUNDS_TURN && r->under_way; i++)
		r->under_way = r->ops->serve(r->data);
	if (r->under_way)
		uv_timer_start(&r->timer, on_timer, TURN_MS, 0);
	else if (r->again)
		rounds_want(r, r->followers);
}

static void begin(struct rounds *r)
{
	r->began = uv_now(r->timer.loop);
	r->again = false;
	r->under_way = r->ops->begin(r->data);
	serve_some(r);
}

static void on_timer(uv_timer_t *timer)
{
	struct rounds *r = timer->data;

	if (r->under_way)
		serve_some(r);
	else
		begin(r);
}

void rounds_want(struct rounds *r, unsigned int followers)
{
	uint64_t pause = (uint64_t)followers * ROUNDS_PAUSE_US / 1000, since;

	if (!followers)
		return;
	r->followers = followers;
	r->again = true;
	if (r->under_way || uv_is_active((uv_handle_t *)&r->timer))
		return;
	since = uv_now(r->timer.loop) - r->began;
	if (since >= pause)
		begin(r);
	else
		uv_timer_start(&r->timer, on_timer, pause - since, 0);
}

void rounds_init(struct rounds *r, uv_loop_t *loop, const struct rounds_ops *ops, void *data)
{
	*r = (struct rounds){ .ops = ops, .data = data };
	uv_timer_init(loop, &r->timer);
	r->timer.data = r;
}

void rounds_stop(struct rounds *r)
{
	uv_close((uv_handle_t *)&r->timer, NULL);
}
