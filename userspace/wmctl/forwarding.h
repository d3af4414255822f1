/* SPDX-License-Identifier: Apache-2.0 */
/* What wmctl port-forward is told: a port of this machine, and the service that it is to lead to.  Any thread. */
#ifndef WGMESH_WMCTL_FORWARDING_H
#define WGMESH_WMCTL_FORWARDING_H

#include <stdbool.h>

#include "base/addr.h"

struct forwarding {
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

#endif
