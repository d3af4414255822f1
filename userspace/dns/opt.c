// SPDX-License-Identifier: Apache-2.0
#include "dns/opt.h"

#include <libknot/errcode.h>
#include <libknot/rrtype/opt.h>

#include "dns/answer.h"

/* RFC 6891, 6.1.1: who shows one gets one. */
void opt_begin(const knot_pkt_t *query, knot_pkt_t *reply, knot_rrset_t *ret)
{
	knot_rrset_init_empty(ret);
	if (!knot_pkt_has_edns(query) ||
	    knot_edns_init(ret, DNS_UDP_MAX, 0, KNOT_EDNS_VERSION, NULL) != KNOT_EOK)
		return;
	if (knot_edns_do(query->opt_rr))
		knot_edns_set_do(ret);	/* RFC 3225, 3 */
	knot_pkt_reserve(reply, (uint16_t)knot_edns_wire_size(ret));
}

void opt_end(knot_pkt_t *reply, knot_rrset_t *opt, uint16_t rcode)
{
	if (!opt->owner)
		return;
	knot_pkt_reclaim(reply, (uint16_t)knot_edns_wire_size(opt));
	knot_edns_set_ext_rcode(opt, (uint8_t)(rcode >> 4));
	knot_pkt_begin(reply, KNOT_ADDITIONAL);
	knot_pkt_put(reply, KNOT_COMPR_HINT_NONE, opt, KNOT_PF_NOTRUNC);
	knot_rrset_clear(opt, NULL);
}
