/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The administrators' certificates that are believed no more, as the state has them: in memory, for
 * every call asks.  Owner thread.
 */
#ifndef WGMESH_DAEMON_REVOKED_ADMINS_H
#define WGMESH_DAEMON_REVOKED_ADMINS_H

#include <stdbool.h>

#include "store/state_query.h"

struct revoked_admins {
	struct admin_record *items;	/* by name and serial */
	size_t count;
};

/*
 * What @state says by now.  1: other than before; 0: the same.  After a failure, ERR_MEMORY or the
 * state's, what was known before holds on.
 */
int revoked_admins_load(struct revoked_admins *list, struct state_store *state, struct error *err);
void revoked_admins_fini(struct revoked_admins *list);

/* Whether any of @name's is revoked: only then it matters which one is shown. */
bool revoked_admins_know(const struct revoked_admins *list, const char *name);
/* @serial "": it is not known which, which is no excuse. */
bool revoked_admins_have(const struct revoked_admins *list, const char *name, const char *serial);

#endif
