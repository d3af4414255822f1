/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a browser and a node say to each other to have a data channel: objects of JSON on the
 * browser's side, one call of v1.WebRTC.StartDataChannel on the node's.  The thread of the pump's
 * loop.
 *
 *	browser: {"node":"n2","proto":"tcp","dst":"127.0.0.1","port":80}, then {"answer":TEXT},
 *	         {"candidate":TEXT}; the first again: a new offer, for another path
 *	node:    {"offer":TEXT,"servers":[{"urls":…,"username":…,"credential":…}]},
 *	         {"candidate":TEXT}; the end, with its reason
 */
#ifndef WGMESH_WEB_SIGNALLING_H
#define WGMESH_WEB_SIGNALLING_H

#include <stddef.h>

#include "base/error.h"
#include "rpc/behalf.h"
#include "rpc/pump.h"

struct rpc_channel;
struct signalling;

struct signalling_ops {
	void (*say)(const char *text, void *user);	/* valid during the call */
	/* Exactly once and last, never inside a call of ours; what signalling_start() made is gone. */
	void (*ended)(const struct error *why, void *user);
};

/* @behalf NULL: in the name of whoever the channel is.  Copies what it needs of the latter two. */
int signalling_start(struct rpc_pump *pump, struct rpc_channel *channel,
		     const struct rpc_behalf *behalf, const struct signalling_ops *ops, void *user,
		     struct signalling **ret, struct error *err);

/* What the browser says.  ERR_INVALID: it is no object of JSON; or as rpc_client_send(). */
int signalling_take(struct signalling *s, const void *text, size_t len, struct error *err);

/* The end still comes.  NULL is fine. */
void signalling_cancel(struct signalling *s);

#endif
