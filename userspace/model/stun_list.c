// SPDX-License-Identifier: Apache-2.0
#include "model/stun_list.h"

#include <stdio.h>
#include <string.h>

#define SCHEME "stun:"

int stun_list_add(struct stun_list *list, const char *text, struct error *err)
{
	const char *host = text;
	struct endpoint server = { .port = STUN_PORT };

	if (strncmp(host, SCHEME, strlen(SCHEME)) == 0)
		host += strlen(SCHEME);
	if (!endpoint_parse(host, &server) && !ip_parse(host, &server.ip))
		return error_set(err, ERR_INVALID,
				 "\"%s\" is not like stun:192.0.2.1:3478 or "
				 "stun:[2001:db8::1]:3478, nor none", text);
	if (list->count == STUN_SERVERS_MAX)
		return error_set(err, ERR_EXHAUSTED, "more than %d STUN servers",
				 STUN_SERVERS_MAX);
	list->items[list->count++] = server;
	return 0;
}

char *stun_url_format(const struct endpoint *server, char out[STUN_URL_MAX])
{
	char endpoint[ENDPOINT_TEXT_MAX];

	snprintf(out, STUN_URL_MAX, SCHEME "%s", endpoint_format(server, endpoint));
	return out;
}

char *stun_list_format(const struct stun_list *list, char out[STUN_LIST_TEXT_MAX])
{
	char url[STUN_URL_MAX];
	size_t len = 0;

	snprintf(out, STUN_LIST_TEXT_MAX, "none");
	for (unsigned int i = 0; i < list->count; i++)
		len += (size_t)snprintf(out + len, STUN_LIST_TEXT_MAX - len, "%s%s", i ? "," : "",
					stun_url_format(&list->items[i], url));
	return out;
}
