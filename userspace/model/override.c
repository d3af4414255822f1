// SPDX-License-Identifier: Apache-2.0
#include "model/override.h"

#include <stdio.h>
#include <string.h>

static unsigned int place_of(const struct override_list *list, const char *node_id)
{
	unsigned int i = 0;

	while (i < list->count && strcmp(list->items[i].node_id, node_id) != 0)
		i++;
	return i;
}

int override_list_add(struct override_list *list, const char *text, struct error *err)
{
	char id[NODE_ID_MAX + 1] = "";
	const char *sign = strchr(text, '=');
	struct endpoint endpoint;
	unsigned int i;

	if (!sign || sign - text > NODE_ID_MAX || !endpoint_parse(sign + 1, &endpoint))
		return error_set(err, ERR_INVALID, "\"%s\" is not like n2=192.0.2.1:51820 or "
				 "n2=[2001:db8::1]:51820, nor none", text);
	snprintf(id, sizeof(id), "%.*s", (int)(sign - text), text);
	if (!node_id_valid(id))
		return error_set(err, ERR_INVALID, "\"%s\" is no node's id", id);
	i = place_of(list, id);
	if (i == OVERRIDES_MAX)
		return error_set(err, ERR_EXHAUSTED, "more than %d nodes", OVERRIDES_MAX);
	memcpy(list->items[i].node_id, id, sizeof(id));
	list->items[i].endpoint = endpoint;
	if (i == list->count)
		list->count++;
	return 0;
}

const struct endpoint *override_list_lookup(const struct override_list *list, const char *node_id)
{
	unsigned int i = place_of(list, node_id);

	return i < list->count ? &list->items[i].endpoint : NULL;
}

char *override_list_format(const struct override_list *list, char out[OVERRIDES_TEXT_MAX])
{
	char endpoint[ENDPOINT_TEXT_MAX];
	size_t len = 0;

	snprintf(out, OVERRIDES_TEXT_MAX, "none");
	for (unsigned int i = 0; i < list->count; i++)
		len += (size_t)snprintf(out + len, OVERRIDES_TEXT_MAX - len, "%s%s=%s",
					i ? "," : "", list->items[i].node_id,
					endpoint_format(&list->items[i].endpoint, endpoint));
	return out;
}
