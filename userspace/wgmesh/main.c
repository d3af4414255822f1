// SPDX-License-Identifier: Apache-2.0
/* wgmesh: reads and changes the kernel's mesh tables; needs no daemon. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "wgmesh/tool.h"

static const struct command commands[] = {
	{ "show", show_main, "[-j] [DEVICE]", "meshes and their peers" },
	{ "dump", dump_main, "[DEVICE]", "the same for scripts: tab-separated, stable" },
	{ "lookup", lookup_main, "[-j] ADDRESS [DEVICE]", "who carries an address, and why" },
	{ "stats", stats_main, "[-j|-d] [DEVICE]", "counters; -d: tab-separated, stable" },
	{ "monitor", monitor_main, "[-j] [config|peers]", "events as they happen" },
	{ "apply", apply_main, "[-j] DEVICE FILE|-", "change peers and prefixes, all or nothing" },
	{ "peer", peer_main, "activate|evict DEVICE KEY [force]", "a peer into WireGuard, or out" },
	{ "mesh", mesh_main, "add|set|del DEVICE [SETTING VALUE]...", "tables of devices" },
};

static int help(FILE *out, int code)
{
	fprintf(out, "usage: wgmesh COMMAND [ARGUMENT]...\n\n");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(out, "  %-8s %-36s %s\n", commands[i].name, commands[i].usage,
			commands[i].help);
	fprintf(out, "\nManual: wgmesh(8)\n");
	return code;
}

int main(int argc, char **argv)
{
	static const struct command *show = &commands[0];
	static char *no_arguments[] = { "show", NULL };

	signal(SIGPIPE, SIG_IGN);	/* a closed pager is a write error, told like any other */
	if (argc < 2)
		return show->main(show, 1, no_arguments);
	if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0 ||
	    strcmp(argv[1], "help") == 0)
		return help(stdout, TOOL_OK);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].main(&commands[i], argc - 1, argv + 1);
	fprintf(stderr, "wgmesh: no command \"%s\"\n", argv[1]);
	return help(stderr, TOOL_USAGE);
}
