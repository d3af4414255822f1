/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A port of this machine that leads to a service by way of a node, over a data channel of WebRTC: what
 * wmctl port-forward does.  Has a loop of its own, and the engine's thread; the caller's thread alone.
 */
#ifndef WGMESH_WMCTL_FORWARDING_H
#define WGMESH_WMCTL_FORWARDING_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/error.h"

struct session;

struct forwarding {
	const char *node;	/* its id */
	bool udp;		/* or TCP */
	uint16_t local;		/* on 127.0.0.1; 0: any that is free */
	struct endpoint remote;	/* as the node dials it */
};

/*
 * "REMOTE", "LOCAL:REMOTE" or "LOCAL:ADDRESS:REMOTE", where an IPv6 address stands in brackets, and
 * LOCAL may be 0; "udp:" may be before it.  Without an address it is the node's loopback.  False:
 * none of these.
 */
bool forwarding_parse(const char *text, struct forwarding *ret);

/*
 * Tells on standard output when it is ready and by which path, and goes on until SIGINT or SIGTERM,
 * which is 0, or until there is no data channel any more, which is an error.
 */
int forwarding_run(struct session *s, const struct forwarding *what, struct error *err);

#endif
