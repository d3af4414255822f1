// SPDX-License-Identifier: Apache-2.0
#include "model/plan.h"

#include <stdlib.h>
#include <string.h>

enum {
	RING_POINTS = 32,	/* of one relay: its share is then within a third of the fair one */
	RING_MAX = 65536,	/* of all: with very many relays fewer each are as fair */
};

/* What the planner keeps of a node. */
struct seen {
	uint64_t hash;			/* of the id */
	struct key public_key, peer_key;	/* in its row; that its prefixes hang on */
	struct endpoint endpoint, called_from;
	uint8_t families;		/* 0: behind a NAT */
	bool overridden;		/* endpoint is not what it says itself */
	uint8_t n_prefixes;
	struct prefix prefixes[2];
	uint32_t peer;			/* in the set, once it has a session */
};

struct rotating {
	size_t node;
	struct plan_rotation rotation;
};

struct point {
	uint64_t at;
	const struct seen *relay;
};

/* A route, until it is known what becomes of its node. */
struct planned_route {
	struct key public_key;
	struct prefix prefix;
};

struct planner {
	struct node self;
	unsigned int families;		/* of self, as above */
	size_t having[NODE_BOTH + 1];	/* how many of the others have these families */
	const struct override_list *overrides;	/* may be NULL */
	struct planned_route *routes;
	size_t n_routes, cap_routes;
	struct seen *nodes;
	size_t n_nodes, cap_nodes;
	struct point *ring;		/* by place; empty: no relay */
	size_t n_points;
	struct rotating *rotating;	/* few */
	size_t n_rotating;
};

/* Finalizer of MurmurHash3: every bit of the input moves every bit of the result. */
static uint64_t mix(uint64_t h)
{
	h = (h ^ h >> 33) * 0xff51afd7ed558ccdULL;
	h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53ULL;
	return h ^ h >> 33;
}

/* FNV-1a. */
static uint64_t hash_id(const char *id)
{
	uint64_t h = 0xcbf29ce484222325ULL;

	while (*id)
		h = (h ^ (uint8_t)*id++) * 0x100000001b3ULL;
	return mix(h);
}

/* The same from either end. */
static uint64_t hash_pair(uint64_t a, uint64_t b)
{
	return a < b ? mix(mix(a) + b) : mix(mix(b) + a);
}

struct planner *planner_new(const struct node *self)
{
	struct planner *p = calloc(1, sizeof(*p));
	struct endpoint endpoint;

	if (!p)
		return NULL;
	p->self = *self;
	p->families = node_wireguard_endpoint(self, self, &endpoint) ? node_families(self) : 0;
	return p;
}

void planner_free(struct planner *p)
{
	if (!p)
		return;
	free(p->nodes);
	free(p->routes);
	free(p->ring);
	free(p->rotating);
	free(p);
}

static struct seen *next_slot(struct planner *p)
{
	size_t more = p->cap_nodes ? p->cap_nodes * 2 : 16;
	struct seen *nodes;

	if (p->n_nodes < p->cap_nodes)
		return &p->nodes[p->n_nodes++];
	nodes = reallocarray(p->nodes, more, sizeof(*nodes));
	if (!nodes)
		return NULL;
	p->nodes = nodes;
	p->cap_nodes = more;
	return &p->nodes[p->n_nodes++];
}

void planner_set_overrides(struct planner *p, const struct override_list *overrides)
{
	p->overrides = overrides;
}

static void override(const struct planner *p, const char *node_id, struct seen *n)
{
	const struct endpoint *at = p->overrides ? override_list_lookup(p->overrides, node_id) : NULL;

	n->overridden = at;
	if (at)
		n->endpoint = *at;
}

