/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A port of this machine that leads to a service by way of a node, over a data channel of WebRTC.
 * A path that dies is replaced by another over the call that has negotiated it, and connections go
 * on; where that call is dead, too, both are made anew, and connections that were there have ended.
 * All of it is told on standard output.  The loop's thread.
 */
#ifndef WGMESH_WMCTL_FORWARD_H
#define WGMESH_WMCTL_FORWARD_H

#include <stdbool.h>
#include <uv.h>

#include "base/error.h"
#include "rtc/engine.h"
#include "wmctl/forwarding.h"

struct forward;
struct rpc_pump;
struct session;

enum {
	FORWARD_REASON_MS = 2000,	/* the node closes the data channel, and then tells why */
	FORWARD_DEAF_MS = 5000,		/* after which a call is dead that should bring an offer */
	FORWARD_RETRY_MIN_MS = 500,
	FORWARD_RETRY_MAX_MS = 10 * 1000,
	FORWARD_RETRY_FOR_MS = 5 * 60 * 1000,	/* then it is given up */
};

/* What all forwards of a command share; outlives them. */
struct forward_host {
	struct session *session;
	const char *node;
	uv_loop_t loop;
	struct rpc_pump *pump;
	struct engine *engine;
	void (*failed)(const struct error *why, void *ctx);	/* one cannot go on */
	void (*stopped)(struct forward *f, void *ctx);		/* after forward_stop() */
	void *ctx;
};

/* Has the port at once.  @what outlives it. */
int forward_new(struct forward_host *host, const struct forwarding *what, struct forward **ret,
		struct error *err);
/* Not before the loop has run to its end behind forward_stop(), or without forward_start(). */
void forward_free(struct forward *f);

int forward_start(struct forward *f, struct error *err);
/* `stopped` comes once, perhaps from inside. */
void forward_stop(struct forward *f);

/* False: the event is another one's. */
bool forward_take(struct forward *f, const struct engine_event *event);

#endif
