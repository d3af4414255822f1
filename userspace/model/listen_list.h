/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a service of this node listens: addresses, or "mesh" for those that the node has in the mesh,
 * whatever they are; with a port behind where it is not the usual one: "mesh", "mesh:5353",
 * "127.0.0.1:53".  Plain values; any thread.
 */
#ifndef WGMESH_MODEL_LISTEN_LIST_H
#define WGMESH_MODEL_LISTEN_LIST_H

#include "base/addr.h"
#include "base/error.h"

enum {
	LISTEN_ITEMS_MAX = 4,
	LISTEN_PORT = 53,	/* of those that name none */
	LISTEN_LIST_TEXT_MAX = LISTEN_ITEMS_MAX * (ENDPOINT_TEXT_MAX + 1),
};

struct listen_list {
	struct endpoint items[LISTEN_ITEMS_MAX];	/* AF_UNSPEC: the addresses in the mesh */
	unsigned int count;
};

/* ERR_INVALID: not as above; ERR_EXHAUSTED. */
int listen_list_add(struct listen_list *list, const char *text, struct error *err);
/* "none", or what was added, with the ports that are not usual; returns @out. */
char *listen_list_format(const struct listen_list *list, char out[LISTEN_LIST_TEXT_MAX]);

#endif
