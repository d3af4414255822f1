// SPDX-License-Identifier: Apache-2.0
#include "dns/record.h"

#include <libknot/dname.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

enum {
	/* Seconds, for secondaries: nobody tells them of a change (RFC 1912, 2.2). */
	REFRESH = 60, RETRY = 30, EXPIRE = 7 * 86400,
	STRING_MAX = 255,	/* bytes of one string of a text (RFC 1035, 3.3) */
};

const uint16_t record_types[RECORD_TYPES] = {
	KNOT_RRTYPE_SOA, KNOT_RRTYPE_NS, KNOT_RRTYPE_A, KNOT_RRTYPE_AAAA, KNOT_RRTYPE_TXT,
	KNOT_RRTYPE_PTR,
};

static void put(struct record *r, const void *data, size_t len)
{
	memcpy(r->rdata.data + r->rdata.len, data, len);
	r->rdata.len = (uint16_t)(r->rdata.len + len);
}

static void put_u32(struct record *r, uint32_t value)
{
	uint8_t bytes[4];

	store_u32(bytes, value);
	put(r, bytes, sizeof(bytes));
}

static void put_name(struct record *r, const uint8_t *name)
{
	put(r, name, knot_dname_size(name));
}

/* hostmaster of the mesh's domain; where that leaves no room for it, the domain. */
static void put_mailbox(struct record *r, const struct zone *zone)
{
	static const char mailbox[] = "\12hostmaster";

	if (knot_dname_size(zone->domain) + sizeof(mailbox) - 1 <= ZONE_NAME_MAX)
		put(r, mailbox, sizeof(mailbox) - 1);
	put_name(r, zone->domain);
}

static void put_soa(struct record *r, const struct zone *zone)
{
	put_name(r, zone->self);
	put_mailbox(r, zone);
	put_u32(r, zone->serial);
	put_u32(r, REFRESH);
	put_u32(r, RETRY);
	put_u32(r, EXPIRE);
	put_u32(r, ZONE_NEGATIVE_TTL);
}

/* ---- the text ---- */

__attribute__((format(printf, 2, 3)))
static void put_string(struct record *r, const char *format, ...)
{
	char text[STRING_MAX + 1];
	va_list args;
	uint8_t len;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	len = (uint8_t)strlen(text);
	put(r, &len, 1);
	put(r, text, len);
}

/* As many in a string as it takes, with commas between. */
static void put_endpoints(struct record *r, const struct zone *zone, const struct zone_host *host)
{
	const struct ip *ip = zone->endpoints + host->endpoints, *end = ip + host->n_endpoints;
	char list[STRING_MAX + 1], text[IP_TEXT_MAX];
	static const char key[] = "endpoints=";

	while (ip < end) {
		size_t len = 0;

		for (; ip < end && sizeof(key) + len + IP_TEXT_MAX < sizeof(list); ip++)
			len += (size_t)sprintf(list + len, "%s%s", len ? "," : "",
					       ip_format(ip, text));
		put_string(r, "%s%s", key, list);
	}
}

static void put_text(struct record *r, const struct zone *zone, const struct zone_host *host)
{
	char id[NODE_ID_MAX + 1], ip[IP_TEXT_MAX];

	put_string(r, "id=%s", zone_host_id(host, id));
	put_string(r, "raft_port=%u", host->raft_port);
	put_string(r, "grpc_port=%u", host->grpc_port);
	put_string(r, "wireguard_port=%u", host->wireguard_port);
	put_string(r, "primary_endpoint=%s", ip_format(&host->primary_endpoint, ip));
	put_endpoints(r, zone, host);
}

/* ---- which ---- */

static void fill_apex(const struct zone *zone, uint16_t type, struct record *ret)
{
	if (type == KNOT_RRTYPE_SOA)
		put_soa(ret, zone);
	else if (type == KNOT_RRTYPE_NS)
		put_name(ret, zone->self);
}

static void fill_node(const struct zone *zone, const struct zone_host *host, uint16_t type,
		      struct record *ret)
{
	if (type == KNOT_RRTYPE_A && host->ipv4.family)
		put(ret, host->ipv4.bytes, 4);
	else if (type == KNOT_RRTYPE_AAAA && host->ipv6.family)
		put(ret, host->ipv6.bytes, 16);
	else if (type == KNOT_RRTYPE_TXT)
		put_text(ret, zone, host);
}

static void fill_address(const struct zone *zone, const struct zone_host *host, uint16_t type,
			 struct record *ret)
{
	uint8_t name[ZONE_NAME_MAX];

	if (type != KNOT_RRTYPE_PTR)
		return;
	zone_host_name(zone, host, name);
	put_name(ret, name);
}

bool record_find(const struct zone *zone, const struct zone_match *match, uint8_t *owner,
		 uint16_t type, struct record *ret)
{
	if (match->answer != ZONE_FOUND)
		return false;
	ret->rdata.len = 0;
	if (match->is_apex)
		fill_apex(zone, type, ret);
	if (match->host && match->part == ZONE_FORWARD)
		fill_node(zone, match->host, type, ret);
	else if (match->host)
		fill_address(zone, match->host, type, ret);
	if (!ret->rdata.len)
		return false;
	knot_rrset_init(&ret->set, owner, type, KNOT_CLASS_IN, ZONE_TTL);
	ret->set.rrs = (knot_rdataset_t){
		.count = 1, .size = (uint32_t)knot_rdata_size(ret->rdata.len),
		.rdata = (knot_rdata_t *)&ret->rdata,
	};
	return true;
}
