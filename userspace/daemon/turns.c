// SPDX-License-Identifier: Apache-2.0
#include "daemon/turns.h"

/* Directly before it waits: all that came before was the turn, but for the waiting before it. */
static void on_prepare(uv_prepare_t *prepare)
{
	struct turns *t = prepare->data;
	uint64_t now = uv_hrtime(), idle = uv_metrics_idle_time(prepare->loop);
	uint64_t passed = now - t->turned_at, waited = idle - t->idle;

	if (t->turned_at)
		durations_add(&t->durations, passed > waited ? passed - waited : 0);
	t->turned_at = now;
	t->idle = idle;
}

void turns_start(struct turns *turns, uv_loop_t *loop)
{
	*turns = (struct turns){ 0 };
	uv_loop_configure(loop, UV_METRICS_IDLE_TIME);
	uv_prepare_init(loop, &turns->prepare);
	turns->prepare.data = turns;
	uv_prepare_start(&turns->prepare, on_prepare);
	uv_unref((uv_handle_t *)&turns->prepare);
}

void turns_stop(struct turns *turns)
{
	uv_close((uv_handle_t *)&turns->prepare, NULL);
}
