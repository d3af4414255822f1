// SPDX-License-Identifier: Apache-2.0
#include "rtc/watch.h"

#include <glib.h>

/* GLib allocates sources, and ends the process when it cannot. */

struct watch {
	GSource source;
	int fd;
	gpointer tag;	/* NULL: nothing is wanted of it */
	int wanted;
	void (*ready)(void *ctx, int events);
	void *ctx;
};

static gboolean watch_dispatch(GSource *source, GSourceFunc fn, gpointer data)
{
	struct watch *w = (struct watch *)source;
	GIOCondition seen = w->tag ? g_source_query_unix_fd(source, w->tag) : 0;
	int events = 0;

	if (seen & (G_IO_IN | G_IO_HUP | G_IO_ERR))
		events |= WATCH_IN;
	if (seen & (G_IO_OUT | G_IO_HUP | G_IO_ERR))
		events |= WATCH_OUT;
	w->ready(w->ctx, events);
	return G_SOURCE_CONTINUE;
}

static GSourceFuncs watch_funcs = { .dispatch = watch_dispatch };

struct watch *watch_new(GMainContext *context, int fd, void (*ready)(void *ctx, int events),
			void *ctx)
{
	struct watch *w = (struct watch *)g_source_new(&watch_funcs, sizeof(*w));

	w->ready = ready;
	w->ctx = ctx;
	w->wanted = 0;
	w->tag = NULL;
	w->fd = fd;
	g_source_attach(&w->source, context);
	return w;
}

void watch_free(struct watch *w)
{
	if (!w)
		return;
	g_source_destroy(&w->source);
	g_source_unref(&w->source);
}

void watch_set(struct watch *w, int events)
{
	GIOCondition wanted = (events & WATCH_IN ? G_IO_IN : 0) |
			      (events & WATCH_OUT ? G_IO_OUT : 0);

	if (events == w->wanted)
		return;
	w->wanted = events;
	/* poll() tells of a hang-up whether it is asked or not: again and again. */
	if (w->tag && !wanted) {
		g_source_remove_unix_fd(&w->source, w->tag);
		w->tag = NULL;
	} else if (w->tag) {
		g_source_modify_unix_fd(&w->source, w->tag, wanted);
	} else {
		w->tag = g_source_add_unix_fd(&w->source, w->fd, wanted);
	}
}

struct timer {
	GSource source;
	void (*expired)(void *ctx);
	void *ctx;
};

static gboolean timer_dispatch(GSource *source, GSourceFunc fn, gpointer data)
{
	struct timer *t = (struct timer *)source;

	g_source_set_ready_time(source, -1);
	t->expired(t->ctx);
	return G_SOURCE_CONTINUE;
}

static GSourceFuncs timer_funcs = { .dispatch = timer_dispatch };

struct timer *timer_new(GMainContext *context, void (*expired)(void *ctx), void *ctx)
{
	struct timer *t = (struct timer *)g_source_new(&timer_funcs, sizeof(*t));

	t->expired = expired;
	t->ctx = ctx;
	g_source_attach(&t->source, context);
	return t;
}

void timer_free(struct timer *t)
{
	if (!t)
		return;
	g_source_destroy(&t->source);
	g_source_unref(&t->source);
}

void timer_set(struct timer *t, int64_t ms)
{
	g_source_set_ready_time(&t->source, ms < 0 ? -1 : g_get_monotonic_time() + ms * 1000);
}
