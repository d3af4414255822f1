/* SPDX-License-Identifier: Apache-2.0 */
/* A node as v1.MeshNode, with the memory that the message points into. */
#ifndef WGMESH_DAEMON_API_MESH_H
#define WGMESH_DAEMON_API_MESH_H

#include "daemon/daemon.h"
#include "model/node.h"
#include "v1/mesh_messages.pb-c.h"

struct mesh_node {
	V1__MeshNode message;
	char id[NODE_ID_MAX + 1];
	char primary[IP_TEXT_MAX];
	char endpoints[NODE_ENDPOINTS_MAX][IP_TEXT_MAX];
	char *endpoint_list[NODE_ENDPOINTS_MAX];
	char key[KEY_TEXT_MAX];
	char ipv4[PREFIX_TEXT_MAX], ipv6[PREFIX_TEXT_MAX];
	Google__Protobuf__Timestamp created, updated;
};

/* @out must not move as long as its message is used. */
void mesh_node_fill(struct daemon *d, const struct node *node, struct mesh_node *out);

#endif
