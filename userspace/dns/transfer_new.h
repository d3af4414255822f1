/* SPDX-License-Identifier: Apache-2.0 */
/* Where transfers begin.  Internal to dns/. */
#ifndef WGMESH_DNS_TRANSFER_NEW_H
#define WGMESH_DNS_TRANSFER_NEW_H

#include "dns/lookup.h"
#include "dns/signature.h"
#include "dns/transfer.h"

/*
 * @match is the apex that @query asks for.  It holds the zone, and a copy of question and signature.
 * NULL: no memory.
 */
struct transfer *transfer_new(struct zone *zone, const struct zone_match *match,
			      const knot_pkt_t *query, const struct signature *signature);

#endif
