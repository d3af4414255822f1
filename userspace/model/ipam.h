/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arithmetic of address allocation.  Every address that can be leased is a
 * number in one of two pools; store/ finds a free number by index, and the
 * functions here turn networks into ranges of numbers and numbers into addresses.
 *
 * The leader picks a number when it proposes; the lease is taken only when the
 * entry is applied.  In between the number sits in a set of reservations, so that
 * joins in flight at the same time get different ones:
 *
 *	state_find_ipv4(..., set, &number);  ipam_reserve(set, ...);  propose;
 *	applied, failed or leadership lost:  ipam_release(set, ...)
 *
 * Should two entries carry one number all the same (a new leader does not know
 * what the old one had in flight), the later fails whole with ERR_EXISTS and its
 * proposer picks again.  The set is its owner's alone; not thread-safe.
 */
#ifndef WGMESH_MODEL_IPAM_H
#define WGMESH_MODEL_IPAM_H

#include "base/addr.h"
#include "base/error.h"

/* The numbers are stored.  IPv4: the address; IPv6: the upper 64 bits of a /64. */
enum ipam_pool { IPAM_IPV4 = 4, IPAM_IPV6 = 6 };

struct ipam_range {
	uint64_t first, last;	/* both usable */
};

/* Hosts of @network (30 bits at most) without network and broadcast address. */
struct ipam_range ipam_ipv4_range(const struct prefix *network);
struct prefix ipam_ipv4_address(const struct prefix *network, uint64_t number);
uint64_t ipam_ipv4_number(const struct ip *address);

/* All /64 of @ula (63 bits at most) but the first, which is kept for the mesh itself. */
struct ipam_range ipam_ipv6_range(const struct prefix *ula);
struct prefix ipam_ipv6_network(uint64_t number);
uint64_t ipam_ipv6_number(const struct ip *network);

/* A number of @range that depends on all of @random: where to begin to look. */
uint64_t ipam_pick(const struct ipam_range *range, const uint8_t random[8]);

struct ipam_reservations;

/* NULL: no memory.  At most @max (1 to 65536) numbers at a time. */
struct ipam_reservations *ipam_reservations_new(unsigned int max);
void ipam_reservations_free(struct ipam_reservations *set);

/* ERR_EXISTS: already reserved; ERR_EXHAUSTED: too many in flight, try again later. */
int ipam_reserve(struct ipam_reservations *set, enum ipam_pool pool, uint64_t number,
		 struct error *err);
/* Releasing what is not reserved is harmless. */
void ipam_release(struct ipam_reservations *set, enum ipam_pool pool, uint64_t number);
void ipam_release_all(struct ipam_reservations *set);	/* leadership lost */
/* @set may be NULL: nothing is reserved. */
bool ipam_reserved(const struct ipam_reservations *set, enum ipam_pool pool, uint64_t number);

#endif
