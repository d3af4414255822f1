/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to netlink/: what a client of the family "wgmesh" is made of. */
#ifndef WGMESH_NETLINK_MESH_CLIENT_H
#define WGMESH_NETLINK_MESH_CLIENT_H

#include "netlink/genl.h"

struct mesh_client {
	struct genl *genl;
};

#endif
