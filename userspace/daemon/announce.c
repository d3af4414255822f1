// SPDX-License-Identifier: Apache-2.0
#include "daemon/announce.h"

#include "rpc/call.h"
#include "store/commands.h"
#include "store/state_query.h"

int announce_admit(struct daemon *d, const struct rpc_call *call, const char *node_id,
		   struct entry *entry, struct error *err)
{
	char text[ROUTES_TEXT_MAX];
	struct route_list routes;
	struct mesh mesh;
	int r;

	if (!state_has_routes(d->state) ||
	    !rpc_call_metadata(call, ROUTES_METADATA, text, sizeof(text)))
		return 0;
	r = route_list_parse(text, &routes, err);
	if (r < 0) {
		error_prefix(err, ROUTES_METADATA);
		return -ERR_INVALID;
	}
	r = state_get_mesh(d->state, &mesh, err);
	if (r == 0)
		r = route_list_validate(&routes, &mesh, err);
	return r < 0 ? r : command_set_routes(entry, node_id, &routes, err);
}

bool announce_told(const struct daemon *d)
{
	struct route_list told;

	return !state_has_routes(d->state) ||
	       (state_get_routes(d->state, d->settings.id, &told, NULL) == 0 &&
		route_list_equal(&told, &d->settings.routes));
}
