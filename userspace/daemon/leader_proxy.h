/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that another node is to answer: the leader, or the node that is asked about.  A call is
 * passed on once; who gets it a second time says so instead.
 *
 * In whose name: voters are believed when they name the caller, for whoever votes can rewrite the
 * state anyway.  Other nodes are not, lest one of them that has fallen into wrong hands names an
 * administrator: they pass on what needs no name, what is their own, and reads of one answer that
 * everybody may make.  With --leader-proxy off a node passes nothing on to the leader.
 *
 * Streams go the same way (rpc/relay.h).  Who answers one goes on with it when another leads by
 * then: it is asked for the leader when it begins.  When who answers is lost, it ends with
 * ERR_UNAVAILABLE and the word to call again.  Owner thread.
 */
#ifndef WGMESH_DAEMON_LEADER_PROXY_H
#define WGMESH_DAEMON_LEADER_PROXY_H

#include "base/error.h"

struct daemon;
struct node;
struct rpc_call;
struct rpc_channel;
struct rpc_onward;

/*
 * Where @call goes that the leader is to answer: *@ret is left alone when that is this node. 
 * ERR_UNAVAILABLE: there is no leader at the moment; ERR_PRECONDITION: the caller has to ask
 * there himself, the text says where.
 */
int leader_proxy_route(struct daemon *d, const struct rpc_call *call, struct rpc_onward *ret,
		       struct error *err);

/* Whether this node leads and may answer; the text of the error says who does. */
int leader_proxy_check_here(struct daemon *d, struct error *err);

/* To a node of the mesh, by all its addresses, and to no other; the caller's. */
int leader_proxy_open(struct daemon *d, const struct node *node, struct rpc_channel **ret,
		      struct error *err);

/*
 * Forgets the channel to the leader: calls that are on their way go on, the next one opens another.
 */
void leader_proxy_reset(struct daemon *d);

#endif
