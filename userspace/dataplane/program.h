/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal to dataplane/: another program, run to its end, in a session of its own, with nothing
 * of ours but what is said here: no descriptor, no environment, no signal mask.  Any thread.
 */
#ifndef WGMESH_DATAPLANE_PROGRAM_H
#define WGMESH_DATAPLANE_PROGRAM_H

#include <stddef.h>

#include "base/error.h"

enum { PROGRAM_SAID_MAX = 1024 };

struct program {
	const char *path;
	char *const *argv;	/* with the NULL at its end */
	int input;		/* its standard input; -1: none */
	int timeout_ms;
};

/*
 * Waits until it and all to whom it has given its output have ended or closed that, at most the
 * timeout, and kills it then.  *@ret_status: as waitpid(2) has it; the end of what it said, on
 * both outputs, comes in @said.  ERR_DEADLINE; ERR_UNSUPPORTED: there is no such program.
 */
int program_run(const struct program *p, int *ret_status, char said[PROGRAM_SAID_MAX],
		struct error *err);

#endif
