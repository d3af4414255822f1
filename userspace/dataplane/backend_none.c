// SPDX-License-Identifier: Apache-2.0
/* Nothing: for tests of the control plane, and for machines that only vote. */
#include "dataplane/backend.h"

#include <stdlib.h>

struct backend {
	char unused;
};

static int none_open(const struct dataplane_config *config, struct link_client *link,
		     struct backend **ret, struct error *err)
{
	struct backend *b = calloc(1, sizeof(*b));

	if (!b)
		return error_set(err, ERR_MEMORY, "no memory for a data plane");
	*ret = b;
	return 0;
}

static void none_close(struct backend *b)
{
	free(b);
}

static int none_remove(struct backend *b, struct error *err)
{
	return 0;
}

static int none_list(struct backend *b, wg_peer_fn *fn, void *data, struct error *err)
{
	return 0;
}

static int none_apply(struct backend *b, const struct peer_diff *diff,
		      const struct peer_set *wanted, bool replace, struct error *err)
{
	return 0;
}

const struct backend_ops backend_none = {
	.name = "none",
	.open = none_open,
	.close = none_close,
	.remove = none_remove,
	.list = none_list,
	.apply = none_apply,
};
