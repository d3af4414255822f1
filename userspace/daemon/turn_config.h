/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration file of coturn, as this node runs it: UDP alone, credentials made with a secret
 * (draft-uberti-behave-turn-rest), and nobody's way into the networks behind it.  Any thread.
 */
#ifndef WGMESH_DAEMON_TURN_CONFIG_H
#define WGMESH_DAEMON_TURN_CONFIG_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/buf.h"
#include "model/turn_server.h"

enum {
	TURN_SECRET_MAX = 256,		/* bytes with the NUL */
	TURN_CONFIG_MAX = 8192,		/* bytes of the file */
	TURN_ALLOCATIONS_MAX = 512,	/* of all clients together */
	/* Of one credential: each side asks for one from each of its addresses. */
	TURN_ALLOCATIONS_OF_ONE_MAX = 32,
};

struct turn_config {
	struct endpoint at;		/* as clients know it */
	bool translated;		/* by a NAT: this host does not have that address */
	struct turn_ports relay_ports;
	const char *realm;		/* letters, digits, "-" and "." */
	const char *secret;		/* hexadecimal */
	struct prefix mesh;		/* its IPv4 addresses */
};

/* Into @out, which has the secret then; false as buf_append(). */
bool turn_config_write(const struct turn_config *config, struct buf *out);

#endif
