/* SPDX-License-Identifier: Apache-2.0 */
/* The planner (model/plan.h) over the nodes of the state.  Owner thread. */
#ifndef WGMESH_DAEMON_PLAN_STATE_H
#define WGMESH_DAEMON_PLAN_STATE_H

#include "daemon/key_watch.h"
#include "daemon/taken_routes.h"

/*
 * The peers that @self wants.  *@ret_set, sealed, is the caller's to free.  @keys: who changes his key,
 * refreshed; NULL: for a node elsewhere, who knows that by himself.  @routes, made by
 * taken_routes_init(), gets what @settings choose, which say where peers are, too.  Both NULL:
 * no routes, and peers where they say.  @ret_families may be NULL.
 */
int plan_from_state(struct state_store *state, const struct node *self,
		    const struct key_watch *keys, const struct settings *settings,
		    struct taken_routes *routes, struct plan_families *ret_families,
		    struct peer_set **ret_set, struct error *err);

#endif
