/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The planner: from the nodes of the mesh to the peers that one of them, "self", wants.
 *
 *	self      other     a session of their own?
 *	public    public    yes; each knows the other's endpoint
 *	IPv4      IPv6      no; public ones with no family in common are as two behind NATs, and
 *			    their relays are the public nodes that have both.  Without any, yes:
 *			    they may have more than they say
 *	public    NAT'd     yes; the other calls, and keeps the hole open
 *	NAT'd     public    yes; self calls, keepalive 25 s
 *	NAT'd     NAT'd     no; the other's prefixes hang on public nodes, the relays
 *
 * A prefix of a node: its IPv4 address as a /32, its IPv6 /64, and the routes that are taken
 * of it.
 *
 * Who is behind a NAT is taken to have both families: nothing is known of that.
 *
 * Relays of a pair are a function of the pair and the public nodes only, and the
 * same seen from either end.  That is a must, not a nicety: WireGuard takes a packet only
 * from the peer that its source prefix hangs on, so both ends have to choose one relay.
 * They come from a consistent-hash ring: pairs spread over all public nodes, and one
 * public node more or less moves only its share of them.
 *
 * Deterministic: equal nodes in any order give equal sets.  Not thread-safe.
 */
#ifndef WGMESH_MODEL_PLAN_H
#define WGMESH_MODEL_PLAN_H

#include "model/node.h"
#include "model/override.h"
#include "model/peer_set.h"
#include "model/route.h"

enum {
	PLAN_KEEPALIVE = 25,	/* seconds, towards public nodes from behind a NAT */
	PLAN_RELAYS_MAX = 3,	/* next hops of a prefix without a session: metric 0, 1, 2 */
};

struct planner;

/* @self is copied.  NULL: no memory. */
struct planner *planner_new(const struct node *self);
void planner_free(struct planner *p);

/*
 * Before the first node: where nodes are that have a session with self, whatever they say.  It
 * makes no session where there is none.  Borrowed until planner_finish().
 */
void planner_set_overrides(struct planner *p, const struct override_list *overrides);

/* Every node of the state, in any order; self among them is skipped.  Copies what it needs. */
int planner_add(struct planner *p, const struct node *node, struct error *err);

/* Whether that node, of those that were added, gets a session.  After the last node. */
bool planner_has_session(const struct planner *p, const struct key *public_key);

/* What the mesh's address families mean to self. */
struct plan_families {
	bool bridges;		/* self has both, others have one each, and it is one of their relays */
	size_t relayed;		/* public nodes without a common family that relays lead to */
	size_t stranded;	/* such for which there is no relay, and no override either */
};
/* After the last node. */
struct plan_families planner_families(const struct planner *p);

/*
 * A route that is taken: no two with one prefix.  After its node; one of a node that was not
 * added, and a default route of one without a session, has no effect.
 */
int planner_add_route(struct planner *p, const struct route *route, struct error *err);

/*
 * A node that changes its key, of those that were added; nothing without one of that key.  While it
 * has not called with @next, that is a key that waits beside the current one.  Then
 * (@spoken) all hangs on @next, and the current one is kept without prefixes for what is on its way.
 */
struct plan_rotation {
	struct key current, next;
	bool spoken;
	struct endpoint endpoint;	/* where it called from; AF_UNSPEC: as planned */
};
int planner_rotate(struct planner *p, const struct plan_rotation *rotation, struct error *err);

/*
 * Once, after the last node, route and rotation.  Caller frees the set, which is sealed.
 * ERR_EXISTS: two nodes with one key or address, which the state's constraints rule out.
 */
int planner_finish(struct planner *p, struct peer_set **ret_set, struct error *err);

/* All of the above for nodes in an array. */
int plan_peers(const struct node *self, const struct node *nodes, size_t n,
	       struct peer_set **ret_set, struct error *err);

#endif
