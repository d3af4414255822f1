/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine of data channels (rtc/engine.h) in the daemon's loop: what it tells comes to the owner
 * thread here.
 */
#ifndef WGMESH_DAEMON_CHANNELS_H
#define WGMESH_DAEMON_CHANNELS_H

#include <uv.h>

#include "base/error.h"
#include "rtc/engine.h"

struct channels;

/* @event is valid during the call; sessions may be opened and closed in it. */
typedef void (*channels_event_fn)(const struct engine_event *event, void *user);

/*
 * Starts the engine's thread; once in a process.  Addresses of the interface @device, the mesh's
 * own, are told to nobody.
 */
int channels_new(uv_loop_t *loop, const char *device, channels_event_fn event, void *user,
		 struct channels **ret, struct error *err);
/* Ends all sessions; no event comes any more.  The loop lets go of it in a later turn. */
void channels_free(struct channels *channels);

struct engine *channels_engine(struct channels *channels);

#endif
