// SPDX-License-Identifier: Apache-2.0
#include "model/listen_list.h"

#include <stdio.h>
#include <string.h>

#define MESH "mesh"

/* In the mesh a node's addresses are of both families: the port is read by one of them. */
static bool parse_mesh(const char *text, struct endpoint *ret)
{
	char other[ENDPOINT_TEXT_MAX];
	struct endpoint e;

	if (strncmp(text, MESH, strlen(MESH)) != 0)
		return false;
	text += strlen(MESH);
	if (!*text)
		return true;
	if ((size_t)snprintf(other, sizeof(other), "0.0.0.0%s", text) >= sizeof(other) ||
	    !endpoint_parse(other, &e))
		return false;
	ret->port = e.port;
	return true;
}

int listen_list_add(struct listen_list *list, const char *text, struct error *err)
{
	struct endpoint e = { .port = LISTEN_PORT };

	if ((!parse_mesh(text, &e) && !endpoint_parse(text, &e) && !ip_parse(text, &e.ip)) ||
	    !e.port)
		return error_set(err, ERR_INVALID,
				 "\"%s\" is not like mesh, mesh:5353, 127.0.0.1 or [::1]:5353, nor "
				 "none", text);
	if (list->count == LISTEN_ITEMS_MAX)
		return error_set(err, ERR_EXHAUSTED, "more than %d addresses to listen at",
				 LISTEN_ITEMS_MAX);
	list->items[list->count++] = e;
	return 0;
}

static int format_item(const struct endpoint *e, char *out, size_t size)
{
	char text[ENDPOINT_TEXT_MAX];

	if (e->ip.family && e->port == LISTEN_PORT)
		return snprintf(out, size, "%s", ip_format(&e->ip, text));
	if (e->ip.family)
		return snprintf(out, size, "%s", endpoint_format(e, text));
	return e->port == LISTEN_PORT ? snprintf(out, size, MESH)
				      : snprintf(out, size, MESH ":%u", e->port);
}

char *listen_list_format(const struct listen_list *list, char out[LISTEN_LIST_TEXT_MAX])
{
	size_t len = 0;

	snprintf(out, LISTEN_LIST_TEXT_MAX, "none");
	for (unsigned int i = 0; i < list->count; i++) {
		if (i)
			out[len++] = ',';
		len += (size_t)format_item(&list->items[i], out + len, LISTEN_LIST_TEXT_MAX - len);
	}
	return out;
}
