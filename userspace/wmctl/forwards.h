/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All ports that one run of wmctl port-forward has lead somewhere, each by a data channel of its own.  Has a loop
 * of its own, and the engine's thread; the caller's thread alone.
 */
#ifndef WGMESH_WMCTL_FORWARDS_H
#define WGMESH_WMCTL_FORWARDS_H

#include <stddef.h>

#include "base/error.h"
#include "wmctl/forwarding.h"

struct session;

enum { FORWARDS_MAX = 16 };	/* a node has as many for one identity */

/*
 * Goes on until SIGINT or SIGTERM, which is 0, or until there is one of them that cannot go on,
 * which is an error.
 */
int forwards_run(struct session *s, const char *node, const struct forwarding *what, size_t count,
		 struct error *err);

#endif
