/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message in, a message out: what an authoritative server says (RFC 1034, 2308, 6891, 8020,
 * 8482).  It knows the zones of the mesh, and refuses to speak of others; it asks nobody.  Pure, but
 * for the clock that signatures are checked by.  Any thread.
 */
#ifndef WGMESH_DNS_ANSWER_H
#define WGMESH_DNS_ANSWER_H

#include <stdbool.h>

#include "dns/keys.h"
#include "dns/transfer.h"
#include "dns/zone.h"

enum {
	DNS_MESSAGE_MAX = 65535,
	/* Over UDP, whatever a client takes: what no path has to fragment (RFC 6891, 6.2.5). */
	DNS_UDP_MAX = 1232,
	DNS_UDP_MIN = 512,	/* what every client takes */
	DNS_HEADER = 12,
};

struct dns_query {
	uint8_t *data;		/* overwritten */
	size_t len;
	bool tcp;
};

/* What is told, and to whom. */
struct dns_source {
	struct zone *zone;	/* NULL: it is not known yet, SERVFAIL */
	const struct dns_keys *keys;	/* of those who may have all of it; NULL: nobody may */
};

/*
 * The answer to @query into @out, which has room for DNS_UDP_MAX, or over TCP for DNS_MESSAGE_MAX
 * bytes.  Returns its length, or 0: nothing is to be said, or over TCP @ret_transfer was set to what is
 * the answer, in many messages.
 */
size_t dns_answer(const struct dns_source *source, const struct dns_query *query, uint8_t *out,
		  struct transfer **ret_transfer);

/* The answer that has nothing but the wish to be asked over TCP; 0 as above. */
size_t dns_answer_truncated(const struct dns_query *query, uint8_t *out);

#endif
