// SPDX-License-Identifier: Apache-2.0
#include "dns/answer.h"

#include <libknot/errcode.h>
#include <libknot/packet/pkt.h>
#include <string.h>

#include "dns/opt.h"
#include "dns/record.h"
#include "dns/signature.h"
#include "dns/transfer_new.h"

struct exchange {
	struct zone *zone;
	const struct dns_keys *keys;
	bool tcp;
	knot_pkt_t *query, *reply;
	knot_rrset_t opt;	/* of the reply; without an owner: there is none */
	uint16_t rcode;		/* with the bits that are in @opt */
	bool cut;		/* nothing but the wish for TCP is answered */
	struct signature signature;
	struct transfer *transfer;	/* what is answered instead */
};

/* ---- what is asked for ---- */

/* Into the section that has begun.  What does not fit is told by the truncation bit, unless @flags says not. */
static bool put_record(struct exchange *x, const struct zone_match *match, uint8_t *owner,
		       uint16_t hint, uint16_t type, uint16_t flags)
{
	struct record record;

	if (!record_find(x->zone, match, owner, type, &record))
		return false;
	knot_pkt_put(x->reply, hint, &record.set, flags);
	return true;
}

/* The addresses of the name server that the answer names. */
static void put_glue(struct exchange *x)
{
	uint8_t name[ZONE_NAME_MAX];
	struct zone_match self;

	memcpy(name, x->zone->self, sizeof(name));
	zone_lookup(x->zone, name, &self);
	put_record(x, &self, name, KNOT_COMPR_HINT_NONE, KNOT_RRTYPE_A, KNOT_PF_NOTRUNC);
	put_record(x, &self, name, KNOT_COMPR_HINT_NONE, KNOT_RRTYPE_AAAA, KNOT_PF_NOTRUNC);
}

/* Who asks for one record of a node mostly wants the others next. */
static void put_additional(struct exchange *x, const struct zone_match *match, uint8_t *name,
			   uint16_t type)
{
	knot_pkt_begin(x->reply, KNOT_ADDITIONAL);
	if (type == KNOT_RRTYPE_NS || type == KNOT_RRTYPE_SOA)
		put_glue(x);
	if (match->part != ZONE_FORWARD || !match->host || type == KNOT_RRTYPE_ANY)
		return;
	for (int i = 0; i < RECORD_TYPES; i++)
		if (record_types[i] != type)
			put_record(x, match, name, KNOT_COMPR_HINT_QNAME, record_types[i],
				   KNOT_PF_NOTRUNC);
}

/* RFC 2308, 2: how long the no may be kept. */
static void put_no(struct exchange *x, const struct zone_match *match)
{
	struct zone_match apex = { .answer = ZONE_FOUND, .is_apex = true, .part = match->part };
	uint8_t name[ZONE_NAME_MAX];

	memcpy(name, match->apex, knot_dname_size(match->apex));
	knot_pkt_begin(x->reply, KNOT_AUTHORITY);
	put_record(x, &apex, name, KNOT_COMPR_HINT_NONE, KNOT_RRTYPE_SOA, KNOT_PF_SOAMINTTL);
}

/* To ANY the first that there is (RFC 8482, 4.1): it is no way to get much for little. */
static bool put_answer(struct exchange *x, const struct zone_match *match, uint8_t *name,
		       uint16_t type)
{
	if (type != KNOT_RRTYPE_ANY)
		return put_record(x, match, name, KNOT_COMPR_HINT_QNAME, type, 0);
	for (int i = 0; i < RECORD_TYPES; i++)
		if (put_record(x, match, name, KNOT_COMPR_HINT_QNAME, record_types[i], 0))
			return true;
	return false;
}

static void answer_name(struct exchange *x, uint8_t *name, uint16_t type)
{
	struct zone_match match;

	zone_lookup(x->zone, name, &match);
	if (match.answer == ZONE_OUTSIDE) {
		x->rcode = KNOT_RCODE_REFUSED;
		return;
	}
	knot_wire_set_aa(x->reply->wire);
	if (match.answer == ZONE_MISSING)
		x->rcode = KNOT_RCODE_NXDOMAIN;
	if (put_answer(x, &match, name, type))
		put_additional(x, &match, name, type);
	else
		put_no(x, &match);
}

/* RFC 1995, 2: over UDP the version that there is; who has another one asks for all of it, over TCP. */
static uint16_t type_of(const struct exchange *x)
{
	uint16_t type = knot_pkt_qtype(x->query);

	return type == KNOT_RRTYPE_IXFR && !x->tcp ? KNOT_RRTYPE_SOA : type;
}

/* Types that are none of any record (RFC 6895, 3.1), but for ANY. */
static bool is_meta(uint16_t type)
{
	return type == KNOT_RRTYPE_OPT || (type >= 249 && type <= 254);
}

