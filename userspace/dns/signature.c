// SPDX-License-Identifier: Apache-2.0
#include "dns/signature.h"

#include <libknot/errcode.h>
#include <libknot/rrtype/tsig.h>
#include <libknot/tsig-op.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

/* ---- keys ---- */

/* RFC 8945, 6: those which nobody should take any more are not taken. */
static bool is_strong(dnssec_tsig_algorithm_t algorithm)
{
	return algorithm == DNSSEC_TSIG_HMAC_SHA224 || algorithm == DNSSEC_TSIG_HMAC_SHA256 ||
	       algorithm == DNSSEC_TSIG_HMAC_SHA384 || algorithm == DNSSEC_TSIG_HMAC_SHA512;
}

static const knot_tsig_key_t *find_key(const struct dns_keys *keys, const knot_rrset_t *tsig)
{
	dnssec_tsig_algorithm_t algorithm = knot_tsig_rdata_alg(tsig);

	for (unsigned int i = 0; keys && i < keys->count; i++)
		if (knot_dname_is_case_equal(keys->items[i].name, tsig->owner) &&
		    keys->items[i].algorithm == algorithm)
			return &keys->items[i];
	return NULL;
}

static int add_key(struct dns_keys *keys, const char *line, unsigned int number,
		   struct error *err)
{
	knot_tsig_key_t *key = &keys->items[keys->count];

	if (keys->count == DNS_KEYS_MAX)
		return error_set(err, ERR_INVALID, "line %u: more than %d keys", number,
				 DNS_KEYS_MAX);
	if (knot_tsig_key_init_str(key, line) != KNOT_EOK)
		return error_set(err, ERR_INVALID,
				 "line %u is not like hmac-sha256:NAME:SECRET with the secret in "
				 "base64", number);
	keys->count++;
	knot_dname_to_lower(key->name);
	if (!is_strong(key->algorithm))
		return error_set(err, ERR_INVALID,
				 "line %u: the algorithm is none of hmac-sha224, hmac-sha256, "
				 "hmac-sha384 and hmac-sha512", number);
	return 0;
}

static int add_lines(struct dns_keys *keys, char *text, struct error *err)
{
	unsigned int number = 0;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		int r = 0;

		number++;
		line += strspn(line, " \t\r");
		line[strcspn(line, " \t\r")] = 0;
		if (*line && *line != '#')
			r = add_key(keys, line, number, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int dns_keys_parse(const char *text, struct dns_keys **ret, struct error *err)
{
	struct dns_keys *keys = calloc(1, sizeof(*keys));
	size_t len = strlen(text);
	char *copy = strdup(text);
	int r = keys && copy ? add_lines(keys, copy, err)
			     : error_set(err, ERR_MEMORY, "no memory for keys");

	if (copy)
		wipe(copy, len);
	free(copy);
	if (r < 0)
		dns_keys_free(keys);
	else
		*ret = keys;
	return r;
}

unsigned int dns_keys_count(const struct dns_keys *keys)
{
	return keys->count;
}

void dns_keys_free(struct dns_keys *keys)
{
	if (!keys)
		return;
	for (unsigned int i = 0; i < keys->count; i++) {
		wipe(keys->items[i].secret.data, keys->items[i].secret.size);
		knot_tsig_key_deinit(&keys->items[i]);
	}
	free(keys);
}

/* ---- signatures ---- */

static uint16_t error_of(int result)
{
	switch (result) {
	case KNOT_EOK:
		return KNOT_RCODE_NOERROR;
	case KNOT_TSIG_EBADTIME:
		return KNOT_RCODE_BADTIME;
	case KNOT_TSIG_EBADKEY:
		return KNOT_RCODE_BADKEY;
	default:
		return KNOT_RCODE_BADSIG;
	}
}

uint16_t signature_check(const struct dns_keys *keys, const knot_pkt_t *query,
			 struct signature *ret)
{
	const knot_rrset_t *tsig = query->tsig_rr;
	const knot_tsig_key_t *key;
	size_t len;

	*ret = (struct signature){ 0 };
	if (!tsig)
		return KNOT_RCODE_NOERROR;
	len = knot_tsig_rdata_is_ok(tsig) ? knot_tsig_rdata_mac_length(tsig) : SIZE_MAX;
	if (len > sizeof(ret->mac))
		return KNOT_RCODE_FORMERR;
	ret->shown = true;
	key = find_key(keys, tsig);
	ret->error = key ? error_of(knot_tsig_server_check(tsig, query->wire, query->size, key))
			 : KNOT_RCODE_BADKEY;
	if (ret->error == KNOT_RCODE_NOERROR || ret->error == KNOT_RCODE_BADTIME) {
		ret->key = key;
		ret->time = knot_tsig_rdata_time_signed(tsig);
		memcpy(ret->mac, knot_tsig_rdata_mac(tsig), len);
		ret->mac_len = len;
	}
	return ret->error ? KNOT_RCODE_NOTAUTH : KNOT_RCODE_NOERROR;
}

uint16_t signature_room(const struct signature *s, const knot_pkt_t *query)
{
	if (s->key)
		return (uint16_t)knot_tsig_wire_maxsize(s->key);
	return s->shown ? (uint16_t)query->tsig_wire.len : 0;
}

/* RFC 8945, 5.3.1: the first is made with the question's, each other one with the one before it. */
static int sign(struct signature *s, knot_pkt_t *reply)
{
	uint8_t mac[SIGNATURE_MAC_MAX];
	size_t len = sizeof(mac);
	int r;

	if (s->goes_on)
		r = knot_tsig_sign_next(reply->wire, &reply->size, reply->max_size, s->mac,
					s->mac_len, mac, &len, s->key, reply->wire, reply->size);
	else
		r = knot_tsig_sign(reply->wire, &reply->size, reply->max_size, s->mac, s->mac_len,
				   mac, &len, s->key, s->error, s->time);
	if (r != KNOT_EOK)
		return r;
	memcpy(s->mac, mac, len);
	s->mac_len = len;
	s->goes_on = true;
	return r;
}

bool signature_put(struct signature *s, const knot_pkt_t *query, knot_pkt_t *reply)
{
	if (s->key)
		return sign(s, reply) == KNOT_EOK;
	return !s->shown || knot_tsig_add(reply->wire, &reply->size, reply->max_size, s->error,
					  query->tsig_rr) == KNOT_EOK;
}