int planner_add(struct planner *p, const struct node *node, struct error *err)
{
	struct seen *n;

	if (strcmp(node->id, p->self.id) == 0)
		return 0;
	n = next_slot(p);
	if (!n)
		return error_set(err, ERR_MEMORY, "no memory to plan for node %s", node->id);
	*n = (struct seen){ .hash = hash_id(node->id), .public_key = node->public_key,
			     .peer_key = node->public_key };
	if (node_wireguard_endpoint(node, &p->self, &n->endpoint))
		n->families = (uint8_t)node_families(node);
	p->having[n->families]++;
	override(p, node->id, n);
	if (node->ipv4.ip.family == AF_INET)
		n->prefixes[n->n_prefixes++] = prefix_host(&node->ipv4.ip);
	if (node->ipv6.ip.family == AF_INET6)
		n->prefixes[n->n_prefixes++] = prefix_masked(&node->ipv6);
	return 0;
}

int planner_add_route(struct planner *p, const struct route *route, struct error *err)
{
	size_t more = p->cap_routes ? p->cap_routes * 2 : 16;
	struct planned_route *routes;

	if (p->n_routes == p->cap_routes) {
		routes = reallocarray(p->routes, more, sizeof(*routes));
		if (!routes)
			return error_set(err, ERR_MEMORY, "no memory to plan for the routes of %s",
					 route->node_id);
		p->routes = routes;
		p->cap_routes = more;
	}
	p->routes[p->n_routes++] = (struct planned_route){
		.public_key = route->public_key, .prefix = route->prefix,
	};
	return 0;
}

static const struct seen *find_key(const struct planner *p, const struct key *key)
{
	for (size_t i = 0; i < p->n_nodes; i++)
		if (key_equal(&p->nodes[i].public_key, key))
			return &p->nodes[i];
	return NULL;
}

int planner_rotate(struct planner *p, const struct plan_rotation *rotation, struct error *err)
{
	const struct seen *n = find_key(p, &rotation->current);
	struct rotating *grown;

	if (!n)
		return 0;
	grown = reallocarray(p->rotating, p->n_rotating + 1, sizeof(*grown));
	if (!grown)
		return error_set(err, ERR_MEMORY, "no memory to plan for a key that changes");
	p->rotating = grown;
	p->rotating[p->n_rotating++] = (struct rotating){ (size_t)(n - p->nodes), *rotation };
	return 0;
}

/* Both are public, and neither can call the other: one of each has IPv4, the other one IPv6. */
static bool is_apart(const struct planner *p, const struct seen *n)
{
	return p->families && n->families && !(p->families & n->families);
}

static size_t count_apart(const struct planner *p)
{
	unsigned int others = NODE_BOTH & ~p->families;

	return p->families && others ? p->having[others] : 0;
}

/* Seen alike from either end: nodes with both families are apart from nobody. */
static bool has_session(const struct planner *p, const struct seen *n)
{
	if (is_apart(p, n))
		return !p->having[NODE_BOTH];
	return p->families || n->families;
}

bool planner_has_session(const struct planner *p, const struct key *public_key)
{
	const struct seen *n = find_key(p, public_key);

	return n && has_session(p, n);
}

struct plan_families planner_families(const struct planner *p)
{
	struct plan_families f = { .bridges = p->families == NODE_BOTH && p->having[NODE_IPV4] &&
					      p->having[NODE_IPV6] };

	if (p->having[NODE_BOTH])
		f.relayed = count_apart(p);
	else if (count_apart(p))
		for (size_t i = 0; i < p->n_nodes; i++)
			f.stranded += is_apart(p, &p->nodes[i]) && !p->nodes[i].overridden;
	return f;
}

/* NULL: it calls. */
static const struct endpoint *endpoint_of(const struct seen *n)
{
	return n->families || n->overridden ? &n->endpoint : NULL;
}

/* The key that the prefixes do not hang on. */
static int add_other_key(struct peer_set *set, const struct seen *n,
			 const struct plan_rotation *rotation, struct error *err)
{
	const struct key *key = rotation->spoken ? &rotation->current : &rotation->next;
	uint32_t peer;
	int r = peer_set_add(set, key, endpoint_of(n), 0, &peer, err);

	if (r == 0 && !rotation->spoken)
		peer_set_make_wait(set, peer);
	return r;
}

