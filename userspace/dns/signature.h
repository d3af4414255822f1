/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures of messages (TSIG, RFC 8945): of a question, and of what is answered to it.  Internal to
 * dns/; any thread.
 */
#ifndef WGMESH_DNS_SIGNATURE_H
#define WGMESH_DNS_SIGNATURE_H

#include <libknot/packet/pkt.h>
#include <libknot/tsig.h>

#include "dns/keys.h"

enum { SIGNATURE_MAC_MAX = 64 };

struct dns_keys {
	knot_tsig_key_t items[DNS_KEYS_MAX];
	unsigned int count;
};

struct signature {
	const knot_tsig_key_t *key;	/* NULL: nothing is signed */
	bool shown;			/* the question had one, right or wrong */
	uint16_t error;			/* what is wrong with it, as TSIG has it; 0: nothing */
	uint64_t time;			/* when the question was signed, as it says */
	uint8_t mac[SIGNATURE_MAC_MAX];	/* the one that the next is made with */
	size_t mac_len;
	bool goes_on;			/* an answer was signed already */
};

/*
 * Returns the code of the answer: NOERROR when there is no signature, or a right one, NOTAUTH with
 * @ret->error for one that is wrong.  @query must have been parsed whole.
 */
uint16_t signature_check(const struct dns_keys *keys, const knot_pkt_t *query,
			 struct signature *ret);

/* Bytes that an answer needs for its own; 0: it gets none. */
uint16_t signature_room(const struct signature *s, const knot_pkt_t *query);
/* Behind the last record.  False: it could not be made, and the answer is of no use. */
bool signature_put(struct signature *s, const knot_pkt_t *query, knot_pkt_t *reply);

#endif
