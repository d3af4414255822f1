/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to netlink/: what a client of route netlink is made of. */
#ifndef WGMESH_NETLINK_LINK_CLIENT_H
#define WGMESH_NETLINK_LINK_CLIENT_H

#include "netlink/link.h"
#include "netlink/nlsocket.h"

struct link_client {
	struct nlsocket *socket;
};

/* Sends @m and lets go of it. */
int link_request(struct link_client *c, struct message *m, answer_fn *fn, void *data,
		 struct error *err);

#endif
