/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file descriptor that is watched, and a timer, as sources of one GLib
 * context.  Both may be removed inside their own callbacks.  The context's
 * thread only.
 */
#ifndef WGMESH_RTC_WATCH_H
#define WGMESH_RTC_WATCH_H

#include <stdint.h>

typedef struct _GMainContext GMainContext;

enum { WATCH_IN = 1, WATCH_OUT = 2 };	/* errors and hang-ups come as both */

struct watch;

/* Watches for nothing at first.  @fd stays the caller's, and open until the watch is gone. */
struct watch *watch_new(GMainContext *context, int fd, void (*ready)(void *ctx, int events),
			void *ctx);
void watch_free(struct watch *w);
void watch_set(struct watch *w, int events);

struct timer;

struct timer *timer_new(GMainContext *context, void (*expired)(void *ctx), void *ctx);
void timer_free(struct timer *t);
/* Once, @ms from now; negative: never.  In the place of what was set before. */
void timer_set(struct timer *t, int64_t ms);

#endif
