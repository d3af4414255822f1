/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes that change their WireGuard key, seen from here.  Their next key is a peer that waits
 * (model/peer_set.h) beside the current one; its first initiation tells that the node
 * has changed over, and that it sends nothing more under the old one.  From then on its prefixes
 * hang on the next key, and we call it: what both sides hold meanwhile goes out, nothing is
 * lost.  WireGuard has no event for it, so it is asked, often while a change may come.
 * docs/decisions/0019-key-rotation.md has why.  Owner thread.
 */
#ifndef WGMESH_DAEMON_KEY_WATCH_H
#define WGMESH_DAEMON_KEY_WATCH_H

#include "dataplane/dataplane.h"
#include "model/plan.h"
#include "store/state_store.h"

struct key_watch;

struct key_watch *key_watch_new(void);	/* NULL: no memory */
void key_watch_free(struct key_watch *w);

/* Takes from the state who changes keys; who has called already is kept. */
int key_watch_refresh(struct key_watch *w, struct state_store *state, struct error *err);

/* Tells @planner, which has all nodes. */
int key_watch_plan(const struct key_watch *w, struct planner *planner, struct error *err);

/*
 * Asks WireGuard, and calls those who have called us and have no session yet.  *ret_spoken:
 * somebody has called with his next key for the first time, so plan anew, then look again.
 */
int key_watch_look(struct key_watch *w, struct dataplane *dp, bool *ret_spoken, struct error *err);

/* Until the next look, in ms; 0: nobody is to be looked for. */
unsigned int key_watch_pause(const struct key_watch *w);

#endif
