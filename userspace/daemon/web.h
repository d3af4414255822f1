/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Browsers at this node: as web-address says, none by default.  Where it cannot listen the log says
 * so, and it is tried again: the mesh does not depend on it.  Owner thread.
 */
#ifndef WGMESH_DAEMON_WEB_H
#define WGMESH_DAEMON_WEB_H

#include "base/error.h"

struct daemon;
struct web;

/* ERR_MEMORY. */
int web_new(struct daemon *d, struct web **ret, struct error *err);
/* All who are there are hung up on; nothing is served any more. */
void web_stop(struct web *web);
void web_free(struct web *web);	/* NULL is fine */

/* For every second: listens where the settings say. */
void web_refresh(struct web *web);
/* This node's identity is another by now. */
int web_show_identity(struct web *web, struct error *err);

#endif
