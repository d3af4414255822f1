// SPDX-License-Identifier: Apache-2.0
/* wmctl gateway [PORT [FOLDER]] */
#include <stdlib.h>

#include "wmctl/command.h"
#include "wmctl/gateway.h"

#define USAGE "gateway [PORT [FOLDER]]"

static bool parse_port(const char *text, uint16_t *ret)
{
	char *end;
	unsigned long port = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || port > UINT16_MAX)
		return false;
	*ret = (uint16_t)port;
	return true;
}

int gateway_main(struct session *s, int argc, char **argv)
{
	struct error err = { 0 };
	uint16_t port = 0;

	if (argc > 3 || (argc > 1 && !parse_port(argv[1], &port)))
		return command_usage(USAGE);
	return gateway_run(s, port, argc > 2 ? argv[2] : GATEWAY_FILES, &err) < 0
		? command_fail(&err) : EXIT_OK;
}
