// SPDX-License-Identifier: Apache-2.0
#include "model/route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NONE "none"

bool route_is_default(const struct prefix *prefix)
{
	return prefix->len == 0;
}

static bool within(const struct prefix *outer, const struct prefix *inner)
{
	return inner->len >= outer->len && prefix_contains(outer, &inner->ip);
}

bool route_list_has(const struct route_list *list, const struct prefix *prefix)
{
	for (unsigned int i = 0; i < list->count; i++)
		if (prefix_equal(&list->items[i], prefix))
			return true;
	return false;
}

static bool accepts(const struct route_list *accepted, const struct prefix *prefix)
{
	for (unsigned int i = 0; i < accepted->count; i++)
		if (within(&accepted->items[i], prefix))
			return true;
	return false;
}

enum route_verdict route_judge(const struct routing *routing, const struct route *taken,
			       const struct route *route)
{
	bool exit = route_is_default(&route->prefix);

	if (strcmp(route->node_id, routing->self) == 0)
		return ROUTE_OWN;
	if (route_list_has(&routing->announced, &route->prefix))
		return ROUTE_ALSO_OWN;
	if (exit ? strcmp(route->node_id, routing->exit_node) != 0 :
		   !accepts(&routing->accepted, &route->prefix))
		return ROUTE_NOT_ACCEPTED;
	if (exit && !routing->exit_reachable)
		return ROUTE_UNREACHABLE;
	if (taken && prefix_equal(&taken->prefix, &route->prefix))
		return ROUTE_SECOND;
	return ROUTE_TAKEN;
}

const char *route_verdict_text(enum route_verdict verdict)
{
	static const char *const texts[] = {
		[ROUTE_TAKEN] = "taken",
		[ROUTE_OWN] = "own",
		[ROUTE_ALSO_OWN] = "announced here, too",
		[ROUTE_NOT_ACCEPTED] = "not accepted",
		[ROUTE_SECOND] = "another node goes before",
		[ROUTE_UNREACHABLE] = "reached by relays only",
	};

	return texts[verdict];
}

int route_list_add(struct route_list *list, const struct prefix *prefix, struct error *err)
{
	struct prefix p = prefix_masked(prefix);
	unsigned int at = list->count;

	if (route_list_has(list, &p))
		return 0;
	if (list->count == ROUTES_MAX)
		return error_set(err, ERR_EXHAUSTED, "more than %d prefixes", ROUTES_MAX);
	for (; at > 0 && prefix_compare(&list->items[at - 1], &p) > 0; at--)
		list->items[at] = list->items[at - 1];
	list->items[at] = p;
	list->count++;
	return 0;
}

bool route_list_equal(const struct route_list *a, const struct route_list *b)
{
	if (a->count != b->count)
		return false;
	for (unsigned int i = 0; i < a->count; i++)
		if (!prefix_equal(&a->items[i], &b->items[i]))
			return false;
	return true;
}

/* One of the text, which ends at a comma; true: there was another. */
static bool next_item(const char **text, char out[PREFIX_TEXT_MAX])
{
	size_t len;

	*text += strspn(*text, " ");
	if (!**text)
		return false;
	len = strcspn(*text, ",");
	snprintf(out, PREFIX_TEXT_MAX, "%.*s", (int)len, *text);
	*text += len + ((*text)[len] == ',');
	return true;
}

int route_list_parse(const char *text, struct route_list *ret, struct error *err)
{
	struct route_list list = { 0 };
	char one[PREFIX_TEXT_MAX];
	struct prefix p;
	int r = 0;

	if (strcmp(text, NONE) == 0) {
		*ret = list;
		return 0;
	}
	if (!*text)
		return error_set(err, ERR_INVALID, "\"\" is no prefix, nor none");
	while (r == 0 && next_item(&text, one)) {
		if (!prefix_parse(one, &p))
			return error_set(err, ERR_INVALID, "\"%s\" is no prefix, nor none", one);
		r = route_list_add(&list, &p, err);
	}
	if (r == 0)
		*ret = list;
	return r;
}

char *route_list_format(const struct route_list *list, char out[ROUTES_TEXT_MAX])
{
	char text[PREFIX_TEXT_MAX];
	size_t len = 0;

	snprintf(out, ROUTES_TEXT_MAX, NONE);
	for (unsigned int i = 0; i < list->count; i++)
		len += (size_t)snprintf(out + len, ROUTES_TEXT_MAX - len, "%s%s", i ? "," : "",
					prefix_format(&list->items[i], text));
	return out;
}

/* "" if it may be announced. */
static const char *objection(const struct prefix *p, const struct mesh *mesh)
{
	static const char *const reserved[] = {
		"127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "::1/128", "fe80::/10", "ff00::/8",
	};
	struct prefix range;

	if (within(&mesh->ipv4, p) || within(&mesh->ula, p))
		return "it belongs to the mesh itself, whose nodes have addresses of it";
	for (size_t i = 0; i < sizeof(reserved) / sizeof(*reserved); i++)
		if (prefix_parse(reserved[i], &range) && within(&range, p))
			return "nobody routes such addresses";
	return "";
}

int route_list_validate(const struct route_list *list, const struct mesh *mesh,
			struct error *err)
{
	for (unsigned int i = 0; i < list->count; i++) {
		const char *why = objection(&list->items[i], mesh);
		char text[PREFIX_TEXT_MAX];

		if (*why)
			return error_set(err, ERR_INVALID, "routes: %s cannot be announced: %s",
					 prefix_format(&list->items[i], text), why);
	}
	return 0;
}
