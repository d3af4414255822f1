// SPDX-License-Identifier: Apache-2.0
#include "dns/transfer.h"

#include <libknot/errcode.h>
#include <stdlib.h>
#include <string.h>

#include "dns/opt.h"
#include "dns/record.h"
#include "dns/transfer_new.h"

/* RFC 5936, 2.2: the SOA record is the first one and the last one. */
enum step { STEP_SOA, STEP_NS, STEP_HOSTS, STEP_SOA_AGAIN, STEP_END };

struct transfer {
	struct zone *zone;
	knot_pkt_t *query;	/* its bytes are ours */
	struct signature signature;
	struct zone_match apex;
	enum step step;
	size_t host;		/* in the order of the part */
	int type;		/* of record_types, of this host */
};

/* ---- record by record ---- */

/* NULL: the part has no more of them. */
static const struct zone_host *host_at(const struct transfer *t)
{
	const struct zone *zone = t->zone;
	enum zone_part part = t->apex.part;
	const struct zone_host *host;

	if (part == ZONE_FORWARD)
		return t->host < zone->n_hosts ? &zone->hosts[t->host] : NULL;
	if (t->host >= zone->n_by_address[part])
		return NULL;
	host = zone->by_address[part][t->host];
	return prefix_contains(&t->apex.range, zone_host_address(host, part)) ? host : NULL;
}

static void name_of(const struct transfer *t, const struct zone_host *host,
		    uint8_t ret[ZONE_NAME_MAX])
{
	if (t->apex.part == ZONE_FORWARD)
		zone_host_name(t->zone, host, ret);
	else
		zone_address_name(zone_host_address(host, t->apex.part), ret);
}

static int put_apex(const struct transfer *t, knot_pkt_t *pkt, uint16_t type)
{
	struct zone_match apex = t->apex;
	struct record record;

	apex.host = NULL;
	record_find(t->zone, &apex, (uint8_t *)knot_pkt_qname(t->query), type, &record);
	return knot_pkt_put(pkt, KNOT_COMPR_HINT_QNAME, &record.set, KNOT_PF_NOTRUNC);
}

static int put_hosts(struct transfer *t, knot_pkt_t *pkt)
{
	struct zone_match match = { .answer = ZONE_FOUND, .part = t->apex.part };
	uint8_t name[ZONE_NAME_MAX];
	struct record record;

	for (; (match.host = host_at(t)); t->host++, t->type = 0) {
		name_of(t, match.host, name);
		for (; t->type < RECORD_TYPES; t->type++) {
			int r = KNOT_EOK;

			if (record_find(t->zone, &match, name, record_types[t->type], &record))
				r = knot_pkt_put(pkt, KNOT_COMPR_HINT_NONE, &record.set,
						 KNOT_PF_NOTRUNC);
			if (r != KNOT_EOK)
				return r;
		}
	}
	return KNOT_EOK;
}

/* Until the message is full. */
static void put_records(struct transfer *t, knot_pkt_t *pkt)
{
	int r = KNOT_EOK;

	for (; t->step < STEP_END; t->step++) {
		if (t->step == STEP_HOSTS)
			r = put_hosts(t, pkt);
		else
			r = put_apex(t, pkt, t->step == STEP_NS ? KNOT_RRTYPE_NS : KNOT_RRTYPE_SOA);
		if (r != KNOT_EOK)
			return;
	}
}

/* ---- message by message ---- */

static size_t fill(struct transfer *t, knot_pkt_t *pkt)
{
	uint16_t room = signature_room(&t->signature, t->query);
	knot_rrset_t opt;

	if (knot_pkt_init_response(pkt, t->query) != KNOT_EOK)
		return 0;
	knot_wire_set_aa(pkt->wire);
	knot_pkt_reserve(pkt, room);
	opt_begin(t->query, pkt, &opt);
	knot_pkt_begin(pkt, KNOT_ANSWER);
	put_records(t, pkt);
	opt_end(pkt, &opt, KNOT_RCODE_NOERROR);
	knot_pkt_reclaim(pkt, room);
	return signature_put(&t->signature, t->query, pkt) ? pkt->size : 0;
}

size_t transfer_next(struct transfer *t, uint8_t *out)
{
	knot_pkt_t *pkt;
	size_t len;

	if (t->step == STEP_END)
		return 0;
	pkt = knot_pkt_new(out, TRANSFER_MESSAGE_MAX, NULL);
	len = pkt ? fill(t, pkt) : 0;
	knot_pkt_free(pkt);
	return len;
}

/* ---- life ---- */

/* Parsed anew: a packet points into its bytes.  Without the signature, which was cut off when it was read. */
static knot_pkt_t *copy_query(const knot_pkt_t *query)
{
	uint8_t *wire = malloc(query->size);
	knot_pkt_t *copy = wire ? knot_pkt_new(wire, (uint16_t)query->size, NULL) : NULL;

	if (wire)
		memcpy(wire, query->wire, query->size);
	if (copy && knot_pkt_parse(copy, 0) == KNOT_EOK)
		return copy;
	knot_pkt_free(copy);
	free(wire);
	return NULL;
}

struct transfer *transfer_new(struct zone *zone, const struct zone_match *match,
			      const knot_pkt_t *query, const struct signature *signature)
{
	struct transfer *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->query = copy_query(query);
	if (!t->query) {
		free(t);
		return NULL;
	}
	t->zone = zone_ref(zone);
	t->apex = *match;
	t->apex.apex = knot_pkt_qname(t->query);
	t->signature = *signature;
	if (match->part != ZONE_FORWARD)
		t->host = zone_first_at(zone, match->part, &match->range.ip);
	return t;
}

void transfer_free(struct transfer *t)
{
	uint8_t *wire;

	if (!t)
		return;
	wire = t->query->wire;
	knot_pkt_free(t->query);
	free(wire);
	zone_unref(t->zone);
	free(t);
}
