// SPDX-License-Identifier: Apache-2.0
#include "wmctl/forwarding.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UDP "udp:"

static bool parse_port(const char *text, unsigned long least, uint16_t *ret)
{
	char *end;
	unsigned long port = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || port < least || port > UINT16_MAX)
		return false;
	*ret = (uint16_t)port;
	return true;
}

static bool parse_remote(const char *text, struct endpoint *ret)
{
	if (endpoint_parse(text, ret))
		return ret->port != 0;
	ip_parse("127.0.0.1", &ret->ip);
	return parse_port(text, 1, &ret->port);
}

static bool parse_ports(const char *text, struct forwarding *ret)
{
	const char *colon = strchr(text, ':');
	char local[8];

	if (!colon) {
		ret->local = 0;
		return parse_remote(text, &ret->remote) && (ret->local = ret->remote.port);
	}
	if (colon - text >= (ptrdiff_t)sizeof(local))
		return false;
	snprintf(local, sizeof(local), "%.*s", (int)(colon - text), text);
	return parse_port(local, 0, &ret->local) && parse_remote(colon + 1, &ret->remote);
}

bool forwarding_parse(const char *text, struct forwarding *ret)
{
	ret->udp = strncmp(text, UDP, strlen(UDP)) == 0;
	return parse_ports(ret->udp ? text + strlen(UDP) : text, ret);
}
