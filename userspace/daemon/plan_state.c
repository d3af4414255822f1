// SPDX-License-Identifier: Apache-2.0
#include "daemon/plan_state.h"

struct walk {
	struct planner *planner;
	struct error *err;
};

static int add_node(const struct node *node, void *data)
{
	struct walk *walk = data;

	return planner_add(walk->planner, node, walk->err);
}

int plan_from_state(struct state_store *state, const struct node *self,
		    const struct key_watch *keys, const struct settings *settings,
		    struct taken_routes *routes, struct plan_families *ret_families,
		    struct peer_set **ret_set, struct error *err)
{
	struct walk walk = { .planner = planner_new(self), .err = err };
	int r;

	if (!walk.planner)
		return error_set(err, ERR_MEMORY, "no memory to plan the peers");
	if (settings)
		planner_set_overrides(walk.planner, &settings->peer_endpoints);
	r = state_each_node(state, NULL, add_node, &walk, err);
	if (r == 0 && routes)
		r = taken_routes_choose(routes, state, settings, self, walk.planner, err);
	if (r == 0 && keys)
		r = key_watch_plan(keys, walk.planner, err);
	if (r == 0)
		r = planner_finish(walk.planner, ret_set, err);
	if (r == 0 && ret_families)
		*ret_families = planner_families(walk.planner);
	planner_free(walk.planner);
	return r;
}