/* For those alone who have a key: it is all names at once. */
static void begin_transfer(struct exchange *x, const uint8_t *name)
{
	struct zone_match match;

	if (!x->signature.key) {
		x->rcode = KNOT_RCODE_REFUSED;
		return;
	}
	zone_lookup(x->zone, name, &match);
	if (!match.is_apex) {
		x->rcode = KNOT_RCODE_NOTAUTH;
		return;
	}
	x->transfer = transfer_new(x->zone, &match, x->query, &x->signature);
	if (!x->transfer)
		x->rcode = KNOT_RCODE_SERVFAIL;
}

static void answer_question(struct exchange *x)
{
	uint16_t type = type_of(x);
	bool all = type == KNOT_RRTYPE_AXFR || type == KNOT_RRTYPE_IXFR;
	uint8_t name[ZONE_NAME_MAX];

	memcpy(name, knot_pkt_qname(x->query), x->query->qname_size);
	if (knot_pkt_qclass(x->query) != KNOT_CLASS_IN)
		x->rcode = KNOT_RCODE_REFUSED;
	else if (all ? !x->tcp : is_meta(type))
		x->rcode = KNOT_RCODE_FORMERR;
	else if (!x->zone)
		x->rcode = KNOT_RCODE_SERVFAIL;
	else if (all)
		begin_transfer(x, name);
	else
		answer_name(x, name, type);
}

/* ---- the message around it ---- */

static size_t room(const struct exchange *x)
{
	uint16_t told;

	if (x->tcp)
		return DNS_MESSAGE_MAX;
	if (!knot_pkt_has_edns(x->query))
		return DNS_UDP_MIN;
	told = knot_edns_get_payload(x->query->opt_rr);
	return told < DNS_UDP_MIN ? DNS_UDP_MIN : told < DNS_UDP_MAX ? told : DNS_UDP_MAX;
}

static bool knows_version(const struct exchange *x)
{
	return !knot_pkt_has_edns(x->query) ||
	       knot_edns_get_version(x->query->opt_rr) == KNOT_EDNS_VERSION;
}

/* What is wrong with the message, before anybody looks at the question. */
static uint16_t fault_of(struct exchange *x, int parsed)
{
	if (!knows_version(x))
		return KNOT_RCODE_BADVERS;
	if (knot_wire_get_opcode(x->query->wire) != KNOT_OPCODE_QUERY)
		return KNOT_RCODE_NOTIMPL;
	if (parsed != KNOT_EOK || !x->query->qname_size)
		return KNOT_RCODE_FORMERR;
	return x->cut ? KNOT_RCODE_NOERROR : signature_check(x->keys, x->query, &x->signature);
}

/* False: there is no answer that could be sent. */
static bool fill_reply(struct exchange *x, int parsed)
{
	uint16_t room;

	opt_begin(x->query, x->reply, &x->opt);
	x->rcode = fault_of(x, parsed);
	room = signature_room(&x->signature, x->query);
	knot_pkt_reserve(x->reply, room);
	if (x->cut)
		knot_wire_set_tc(x->reply->wire);
	else if (!x->rcode)
		answer_question(x);
	opt_end(x->reply, &x->opt, x->rcode);
	knot_pkt_reclaim(x->reply, room);
	knot_wire_set_rcode(x->reply->wire, (uint8_t)(x->rcode & 15));
	return !x->transfer && signature_put(&x->signature, x->query, x->reply);
}

/* It repeats the question, if that could be read. */
static size_t reply(struct exchange *x, uint8_t *out)
{
	int parsed = knot_pkt_parse(x->query, 0);
	size_t len = 0;

	x->reply = knot_pkt_new(out, (uint16_t)room(x), NULL);
	if (x->reply && knot_pkt_init_response(x->reply, x->query) == KNOT_EOK) {
		knot_wire_set_qdcount(out, x->query->qname_size != 0);
		if (fill_reply(x, parsed))
			len = x->reply->size;
	}
	knot_pkt_free(x->reply);
	return len;
}

/* An answer is never answered, or two servers could do so for ever. */
static bool is_query(const struct dns_query *query)
{
	return query->len >= DNS_HEADER && query->len <= DNS_MESSAGE_MAX &&
	       !knot_wire_get_qr(query->data);
}

static size_t answer(struct exchange *x, const struct dns_query *query, uint8_t *out)
{
	size_t len;

	if (!is_query(query))
		return 0;
	x->query = knot_pkt_new(query->data, (uint16_t)query->len, NULL);
	if (!x->query)
		return 0;
	len = reply(x, out);
	knot_pkt_free(x->query);
	return len;
}

size_t dns_answer(const struct dns_source *source, const struct dns_query *query, uint8_t *out,
		  struct transfer **ret_transfer)
{
	struct exchange x = { .zone = source->zone, .keys = source->keys, .tcp = query->tcp };
	size_t len = answer(&x, query, out);

	if (x.transfer)
		*ret_transfer = x.transfer;
	return len;
}

size_t dns_answer_truncated(const struct dns_query *query, uint8_t *out)
{
	struct exchange x = { .cut = true };

	return answer(&x, query, out);
}
