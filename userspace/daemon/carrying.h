/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this node carries for the mesh, as its settings say or because it bridges address families
 * (model/plan.h): forwarding, and the table of nftables beside it.  A host that carries nothing
 * is left alone.  Owner thread.
 */
#ifndef WGMESH_DAEMON_CARRYING_H
#define WGMESH_DAEMON_CARRYING_H

#include "daemon/settings.h"
#include "dataplane/dataplane.h"
#include "store/local_store.h"

struct carrying {
	bool settled;			/* the host is as the rest says */
	struct route_list routes;
	bool masquerade_ipv4, masquerade_ipv6;
	bool bridges;
	char trouble[ERROR_TEXT_MAX];	/* why it is not; "": it is */
};

/*
 * Once this node is in the mesh, and whenever its settings or @bridges may be others; without
 * effect when they are not.  A failure is logged when it is another one than before, and tried
 * again with the next call.
 */
void carrying_update(struct carrying *c, const struct settings *settings, bool bridges,
		     struct dataplane *dp, struct local_store *local);

#endif
