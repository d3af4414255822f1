/* SPDX-License-Identifier: Apache-2.0 */
/* A node's files before it first runs: state folder, local database, keys.  Blocking. */
#ifndef WGMESH_DAEMON_NODE_FILES_H
#define WGMESH_DAEMON_NODE_FILES_H

#include "daemon/settings.h"
#include "store/local_store.h"

/* The name in the local database that says: this node founds its mesh. */
#define NODE_FILES_FOUNDER "founder"

/* Makes the state folder and its subfolder @sub ("identity"), mode 0700, where they are missing. */
int node_files_make(const struct settings *s, const char *sub, struct error *err);

/* ERR_EXISTS, with the remedy, when the folder belongs to a node already. */
int node_files_check_new(const struct settings *s, struct error *err);

/* The local database with the settings and a new WireGuard key; the caller closes it. */
int node_files_local(const struct settings *s, struct local_store **ret, struct error *err);

#endif
