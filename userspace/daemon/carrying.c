// SPDX-License-Identifier: Apache-2.0
#include "daemon/carrying.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

/* In the local database while there may be a table: of a daemon that was killed, too. */
#define CARRIES "carries"

static bool is_exit(const struct route_list *routes, sa_family_t family)
{
	for (unsigned int i = 0; i < routes->count; i++)
		if (routes->items[i].ip.family == family && route_is_default(&routes->items[i]))
			return true;
	return false;
}

static bool masquerades(const struct settings *s, sa_family_t family)
{
	if (strcmp(s->masquerade, "auto") == 0)
		return is_exit(&s->routes, family);
	return strcmp(s->masquerade, "on") == 0;
}

static struct carrying wanted_by(const struct settings *s, bool bridges)
{
	return (struct carrying){
		.routes = s->routes,
		.masquerade_ipv4 = s->routes.count && masquerades(s, AF_INET),
		.masquerade_ipv6 = s->routes.count && masquerades(s, AF_INET6),
		.bridges = bridges,
	};
}

static bool carried_before(struct local_store *local)
{
	char *text;
	bool before;

	if (local_store_get_text(local, CARRIES, &text, NULL) < 0)
		return false;
	before = strcmp(text, "yes") == 0;
	free(text);
	return before;
}

static int start(const struct carrying *want, struct dataplane *dp, struct local_store *local,
		 struct error *err)
{
	const struct dataplane_forwarding forwarding = {
		.routes = want->routes.items, .count = want->routes.count,
		.masquerade_ipv4 = want->masquerade_ipv4,
		.masquerade_ipv6 = want->masquerade_ipv6,
		.bridges = want->bridges,
	};
	int r = local_store_set_text(local, CARRIES, "yes", err);

	return r < 0 ? r : dataplane_set_forwarding(dp, &forwarding, err);
}

static int stop(struct dataplane *dp, struct local_store *local, struct error *err)
{
	int r;

	if (!carried_before(local))
		return 0;
	r = dataplane_set_forwarding(dp, NULL, err);
	return r < 0 ? r : local_store_set_text(local, CARRIES, "no", err);
}

static void tell(const struct carrying *c)
{
	char routes[ROUTES_TEXT_MAX];

	log_info("carrying", "routes=%s masquerade-ipv4=%s masquerade-ipv6=%s bridges=%s",
		 route_list_format(&c->routes, routes), c->masquerade_ipv4 ? "on" : "off",
		 c->masquerade_ipv6 ? "on" : "off",
		 c->bridges ? "yes" : "no");
}

static void tell_failure(struct carrying *c, const struct error *err)
{
	if (strcmp(c->trouble, err->text) == 0)
		return;
	snprintf(c->trouble, sizeof(c->trouble), "%s", err->text);
	log_warn("carrying-failed", "reason=\"%s\"", log_text(err->text));
}

static bool same(const struct carrying *a, const struct carrying *b)
{
	return route_list_equal(&a->routes, &b->routes) &&
	       a->masquerade_ipv4 == b->masquerade_ipv4 &&
	       a->masquerade_ipv6 == b->masquerade_ipv6 && a->bridges == b->bridges;
}

void carrying_update(struct carrying *c, const struct settings *settings, bool bridges,
		     struct dataplane *dp, struct local_store *local)
{
	struct carrying want = wanted_by(settings, bridges);
	bool news = !same(c, &want), any = want.routes.count || bridges;
	struct error err = { 0 };

	if (c->settled && !news)
		return;
	c->settled = false;
	if ((any ? start(&want, dp, local, &err) : stop(dp, local, &err)) < 0) {
		tell_failure(c, &err);
		return;
	}
	*c = want;
	c->settled = true;
	if (news)
		tell(c);
}
