// SPDX-License-Identifier: Apache-2.0
/* wmctl port-forward NODE [udp:][LOCAL:[ADDRESS:]]REMOTE... */
#include "wmctl/command.h"
#include "wmctl/forwards.h"

#define USAGE "port-forward NODE [udp:][LOCAL:[ADDRESS:]]REMOTE..."

int port_forward_main(struct session *s, int argc, char **argv)
{
	struct forwarding what[FORWARDS_MAX] = { 0 };
	struct error err = { 0 };
	size_t count = 0;

	for (int i = 2; i < argc; i++) {
		if (count == FORWARDS_MAX || !forwarding_parse(argv[i], &what[count++]))
			return command_usage(USAGE);
	}
	if (count == 0)
		return command_usage(USAGE);
	return forwards_run(s, argv[1], what, count, &err) < 0 ? command_fail(&err) : EXIT_OK;
}
