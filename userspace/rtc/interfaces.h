/* SPDX-License-Identifier: Apache-2.0 */
/* When this host's addresses change, as the kernel tells (rtnetlink(7)).  One GLib context and its thread only. */
#ifndef WGMESH_RTC_INTERFACES_H
#define WGMESH_RTC_INTERFACES_H

#include "base/error.h"

typedef struct _GMainContext GMainContext;

/* After the last of several changes in a row: an address is replaced in two. */
enum { INTERFACES_SETTLE_MS = 200 };

struct interfaces;

/* ERR_UNAVAILABLE: the kernel does not tell. */
int interfaces_watch(GMainContext *context, void (*changed)(void *ctx), void *ctx,
		     struct interfaces **ret, struct error *err);
void interfaces_free(struct interfaces *i);

#endif
