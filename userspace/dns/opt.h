/* SPDX-License-Identifier: Apache-2.0 */
/* The OPT record of an answer (EDNS, RFC 6891).  Internal to dns/; any thread. */
#ifndef WGMESH_DNS_OPT_H
#define WGMESH_DNS_OPT_H

#include <libknot/packet/pkt.h>

/* @ret is without an owner when @query has none, and so the answer gets none.  Keeps room for it. */
void opt_begin(const knot_pkt_t *query, knot_pkt_t *reply, knot_rrset_t *ret);
/* Behind all other records. */
void opt_end(knot_pkt_t *reply, knot_rrset_t *opt, uint16_t rcode);

#endif
