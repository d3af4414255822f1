/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that runs beside the daemon for as long as it does: started without a shell, with a
 * user's rights that are none of ours, with no descriptor and no variable of ours; again when it has
 * ended, later each time; and killed with us, however we end.  The log tells its comings and goings,
 * and at level debug what it says.  Owner thread, which has to be the process's first.
 */
#ifndef WGMESH_DAEMON_CHILD_H
#define WGMESH_DAEMON_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "base/error.h"

/* The file that the program is given; it is in no folder, and of its user alone. */
#define CHILD_FILE "/proc/self/fd/3"

enum {
	CHILD_AGAIN_MS = 1000,		/* to the first new start, doubled with each */
	CHILD_AGAIN_MAX_MS = 60 * 1000,
	CHILD_STEADY_MS = 60 * 1000,	/* who runs so long begins with the first again */
};

struct child_config {
	const char *program;		/* its path */
	const char *package;		/* that has it and its user, for the log */
	const char *const *arguments;	/* the name first, NULL last */
	const char *user;
	const void *file;		/* content of CHILD_FILE; a secret; need not outlive child_new() */
	size_t file_len;
};

struct child;

/*
 * Starts it in a later turn of the loop; that it cannot be started is told in the log, and tried
 * again.  The texts of @config outlive it.
 */
int child_new(uv_loop_t *loop, const struct child_config *config, struct child **ret,
	      struct error *err);
/* It is gone at return.  The loop lets go of it in a later turn. */
void child_free(struct child *c);

bool child_runs(const struct child *c);

#endif