/* Before any peer is in the set: which key is a node's is decided here, and for all that follows. */
static int add_other_keys(struct planner *p, struct peer_set *set, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->n_rotating; i++) {
		const struct plan_rotation *rotation = &p->rotating[i].rotation;
		struct seen *n = &p->nodes[p->rotating[i].node];

		if (!has_session(p, n))
			continue;
		r = add_other_key(set, n, rotation, err);
		if (!rotation->spoken)
			continue;
		n->peer_key = rotation->next;
		n->called_from = rotation->endpoint;
	}
	return r;
}

static int add_direct(const struct planner *p, struct peer_set *set, struct seen *n,
		      struct error *err)
{
	uint16_t keepalive = p->families ? 0 : PLAN_KEEPALIVE;
	const struct endpoint *at = endpoint_of(n);
	int r;

	if (!at && n->called_from.ip.family)
		at = &n->called_from;
	r = peer_set_add(set, &n->peer_key, at, keepalive, &n->peer, err);

	for (unsigned int i = 0; r == 0 && i < n->n_prefixes; i++)
		r = peer_set_add_prefix(set, n->peer, &n->prefixes[i], 0, err);
	return r;
}

static int compare_points(const void *a, const void *b)
{
	const struct point *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return memcmp(&x->relay->public_key, &y->relay->public_key, KEY_BYTES);
}

/* Halving keeps the first points of everybody: a relay more or less hardly moves anything. */
static uint64_t points_each(size_t relays)
{
	uint64_t points = RING_POINTS;

	while (points > 1 && relays * points > RING_MAX)
		points /= 2;
	return points;
}

static bool needs_relays(const struct planner *p)
{
	return p->families ? count_apart(p) && p->having[NODE_BOTH] : p->having[0];
}

/* A public self needs them for nodes that it is apart from alone. */
static bool is_relay(const struct planner *p, const struct seen *n)
{
	return p->families ? n->families == NODE_BOTH : n->families;
}

static int build_ring(struct planner *p, struct error *err)
{
	size_t relays = p->families ? p->having[NODE_BOTH] : p->n_nodes - p->having[0];
	uint64_t points;

	if (!needs_relays(p))
		return 0;
	points = points_each(relays);
	p->ring = calloc(relays * points + 1, sizeof(*p->ring));
	if (!p->ring)
		return error_set(err, ERR_MEMORY, "no memory to plan %zu relays", relays);
	for (size_t i = 0; i < p->n_nodes; i++)
		for (uint64_t k = 0; is_relay(p, &p->nodes[i]) && k < points; k++)
			p->ring[p->n_points++] = (struct point){
				.at = mix(p->nodes[i].hash + k), .relay = &p->nodes[i],
			};
	qsort(p->ring, p->n_points, sizeof(*p->ring), compare_points);
	return 0;
}

