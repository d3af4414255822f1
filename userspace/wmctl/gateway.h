/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A door for browsers on this machine, which speak no gRPC: pages from a folder, and WebSockets of
 * which each is one call of v1.WebRTC.StartDataChannel, in the name of whoever runs the command.
 * What wmctl gateway does; the caller's thread alone.
 *
 * It is on 127.0.0.1, and a WebSocket needs the token that is told at the start, the host and the
 * origin that the gateway has itself: neither other users of the machine nor other sites' pages in
 * the same browser come in.
 *
 *	browser: {"node":"n2","proto":"tcp","dst":"127.0.0.1","port":80}, then {"answer":TEXT},
 *	         {"candidate":TEXT}
 *	gateway: {"offer":TEXT,"servers":[{"urls":…,"username":…,"credential":…}]},
 *	         {"candidate":TEXT}; the end, with its reason, is the close's
 */
#ifndef WGMESH_WMCTL_GATEWAY_H
#define WGMESH_WMCTL_GATEWAY_H

#include <stdint.h>

#include "base/error.h"

struct session;

enum {
	GATEWAY_CLIENTS_MAX = 32,
	GATEWAY_PATIENCE_MS = 10 * 1000,	/* for a request, and for what is asked for in it */
	GATEWAY_FILE_MAX = 256 * 1024,
	GATEWAY_UNREAD_MAX = 1 << 20,		/* bytes that a browser has not taken; then it is closed */
	GATEWAY_CLOSE_ERROR = 4000,		/* and the kind of the error: the code of a close */
};

/* Tells its URL on standard output, and goes on until SIGINT or SIGTERM. @port 0: any. */
int gateway_run(struct session *s, uint16_t port, const char *files, struct error *err);

#endif
