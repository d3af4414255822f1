/* SPDX-License-Identifier: Apache-2.0 */
/* The planner (model/plan.h) over the nodes of the state.  Owner thread. */
#ifndef WGMESH_DAEMON_PLAN_STATE_H
#define WGMESH_DAEMON_PLAN_STATE_H

#include "model/plan.h"
#include "store/state_query.h"

/* The peers that @self wants.  *@ret_set, sealed, is the caller's to free. */
int plan_from_state(struct state_store *state, const struct node *self,
		    struct peer_set **ret_set, struct error *err);

#endif
