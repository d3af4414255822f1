// SPDX-License-Identifier: Apache-2.0
#include "daemon/taken_routes.h"

#include <stdio.h>
#include <string.h>

struct choice {
	struct taken_routes *routes;
	struct routing routing;
	struct planner *planner;
	struct route last;	/* that was taken */
	struct error *err;
};

void taken_routes_init(struct taken_routes *t)
{
	*t = (struct taken_routes){
		.prefixes = BUF_INIT(TAKEN_ROUTES_MAX * sizeof(struct prefix)),
		.taken = BUF_INIT(TAKEN_ROUTES_TEXT_MAX),
		.refused = BUF_INIT(TAKEN_ROUTES_TEXT_MAX),
	};
}

void taken_routes_fini(struct taken_routes *t)
{
	buf_fini(&t->prefixes);
	buf_fini(&t->taken);
	buf_fini(&t->refused);
}

size_t taken_routes_count(const struct taken_routes *t)
{
	return t->prefixes.len / sizeof(struct prefix);
}

static bool same(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && (!a->len || memcmp(a->data, b->data, a->len) == 0);
}

bool taken_routes_equal(const struct taken_routes *a, const struct taken_routes *b)
{
	return same(&a->prefixes, &b->prefixes) && same(&a->taken, &b->taken) &&
	       same(&a->refused, &b->refused);
}

/* Whole ones only: a buffer that has failed says nothing at all. */
static void note(struct buf *out, const struct route *route, const char *why)
{
	enum { LONGEST = PREFIX_TEXT_MAX + NODE_ID_MAX + 40 };
	char text[PREFIX_TEXT_MAX];

	if (out->len + LONGEST <= TAKEN_ROUTES_TEXT_MAX)
		buf_printf(out, "%s%s=%s%s", out->len ? " " : "",
			   prefix_format(&route->prefix, text), route->node_id, why);
}

static int refuse(struct choice *c, const struct route *route, const char *why)
{
	char text[40];

	snprintf(text, sizeof(text), " (%s)", why);
	note(&c->routes->refused, route, text);
	return 0;
}

static int take(struct choice *c, const struct route *route)
{
	struct taken_routes *t = c->routes;

	if (taken_routes_count(t) == TAKEN_ROUTES_MAX)
		return refuse(c, route, "too many routes");
	if (!buf_append(&t->prefixes, &route->prefix, sizeof(route->prefix)))
		return error_set(c->err, ERR_MEMORY, "no memory for routes");
	note(&t->taken, route, "");
	c->last = *route;
	return planner_add_route(c->planner, route, c->err);
}

static int offer(const struct route *route, void *data)
{
	struct choice *c = data;
	const struct route *last = taken_routes_count(c->routes) ? &c->last : NULL;
	enum route_verdict verdict = route_judge(&c->routing, last, route);

	if (verdict == ROUTE_TAKEN)
		return take(c, route);
	return verdict == ROUTE_OWN ? 0 : refuse(c, route, route_verdict_text(verdict));
}

static bool has_session(struct state_store *state, const struct planner *planner,
			const char *node_id)
{
	struct node node;

	return *node_id && state_get_node(state, node_id, &node, NULL) == 0 &&
	       planner_has_session(planner, &node.public_key);
}

int taken_routes_choose(struct taken_routes *t, struct state_store *state,
			const struct settings *settings, const struct node *self,
			struct planner *planner, struct error *err)
{
	struct choice c = {
		.routes = t,
		.routing = {
			.self = self->id,
			.announced = settings->routes,
			.accepted = settings->accept_routes,
			.exit_node = settings->exit_node,
			.exit_reachable = has_session(state, planner, settings->exit_node),
		},
		.planner = planner,
		.err = err,
	};

	return state_each_route(state, offer, &c, err);
}
