/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes at one socket of UDP, sorted by who has sent it: each sender is a flow, and a flow a
 * socket of its own, for who carries its datagrams (rtc/connection.h).  What does not fit is lost.
 * The loop's thread.
 */
#ifndef WGMESH_WMCTL_FLOWS_H
#define WGMESH_WMCTL_FLOWS_H

#include <uv.h>

#include "base/error.h"

enum {
	FLOWS_MAX = 256,		/* senders at once; datagrams of others are lost */
	FLOW_IDLE_MS = 310 * 1000,	/* when neither side has said anything for so long */
	FLOW_DATAGRAM_MAX = 64 * 1024,
};

struct flows;

/* A new sender: @fd is the end of his flow that is to be carried, and taken; AF_UNIX, datagrams. */
typedef void (*flows_open_fn)(int fd, void *ctx);

/* @socket is the caller's, and outlives it. */
int flows_new(uv_loop_t *loop, int socket, flows_open_fn open, void *ctx, struct flows **ret,
	      struct error *err);
/* The loop lets go of it in a later turn. */
void flows_free(struct flows *f);

/* The socket has datagrams. */
void flows_take(struct flows *f);

#endif
