// SPDX-License-Identifier: Apache-2.0
#include "dns/lookup.h"

#include <libknot/dname.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LABELS_MAX = 128, UNITS_MAX = 32, UNIT_MAX = 12 };

/* RFC 1035, 3.5, and RFC 3596, 2.5: a label is a part of the address, the first one the last. */
static const struct address_tree {
	const char *suffix;	/* on the wire */
	int base;		/* of the number that a label is */
	unsigned int unit_bits, units;
	sa_family_t family;
} trees[ZONE_PARTS] = {
	[ZONE_IPV4] = { "\7in-addr\4arpa", 10, 8, 4, AF_INET },
	[ZONE_IPV6] = { "\3ip6\4arpa", 16, 4, UNITS_MAX, AF_INET6 },
};

const struct ip *zone_host_address(const struct zone_host *host, enum zone_part part)
{
	return part == ZONE_IPV4 ? &host->ipv4 : &host->ipv6;
}

/* Labels before @suffix, from the one next to it on; -1: @name is not below it. */
static int labels_below(const uint8_t *name, const uint8_t *suffix, const uint8_t *ret[LABELS_MAX])
{
	int count = knot_dname_in_bailiwick(name, suffix);

	for (int i = count - 1; i >= 0; i--) {
		ret[i] = name;
		name += *name + 1;
	}
	return count < 0 ? -1 : count;
}

/* ---- names of nodes ---- */

static int compare_key(const struct zone_host *host, const char *key, size_t len)
{
	size_t shorter = host->key_len < len ? host->key_len : len;
	int order = memcmp(host->key, key, shorter);

	return order ? order : (int)host->key_len - (int)len;
}

