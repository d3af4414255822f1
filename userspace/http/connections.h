/* SPDX-License-Identifier: Apache-2.0 */
/* Who is connected, and since when; so that nobody stays.  Internal to http/; its thread. */
#ifndef WGMESH_HTTP_CONNECTIONS_H
#define WGMESH_HTTP_CONNECTIONS_H

#include <stdint.h>

#include "http/server.h"

struct connection {
	int fd;			/* the library's, which closes it */
	uint64_t since;		/* ms */
	bool hung_up;
};

struct connections {
	struct connection items[HTTP_CONNECTIONS_MAX];
	unsigned int count;
};

/* At most HTTP_CONNECTIONS_MAX at once.  The one that is there longest may be hung up for it. */
void connections_add(struct connections *c, int fd, uint64_t now);
void connections_remove(struct connections *c, int fd);

/*
 * Hangs up on those that are there for @max_ms; returns in how many ms the next one will be, or -1.
 */
int connections_sweep(struct connections *c, uint64_t now, unsigned int max_ms);

#endif
