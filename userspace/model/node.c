// SPDX-License-Identifier: Apache-2.0
#include "model/node.h"

#include <string.h>

static bool is_label_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Ends in front of the '.' or NUL behind the label; NULL: not a label. */
static const char *skip_label(const char *p)
{
	const char *start = p;

	while (is_label_char(*p) || *p == '-')
		p++;
	if (p == start || *start == '-' || p[-1] == '-')
		return NULL;
	return p;
}

bool node_id_valid(const char *id)
{
	size_t len = strnlen(id, NODE_ID_MAX + 1);
	const char *p = id;

	if (len == 0 || len > NODE_ID_MAX)
		return false;
	for (;;) {
		p = skip_label(p);
		if (!p)
			return false;
		if (!*p)
			return true;
		if (*p++ != '.')
			return false;
	}
}

/* A unicast address that a packet could be sent to. */
static bool is_reachable(const struct ip *ip)
{
	static const uint8_t zero[16];

	if (ip->family == AF_INET)
		return ip->bytes[0] != 0 && ip->bytes[0] < 224;
	return ip->family == AF_INET6 && ip->bytes[0] != 0xff && memcmp(ip->bytes, zero, 16) != 0;
}

static int validate_endpoints(const struct node *node, struct error *err)
{
	char text[IP_TEXT_MAX];

	if (node->primary_endpoint.family != AF_UNSPEC && !is_reachable(&node->primary_endpoint))
		return error_set(err, ERR_INVALID,
				 "primary_endpoint %s is no unicast address; give the address that "
				 "others reach this node at, or leave it out behind a NAT",
				 ip_format(&node->primary_endpoint, text));
	if (node->n_endpoints > NODE_ENDPOINTS_MAX)
		return error_set(err, ERR_INVALID, "endpoints has %u addresses; give %d at most",
				 node->n_endpoints, NODE_ENDPOINTS_MAX);
	for (unsigned int i = 0; i < node->n_endpoints; i++)
		if (!is_reachable(&node->endpoints[i]))
			return error_set(err, ERR_INVALID,
					 "endpoints[%u] \"%s\" is no unicast address; leave it out",
					 i, ip_format(&node->endpoints[i], text));
	return 0;
}

int node_validate(const struct node *node, struct error *err)
{
	if (!node_id_valid(node->id))
		return error_set(err, ERR_INVALID,
				 "id \"%.80s\" is no node id; use 1 to %d of a-z, 0-9, '-' and "
				 "'.', as in a host name", node->id, NODE_ID_MAX);
	if (key_is_zero(&node->public_key))
		return error_set(err, ERR_INVALID,
				 "public_key is missing; give the node's WireGuard public key, "
				 "32 bytes in base64");
	if (node->wireguard_port == 0 && node_is_public(node))
		return error_set(err, ERR_INVALID,
				 "wireguard_port is 0 on a node with a primary_endpoint; give the "
				 "port that its WireGuard listens on (1 to 65535)");
	if (node->role != NODE_OBSERVER && node->role != NODE_VOTER)
		return error_set(err, ERR_INVALID, "role %d is unknown; use voter or observer",
				 (int)node->role);
	return validate_endpoints(node, err);
}

bool node_is_public(const struct node *node)
{
	return node->primary_endpoint.family != AF_UNSPEC;
}

struct ip node_ipv6_address(const struct node *node)
{
	struct ip ip = node->ipv6.ip;

	ip.bytes[15] = 1;
	return ip;
}

static bool has_family(const struct node *node, sa_family_t family)
{
	if (node->primary_endpoint.family == family)
		return true;
	for (unsigned int i = 0; i < node->n_endpoints; i++)
		if (node->endpoints[i].family == family)
			return true;
	return false;
}

unsigned int node_families(const struct node *node)
{
	if (!node_is_public(node))
		return 0;
	return (has_family(node, AF_INET) ? NODE_IPV4 : 0U) |
	       (has_family(node, AF_INET6) ? NODE_IPV6 : 0U);
}

/* Who is behind a NAT says nothing of his own families. */
static const struct ip *seen_from(const struct node *node, const struct node *from)
{
	if (!node_is_public(from) || has_family(from, node->primary_endpoint.family))
		return &node->primary_endpoint;
	for (unsigned int i = 0; i < node->n_endpoints; i++)
		if (has_family(from, node->endpoints[i].family))
			return &node->endpoints[i];
	return &node->primary_endpoint;
}

bool node_wireguard_endpoint(const struct node *node, const struct node *from, struct endpoint *ret)
{
	if (!node_is_public(node) || node->wireguard_port == 0)
		return false;
	*ret = (struct endpoint){ .ip = *seen_from(node, from), .port = node->wireguard_port };
	return true;
}

const char *node_role_name(enum node_role role)
{
	return role == NODE_VOTER ? "voter" : "observer";
}

bool node_role_parse(const char *text, enum node_role *ret)
{
	if (strcmp(text, "voter") == 0)
		*ret = NODE_VOTER;
	else if (strcmp(text, "observer") == 0)
		*ret = NODE_OBSERVER;
	else
		return false;
	return true;
}
