/* SPDX-License-Identifier: Apache-2.0 */
/* What a zone has by the name of it.  Internal to dns/; any thread. */
#ifndef WGMESH_DNS_LOOKUP_H
#define WGMESH_DNS_LOOKUP_H

#include "dns/zone.h"

/* The parts of a zone, each of which is a zone, or some, to those who ask. */
enum zone_part { ZONE_FORWARD, ZONE_IPV4, ZONE_IPV6, ZONE_PARTS };

/* A node, as much of it as DNS tells. */
struct zone_host {
	/*
	 * The labels of its id from the last to the first, each with a NUL behind: in the order of
	 * these are names in canonical order (RFC 4034, 6.1), and those below one directly behind it.
	 */
	char key[NODE_ID_MAX + 2];
	uint8_t key_len;
	uint8_t n_endpoints;
	uint16_t raft_port, grpc_port, wireguard_port;
	uint32_t endpoints;	/* the first of them, in zone->endpoints */
	struct ip primary_endpoint, ipv4, ipv6;
};

struct zone {
	unsigned int holders;		/* atomic */
	struct mesh mesh;
	uint32_t serial;
	uint8_t domain[ZONE_NAME_MAX], self[ZONE_NAME_MAX];	/* on the wire, uncompressed */
	struct zone_host *hosts;	/* by key */
	struct ip *endpoints;
	size_t n_hosts, cap_hosts, n_endpoints, cap_endpoints;
	/* those who have an address, by it; [ZONE_FORWARD] is not used */
	const struct zone_host **by_address[ZONE_PARTS];
	size_t n_by_address[ZONE_PARTS];
};

enum zone_answer {
	ZONE_OUTSIDE,	/* none of ours */
	ZONE_MISSING,	/* there is no such name */
	ZONE_EMPTY,	/* there is, for those below it (RFC 8020), but without records */
	ZONE_FOUND,	/* an apex, a host, or both */
};

struct zone_match {
	enum zone_answer answer;
	enum zone_part part;
	const uint8_t *apex;		/* of the zone that it is in: the end of the name */
	bool is_apex;
	const struct zone_host *host;	/* NULL: it is none's */
	struct prefix range;		/* of an address part: those with this name's end */
};

/* @name: on the wire, uncompressed, in lower case; outlives @ret. */
void zone_lookup(const struct zone *zone, const uint8_t *name, struct zone_match *ret);

/* Its position in the order of the part, [0, n_by_address]: the first host at or behind @ip. */
size_t zone_first_at(const struct zone *zone, enum zone_part part, const struct ip *ip);

const struct ip *zone_host_address(const struct zone_host *host, enum zone_part part);
/* The id, as text. */
char *zone_host_id(const struct zone_host *host, char ret[NODE_ID_MAX + 1]);
/* Its name on the wire. */
void zone_host_name(const struct zone *zone, const struct zone_host *host,
		    uint8_t ret[ZONE_NAME_MAX]);
/* The name of its address. */
void zone_address_name(const struct ip *ip, uint8_t ret[ZONE_NAME_MAX]);

#endif