static size_t first_host(const struct zone *zone, const char *key, size_t len)
{
	size_t low = 0, high = zone->n_hosts;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_key(&zone->hosts[middle], key, len) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* False: a label that no node can have, since it would end the label of a key. */
static bool key_of(const uint8_t *labels[], int count, char *out, size_t *ret_len)
{
	char *at = out;

	for (int i = 0; i < count; i++) {
		if (memchr(labels[i] + 1, 0, labels[i][0]))
			return false;
		at = mempcpy(at, labels[i] + 1, labels[i][0]);
		*at++ = 0;
	}
	*ret_len = (size_t)(at - out);
	return true;
}

static void find_host(const struct zone *zone, const uint8_t *labels[], int count,
		      struct zone_match *ret)
{
	char key[ZONE_NAME_MAX];
	const struct zone_host *host;
	size_t len, at;

	ret->answer = ZONE_MISSING;
	if (!key_of(labels, count, key, &len))
		return;
	at = first_host(zone, key, len);
	if (at == zone->n_hosts)
		return;
	host = &zone->hosts[at];
	if (host->key_len < len || memcmp(host->key, key, len) != 0)
		return;
	ret->answer = host->key_len == len ? ZONE_FOUND : ZONE_EMPTY;
	if (ret->answer == ZONE_FOUND)
		ret->host = host;
}

/* ---- names of addresses ---- */

static size_t write_unit(const struct address_tree *tree, unsigned int value, char out[UNIT_MAX])
{
	return (size_t)(tree->base == 10 ? snprintf(out, UNIT_MAX, "%u", value)
					 : snprintf(out, UNIT_MAX, "%x", value));
}

/* The one way in which a label is written; -1: this is not how. */
static int unit_of(const struct address_tree *tree, const uint8_t *label)
{
	char text[4] = "", again[UNIT_MAX];
	unsigned long value;

	if (label[0] > 3)
		return -1;
	memcpy(text, label + 1, label[0]);
	value = strtoul(text, NULL, tree->base);
	if (value >= 1u << tree->unit_bits)
		return -1;
	return write_unit(tree, (unsigned int)value, again) == label[0] &&
		memcmp(again, text, label[0]) == 0 ? (int)value : -1;
}

/* Units that are right, from the first label on; the rest of @ret is 0. */
static unsigned int read_units(const struct address_tree *tree, const uint8_t *labels[], int count,
			       struct prefix *ret)
{
	unsigned int n = 0;

	*ret = (struct prefix){ .ip.family = tree->family };
	for (; (int)n < count && n < tree->units; n++) {
		unsigned int bit = n * tree->unit_bits;
		int value = unit_of(tree, labels[n]);

		if (value < 0)
			break;
		ret->ip.bytes[bit / 8] |= (uint8_t)(value << (8 - tree->unit_bits - bit % 8));
	}
	ret->len = (uint8_t)(n * tree->unit_bits);
	return n;
}

size_t zone_first_at(const struct zone *zone, enum zone_part part, const struct ip *ip)
{
	size_t low = 0, high = zone->n_by_address[part];

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct ip *at = zone_host_address(zone->by_address[part][middle], part);

		if (memcmp(at->bytes, ip->bytes, sizeof(at->bytes)) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct zone_host *host_in(const struct zone *zone, enum zone_part part,
				       const struct prefix *range)
{
	size_t at = zone_first_at(zone, part, &range->ip);

	if (at == zone->n_by_address[part] ||
	    !prefix_contains(range, zone_host_address(zone->by_address[part][at], part)))
		return NULL;
	return zone->by_address[part][at];
}

/* The mesh's network begins in the middle of a label maybe: each value that the label has is a zone. */
static void find_address(const struct zone *zone, enum zone_part part, const uint8_t *labels[],
			 int count, struct zone_match *ret)
{
	const struct address_tree *tree = &trees[part];
	const struct prefix *network = part == ZONE_IPV4 ? &zone->mesh.ipv4 : &zone->mesh.ula;
	unsigned int apex = (network->len + tree->unit_bits - 1) / tree->unit_bits;
	unsigned int n = read_units(tree, labels, count, &ret->range);
	const struct zone_host *host;

	if (n < apex || !prefix_contains(network, &ret->range.ip))
		return;
	ret->apex = labels[apex - 1];
	ret->answer = ZONE_MISSING;
	if ((int)n < count)
		return;
	ret->is_apex = n == apex;
	host = host_in(zone, part, &ret->range);
	if (host)
		ret->answer = ZONE_EMPTY;
	if (n == tree->units)
		ret->host = host;
	if (ret->is_apex || ret->host)
		ret->answer = ZONE_FOUND;
}

void zone_address_name(const struct ip *ip, uint8_t ret[ZONE_NAME_MAX])
{
	const struct address_tree *tree = &trees[ip->family == AF_INET ? ZONE_IPV4 : ZONE_IPV6];
	char label[UNIT_MAX];

	for (int n = (int)tree->units - 1; n >= 0; n--) {
		unsigned int bit = (unsigned int)n * tree->unit_bits;
		unsigned int value = ip->bytes[bit / 8] >> (8 - tree->unit_bits - bit % 8);

		value &= (1u << tree->unit_bits) - 1;
		*ret = (uint8_t)write_unit(tree, value, label);
		ret = mempcpy(ret + 1, label, *ret);
	}
	memcpy(ret, tree->suffix, strlen(tree->suffix) + 1);
}

/* ---- all ---- */

void zone_lookup(const struct zone *zone, const uint8_t *name, struct zone_match *ret)
{
	const uint8_t *labels[LABELS_MAX];
	int count = labels_below(name, zone->domain, labels);

	*ret = (struct zone_match){ .answer = ZONE_OUTSIDE, .part = ZONE_FORWARD };
	if (count >= 0) {
		ret->apex = name + knot_dname_size(name) - knot_dname_size(zone->domain);
		ret->is_apex = count == 0;
		if (count == 0)
			ret->answer = ZONE_FOUND;
		else
			find_host(zone, labels, count, ret);
		return;
	}
	for (enum zone_part part = ZONE_IPV4; part < ZONE_PARTS && !ret->apex; part++) {
		count = labels_below(name, (const uint8_t *)trees[part].suffix, labels);
		ret->part = part;
		if (count >= 0)
			find_address(zone, part, labels, count, ret);
	}
}
