/* SPDX-License-Identifier: Apache-2.0 */
/* What the subcommands of wgmesh share: their table, exit codes, options. */
#ifndef WGMESH_WGMESH_TOOL_H
#define WGMESH_WGMESH_TOOL_H

#include <stdbool.h>

#include "base/error.h"
#include "netlink/mesh.h"

/* Exit codes: 0 done, 1 it failed (the reason is on standard error), 2 wrong usage. */
enum { TOOL_OK = 0, TOOL_FAILED = 1, TOOL_USAGE = 2 };

struct command {
	const char *name;
	int (*main)(const struct command *self, int argc, char **argv);	/* argv[0]: the name */
	const char *usage;	/* behind "wgmesh NAME " */
	const char *help;	/* one line */
};

int show_main(const struct command *self, int argc, char **argv);
int dump_main(const struct command *self, int argc, char **argv);
int monitor_main(const struct command *self, int argc, char **argv);
int lookup_main(const struct command *self, int argc, char **argv);
int stats_main(const struct command *self, int argc, char **argv);
int apply_main(const struct command *self, int argc, char **argv);
int peer_main(const struct command *self, int argc, char **argv);
int mesh_main(const struct command *self, int argc, char **argv);

/* Says what went wrong on standard error; returns TOOL_FAILED. */
int tool_fail(const struct error *err);
/* Says what is wrong with the command line, and the usage; returns TOOL_USAGE. */
int tool_usage(const struct command *self, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Takes the options of a subcommand that knows only -j (@json NULL: none at all); afterwards
 * *ret_args are the arguments, *ret_count of them.  0, or TOOL_USAGE when it said why.
 */
int tool_options(const struct command *self, int argc, char **argv, bool *json, char ***ret_args,
		 int *ret_count);

/* As above for a command with -j and -d: *ret_format is 'j', 'd', or 0 for people. */
int tool_formats(const struct command *self, int argc, char **argv, int *ret_format,
		 char ***ret_args, int *ret_count);

/* Flushes standard output: TOOL_FAILED when not all of it could be written, else @code. */
int tool_finish(int code);

/*
 * Calls @fn with the mesh @ifname, or with every mesh when it is NULL.  The list
 * is complete before the first call, so @fn may use @client.  Returns what @fn
 * does when that is not 0.
 */
int tool_each_mesh(struct mesh_client *client, const char *ifname, mesh_info_fn *fn, void *data,
		   struct error *err);

#endif
