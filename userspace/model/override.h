/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Endpoints of other nodes as this one reaches them, where that is not what they say themselves:
 * in one building, behind a forwarded port.  Plain values; any thread.
 */
#ifndef WGMESH_MODEL_OVERRIDE_H
#define WGMESH_MODEL_OVERRIDE_H

#include "model/node.h"

enum {
	OVERRIDES_MAX = 16,
	OVERRIDE_TEXT_MAX = NODE_ID_MAX + 1 + ENDPOINT_TEXT_MAX,	/* "n2=192.0.2.1:51820" */
	OVERRIDES_TEXT_MAX = OVERRIDES_MAX * (OVERRIDE_TEXT_MAX + 1),
};

struct override_list {
	struct {
		char node_id[NODE_ID_MAX + 1];
		struct endpoint endpoint;
	} items[OVERRIDES_MAX];
	unsigned int count;
};

/* Another one of that node takes its place.  ERR_INVALID: not as above; ERR_EXHAUSTED. */
int override_list_add(struct override_list *list, const char *text, struct error *err);
/* NULL: as the node says itself. */
const struct endpoint *override_list_lookup(const struct override_list *list, const char *node_id);
/* "none", or as above with commas between. */
char *override_list_format(const struct override_list *list, char out[OVERRIDES_TEXT_MAX]);

#endif
