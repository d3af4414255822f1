/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node: one machine of the mesh, as the replicated state holds it.
 *
 * A plain value without pointers (about 500 bytes): assignment copies it, and
 * there is nothing to free.  Code that walks a hundred thousand nodes sees them
 * one at a time and keeps only what it needs (model/plan.h does).  Any thread.
 */
#ifndef WGMESH_MODEL_NODE_H
#define WGMESH_MODEL_NODE_H

#include "base/addr.h"
#include "base/error.h"
#include "base/key.h"

/* Bits: the families of the addresses that a node may be called at. */
enum { NODE_IPV4 = 1 << 0, NODE_IPV6 = 1 << 1, NODE_BOTH = NODE_IPV4 | NODE_IPV6 };

enum {
	NODE_ID_MAX = 63,	/* characters, without the NUL */
	NODE_ENDPOINTS_MAX = 16,
};

/* What the node was let in as; the numbers are stored. */
enum node_role { NODE_OBSERVER = 0, NODE_VOTER = 1 };

struct node {
	char id[NODE_ID_MAX + 1];
	struct key public_key;
	struct ip primary_endpoint;		/* AF_UNSPEC: behind a NAT */
	struct ip endpoints[NODE_ENDPOINTS_MAX];	/* others that it may be reached at */
	unsigned int n_endpoints;
	uint16_t raft_port, grpc_port, wireguard_port;	/* 0: it does not listen */
	struct prefix ipv4;	/* own address with the network's length; AF_UNSPEC: none */
	struct prefix ipv6;	/* own network, a /64 without host bits; AF_UNSPEC: not yet given */
	enum node_role role;
	uint64_t server_id;	/* in the Raft group, below 2^63; 0: not a member */
	int64_t created_at, updated_at;	/* ns since the epoch; first and last join */
};

/*
 * 1-63 characters, labels of a-z 0-9 and inner '-', separated by single dots (RFC 1123, lower
 * case).
 */
bool node_id_valid(const char *id);

/*
 * What a Join may bring: id, key, endpoints, ports.  Addresses and times are
 * the leader's and not looked at.  ERR_INVALID names field and remedy.
 */
int node_validate(const struct node *node, struct error *err);

bool node_is_public(const struct node *node);

/* By what a public node says; 0: behind a NAT, whose families nobody knows. */
unsigned int node_families(const struct node *node);

/* The node's own address inside its /64: the one that ends in ::1.  @node has an ipv6. */
struct ip node_ipv6_address(const struct node *node);

/*
 * Where its WireGuard listens, as @from can call it: the primary endpoint, or if @from has none of
 * that family the first of one that it has.  False: behind a NAT, or it does not listen.
 */
bool node_wireguard_endpoint(const struct node *node, const struct node *from,
			     struct endpoint *ret);

/* Text "voter" or "observer", as in tokens and on the command line. */
const char *node_role_name(enum node_role role);
bool node_role_parse(const char *text, enum node_role *ret);

#endif
