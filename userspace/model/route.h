/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routes: prefixes beyond its own addresses that a node announces, and carries traffic for: a
 * network behind it, or all of the internet (a default route).  Every other node decides what
 * it takes of them.  Plain values; any thread.
 */
#ifndef WGMESH_MODEL_ROUTE_H
#define WGMESH_MODEL_ROUTE_H

#include "model/mesh.h"
#include "model/node.h"

enum {
	ROUTES_MAX = 32,	/* that a node announces */
	ROUTES_TEXT_MAX = ROUTES_MAX * PREFIX_TEXT_MAX,	/* "192.168.5.0/24,fd00::/64", or "none" */
};

/* Without host bits, in the order of prefix_compare(), none twice. */
struct route_list {
	struct prefix items[ROUTES_MAX];
	unsigned int count;
};

/* What one node announces; several nodes may announce the same. */
struct route {
	char node_id[NODE_ID_MAX + 1];
	struct key public_key;
	struct prefix prefix;
};

/* What a node takes of the others' routes. */
struct routing {
	const char *self;		/* the node's id */
	struct route_list announced;	/* its own: never taken from others */
	struct route_list accepted;	/* networks whose parts it takes from anybody */
	const char *exit_node;		/* whose default routes it takes; "": nobody's */
	bool exit_reachable;		/* by a session of its own: nobody relays a default route */
};

enum route_verdict {
	ROUTE_TAKEN,
	ROUTE_OWN,		/* of this node itself */
	ROUTE_ALSO_OWN,		/* this node announces it, too */
	ROUTE_NOT_ACCEPTED,	/* by its settings */
	ROUTE_SECOND,		/* a node whose id sorts before announces it, too */
	ROUTE_UNREACHABLE,	/* a default route, and nobody relays one */
};

/*
 * Of @route, where @taken is the last one that was taken (NULL: none yet): routes come by
 * prefix, and those of one prefix by node id, so that all nodes choose the same.
 */
enum route_verdict route_judge(const struct routing *routing, const struct route *taken,
			       const struct route *route);
const char *route_verdict_text(enum route_verdict verdict);

/* Clears host bits.  ERR_EXHAUSTED: it is full. */
int route_list_add(struct route_list *list, const struct prefix *prefix, struct error *err);
bool route_list_has(const struct route_list *list, const struct prefix *prefix);
bool route_list_equal(const struct route_list *a, const struct route_list *b);

/* "none" or prefixes with commas between them, spaces behind those allowed.  ERR_INVALID. */
int route_list_parse(const char *text, struct route_list *ret, struct error *err);
char *route_list_format(const struct route_list *list, char out[ROUTES_TEXT_MAX]);

/*
 * What the mesh lets a node announce.  ERR_INVALID names the prefix: other nodes' addresses, and
 * what never leaves a link or a machine.
 */
int route_list_validate(const struct route_list *list, const struct mesh *mesh,
			struct error *err);

/* A whole family: what only an exit node carries. */
bool route_is_default(const struct prefix *prefix);

#endif
