/* SPDX-License-Identifier: Apache-2.0 */
/* The records of a zone, one at a time: no name here has two of a type.  Internal to dns/; any thread. */
#ifndef WGMESH_DNS_RECORD_H
#define WGMESH_DNS_RECORD_H

#include <libknot/rrset.h>
#include <stdbool.h>

#include "dns/lookup.h"

enum {
	/*
	 * Of the longest, the text of a node: 2 + NODE_ENDPOINTS_MAX strings with an address each, and
	 * those of id and ports.
	 */
	RECORD_DATA_MAX = 2048,
	RECORD_TYPES = 6,
};

/* Points into itself: it is not to be copied. */
struct record {
	knot_rrset_t set;
	struct {
		uint16_t len;
		uint8_t data[RECORD_DATA_MAX];
	} rdata;
};

/* All types that there are, in the order of a transfer. */
extern const uint16_t record_types[RECORD_TYPES];

/*
 * The record of @type that the match has, with @owner, which is borrowed, for its name.  False:
 * it has none.
 */
bool record_find(const struct zone *zone, const struct zone_match *match, uint8_t *owner,
		 uint16_t type, struct record *ret);

#endif
