// SPDX-License-Identifier: Apache-2.0
/* wmctl port-forward NODE [udp:][LOCAL:[ADDRESS:]]REMOTE */
#include "wmctl/command.h"
#include "wmctl/forwarding.h"

#define USAGE "port-forward NODE [udp:][LOCAL:[ADDRESS:]]REMOTE"

int port_forward_main(struct session *s, int argc, char **argv)
{
	struct forwarding what = { 0 };
	struct error err = { 0 };

	if (argc != 3 || !forwarding_parse(argv[2], &what))
		return command_usage(USAGE);
	what.node = argv[1];
	return forwarding_run(s, &what, &err) < 0 ? command_fail(&err) : EXIT_OK;
}
