/* SPDX-License-Identifier: Apache-2.0 */
/* The subcommands of wgmeshd; argv[0] is the subcommand's name.  Each returns an exit code. */
#ifndef WGMESH_DAEMON_COMMANDS_H
#define WGMESH_DAEMON_COMMANDS_H

#include "base/error.h"

enum {
	EXIT_OK = 0,
	EXIT_ERROR = 1,
	EXIT_USAGE = 2,
	ADMIN_SECONDS = 365 * 86400,	/* that an administrator's certificate holds */
};

int init_main(int argc, char **argv);	/* found a mesh */
int join_main(int argc, char **argv);	/* get an identity for a token */
int run_main(int argc, char **argv);	/* be the daemon */
int recover_main(int argc, char **argv);	/* go on alone */
int down_main(int argc, char **argv);	/* take down what a stopped daemon has left */
int admin_main(int argc, char **argv);	/* make an administrator's identity */
int config_main(int argc, char **argv);	/* look at the settings */

/* "wgmeshd: TEXT" on standard error; EXIT_USAGE for ERR_INVALID, else EXIT_ERROR. */
int command_fail(const struct error *err);

#endif
