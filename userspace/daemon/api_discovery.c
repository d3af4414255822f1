// SPDX-License-Identifier: Apache-2.0
/*
 * v1.PeerDiscovery: who of the mesh can be asked from outside.  In the API's words every node
 * with the API is a member of Raft, as a voter or not; those without a public address are nobody
 * to ask.
 */
#include <string.h>

#include "daemon/api.h"
#include "daemon/message_list.h"
#include "google/protobuf/empty.pb-c.h"
#include "rpc/message.h"
#include "store/state_query.h"
#include "v1/peer_discovery.pb-c.h"

struct found_peer {
	V1__RaftPeer message;
	char id[NODE_ID_MAX + 1];
	char address[ENDPOINT_TEXT_MAX];
};

struct peer_list {
	struct daemon *daemon;
	struct message_list peers;	/* struct found_peer */
};

static void fill(struct daemon *d, const struct node *node, struct found_peer *p)
{
	struct endpoint at = { .ip = node->primary_endpoint, .port = node->grpc_port };

	v1__raft_peer__init(&p->message);
	memcpy(p->id, node->id, sizeof(p->id));
	p->message.id = p->id;
	p->message.address = endpoint_format(&at, p->address);
	p->message.voter = replica_is_voter(d->replica, node->id);
	p->message.leader = strcmp(replica_leader(d->replica), node->id) == 0;
}

static int add(const struct node *node, void *data)
{
	struct peer_list *list = data;
	struct found_peer *p;

	if (!node_is_public(node) || !node->grpc_port)
		return 0;
	p = message_list_add(&list->peers, sizeof(*p));
	if (!p)
		return -ERR_MEMORY;
	fill(list->daemon, node, p);
	return 0;
}

void api_list_peers(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	V1__ListRaftPeersResponse m = V1__LIST_RAFT_PEERS_RESPONSE__INIT;
	struct daemon *d = user;
	struct peer_list list = { .daemon = d };
	struct error err = { 0 };
	int r = state_each_node(d->state, NULL, add, &list, &err);

	if (r == -ERR_MEMORY)
		error_set(&err, ERR_MEMORY, "no memory to list the peers");
	m.n_peers = list.peers.count;
	m.peers = (V1__RaftPeer **)list.peers.items;
	if (r == 0 && protobuf_c_message_get_packed_size(&m.base) > RPC_MESSAGE_MAX)
		r = error_set(&err, ERR_EXHAUSTED,
			      "%zu peers do not fit into one answer: ask webmesh.ext.v1.Nodes/List, page by page",
			      list.peers.count);
	if (r < 0)
		rpc_fail(call, &err);
	else
		rpc_reply(call, &m.base);
	message_list_fini(&list.peers);
}
