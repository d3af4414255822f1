/* SPDX-License-Identifier: Apache-2.0 */
/* Who is connected, and since when; so that nobody stays.  Internal to http/; its thread. */
#ifndef WGMESH_HTTP_CONNECTIONS_H
#define WGMESH_HTTP_CONNECTIONS_H

#include <stdint.h>

#include "http/server.h"

struct connection {
	int fd;			/* the library's, which closes it */
	uint64_t since;		/* ms */
	unsigned int max_ms;	/* that it may be there */
	bool streams;		/* is not in the crowd, and makes no room */
	bool hung_up;
};

struct connections {
	struct connection items[HTTP_CONNECTIONS_MAX];
	unsigned int count;
};

/* At most HTTP_CONNECTIONS_MAX at once.  The one that is there longest may be hung up for it. */
void connections_add(struct connections *c, int fd, uint64_t now, unsigned int max_ms);
void connections_remove(struct connections *c, int fd);
/* It is a stream from now on, and may be there for @max_ms. */
void connections_keep(struct connections *c, int fd, unsigned int max_ms);

/* Hangs up on those whose time is over; returns in how many ms the next one's will be, or -1. */
int connections_sweep(struct connections *c, uint64_t now);

#endif
