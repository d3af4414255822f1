/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this node takes of the routes that others announce, and what of them it does not take, in
 * words.  Owner thread.
 */
#ifndef WGMESH_DAEMON_TAKEN_ROUTES_H
#define WGMESH_DAEMON_TAKEN_ROUTES_H

#include "base/buf.h"
#include "daemon/settings.h"
#include "model/plan.h"
#include "store/state_query.h"

enum {
	TAKEN_ROUTES_MAX = 1024,	/* further ones are not taken */
	TAKEN_ROUTES_TEXT_MAX = 4096,	/* bytes; what comes behind is left out */
};

struct taken_routes {
	struct buf prefixes;	/* struct prefix[] */
	struct buf taken;	/* "192.168.5.0/24=n2 …" */
	struct buf refused;	/* "192.168.5.0/24=n3 (another node goes before) …" */
};

void taken_routes_init(struct taken_routes *t);
void taken_routes_fini(struct taken_routes *t);
size_t taken_routes_count(const struct taken_routes *t);

/* Whether both say the same. */
bool taken_routes_equal(const struct taken_routes *a, const struct taken_routes *b);

/*
 * Chooses from the state by @settings for @self, and gives what is taken to @planner, which has
 * the nodes already.
 */
int taken_routes_choose(struct taken_routes *t, struct state_store *state,
			const struct settings *settings, const struct node *self,
			struct planner *planner, struct error *err);

#endif