/* The first point at or behind @at, going round. */
static size_t ring_find(const struct planner *p, uint64_t at)
{
	size_t low = 0, high = p->n_points;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (p->ring[middle].at < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low == p->n_points ? 0 : low;
}

/* The first relays on the ring behind the pair's place; returns how many. */
static unsigned int choose_relays(const struct planner *p, uint64_t pair,
				  const struct seen *ret[PLAN_RELAYS_MAX])
{
	size_t at = p->n_points ? ring_find(p, pair) : 0;
	unsigned int n = 0, j;

	for (size_t i = 0; i < p->n_points && n < PLAN_RELAYS_MAX; i++) {
		const struct seen *relay = p->ring[(at + i) % p->n_points].relay;

		for (j = 0; j < n && ret[j] != relay; j++)
			;
		if (j == n)
			ret[n++] = relay;
	}
	return n;
}

static int add_relayed(const struct planner *p, struct peer_set *set, const struct seen *n,
		       const struct prefix *prefixes, unsigned int n_prefixes, struct error *err)
{
	const struct seen *relays[PLAN_RELAYS_MAX];
	unsigned int n_relays = choose_relays(p, hash_pair(hash_id(p->self.id), n->hash), relays);
	int r = 0;

	for (unsigned int k = 0; k < n_relays; k++)
		for (unsigned int i = 0; r == 0 && i < n_prefixes; i++)
			r = peer_set_add_prefix(set, relays[k]->peer, &prefixes[i], k, err);
	return r;
}

static int compare_seen(const void *a, const void *b)
{
	const struct seen *const *x = a, *const *y = b;

	return memcmp(&(*x)->public_key, &(*y)->public_key, KEY_BYTES);
}

static const struct seen **sort_by_key(const struct planner *p)
{
	const struct seen **sorted = calloc(p->n_nodes + 1, sizeof(*sorted));

	if (!sorted)
		return NULL;
	for (size_t i = 0; i < p->n_nodes; i++)
		sorted[i] = &p->nodes[i];
	qsort(sorted, p->n_nodes, sizeof(*sorted), compare_seen);
	return sorted;
}

static int add_route(const struct planner *p, struct peer_set *set, const struct seen *n,
		     const struct prefix *prefix, struct error *err)
{
	if (has_session(p, n))
		return peer_set_add_prefix(set, n->peer, prefix, 0, err);
	return route_is_default(prefix) ? 0 : add_relayed(p, set, n, prefix, 1, err);
}

/* A route hangs where its node's own prefixes do. */
static int add_routes(const struct planner *p, struct peer_set *set, struct error *err)
{
	const struct seen **sorted, **found, *wanted;
	int r = 0;

	if (!p->n_routes)
		return 0;
	sorted = sort_by_key(p);
	if (!sorted)
		return error_set(err, ERR_MEMORY, "no memory to plan %zu routes", p->n_routes);
	for (size_t i = 0; r == 0 && i < p->n_routes; i++) {
		wanted = &(struct seen){ .public_key = p->routes[i].public_key };
		found = bsearch(&wanted, sorted, p->n_nodes, sizeof(*sorted), compare_seen);
		if (found)
			r = add_route(p, set, *found, &p->routes[i].prefix, err);
	}
	free(sorted);
	return r;
}

static int fill(struct planner *p, struct peer_set *set, struct error *err)
{
	int r = add_other_keys(p, set, err);

	for (size_t i = 0; r == 0 && i < p->n_nodes; i++)
		if (has_session(p, &p->nodes[i]))
			r = add_direct(p, set, &p->nodes[i], err);
	if (r == 0)
		r = build_ring(p, err);
	for (size_t i = 0; r == 0 && i < p->n_nodes; i++)
		if (!has_session(p, &p->nodes[i]))
			r = add_relayed(p, set, &p->nodes[i], p->nodes[i].prefixes,
					p->nodes[i].n_prefixes, err);
	if (r == 0)
		r = add_routes(p, set, err);
	return r ? r : peer_set_seal(set, err);
}

int planner_finish(struct planner *p, struct peer_set **ret_set, struct error *err)
{
	struct peer_set *set = peer_set_new();
	int r;

	if (!set)
		return error_set(err, ERR_MEMORY, "no memory for a set of peers");
	r = fill(p, set, err);
	if (r < 0)
		peer_set_free(set);
	else
		*ret_set = set;
	return r;
}

int plan_peers(const struct node *self, const struct node *nodes, size_t n,
	       struct peer_set **ret_set, struct error *err)
{
	struct planner *p = planner_new(self);
	int r = 0;

	if (!p)
		return error_set(err, ERR_MEMORY, "no memory for a planner");
	for (size_t i = 0; r == 0 && i < n; i++)
		r = planner_add(p, &nodes[i], err);
	if (r == 0)
		r = planner_finish(p, ret_set, err);
	planner_free(p);
	return r;
}
