// SPDX-License-Identifier: Apache-2.0
#include "base/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

unsigned int ip_bits(const struct ip *ip)
{
	return ip->family == AF_INET ? 32 : ip->family == AF_INET6 ? 128 : 0;
}

bool ip_parse(const char *text, struct ip *ret)
{
	struct ip ip = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

	if (inet_pton(ip.family, text, ip.bytes) != 1)
		return false;
	*ret = ip;
	return true;
}

/* Decimal without sign, space or leading zero, 0..max. */
static bool parse_number(const char *text, unsigned long max, unsigned long *ret)
{
	unsigned long v = 0;

	if (!*text || (*text == '0' && text[1]))
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		v = v * 10 + (unsigned long)(*text - '0');
		if (v > max)
			return false;
	}
	*ret = v;
	return true;
}

bool prefix_parse(const char *text, struct prefix *ret)
{
	const char *slash = strchr(text, '/');
	char head[IP_TEXT_MAX];
	struct prefix p = { 0 };
	unsigned long len;
	size_t n = slash ? (size_t)(slash - text) : strlen(text);

	if (n >= sizeof(head))
		return false;
	memcpy(head, text, n);
	head[n] = 0;
	if (!ip_parse(head, &p.ip))
		return false;
	len = ip_bits(&p.ip);
	if (slash && !parse_number(slash + 1, len, &len))
		return false;
	p.len = (uint8_t)len;
	*ret = p;
	return true;
}

bool endpoint_parse(const char *text, struct endpoint *ret)
{
	const char *colon = strrchr(text, ':');
	bool bracketed = *text == '[';
	char head[IP_TEXT_MAX];
	struct endpoint e = { 0 };
	unsigned long port;
	size_t n;

	if (!colon || !parse_number(colon + 1, 65535, &port))
		return false;
	n = (size_t)(colon - text);
	if (bracketed) {
		if (n < 2 || text[n - 1] != ']')
			return false;
		text++;
		n -= 2;
	} else if (memchr(text, ':', n)) {
		return false;	/* IPv6 needs brackets */
	}
	if (n >= sizeof(head))
		return false;
	memcpy(head, text, n);
	head[n] = 0;
	if (!ip_parse(head, &e.ip) || bracketed != (e.ip.family == AF_INET6))
		return false;
	e.port = (uint16_t)port;
	*ret = e;
	return true;
}

char *ip_format(const struct ip *ip, char out[IP_TEXT_MAX])
{
	out[0] = 0;
	if (ip->family)
		inet_ntop(ip->family, ip->bytes, out, IP_TEXT_MAX);
	return out;
}

char *prefix_format(const struct prefix *p, char out[PREFIX_TEXT_MAX])
{
	char head[IP_TEXT_MAX];

	snprintf(out, PREFIX_TEXT_MAX, "%s/%u", ip_format(&p->ip, head), p->len);
	return out;
}

char *endpoint_format(const struct endpoint *e, char out[ENDPOINT_TEXT_MAX])
{
	char head[IP_TEXT_MAX];

	snprintf(out, ENDPOINT_TEXT_MAX, e->ip.family == AF_INET6 ? "[%s]:%u" : "%s:%u",
		 ip_format(&e->ip, head), e->port);
	return out;
}

bool ip_equal(const struct ip *a, const struct ip *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, ip_bits(a) / 8) == 0;
}

bool ip_is_loopback(const struct ip *ip)
{
	static const struct ip v6 = { .family = AF_INET6, .bytes = { [15] = 1 } };

	return (ip->family == AF_INET && ip->bytes[0] == 127) || ip_equal(ip, &v6);
}

bool prefix_equal(const struct prefix *a, const struct prefix *b)
{
	return a->len == b->len && ip_equal(&a->ip, &b->ip);
}

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && ip_equal(&a->ip, &b->ip);
}

int prefix_compare(const struct prefix *a, const struct prefix *b)
{
	int r;

	if (a->ip.family != b->ip.family)
		return a->ip.family < b->ip.family ? -1 : 1;
	r = memcmp(a->ip.bytes, b->ip.bytes, ip_bits(&a->ip) / 8);
	return r ? r : (int)a->len - (int)b->len;
}

struct prefix prefix_host(const struct ip *ip)
{
	return (struct prefix){ .ip = *ip, .len = (uint8_t)ip_bits(ip) };
}

struct prefix prefix_masked(const struct prefix *p)
{
	struct prefix m = *p;

	for (unsigned int i = 0; i < ip_bits(&p->ip) / 8; i++) {
		unsigned int keep = p->len > i * 8 ? p->len - i * 8 : 0;

		if (keep < 8)
			m.ip.bytes[i] &= (uint8_t)(0xff00 >> keep);
	}
	return m;
}

bool prefix_contains(const struct prefix *outer, const struct ip *ip)
{
	struct prefix a = prefix_masked(outer);
	struct prefix b = prefix_masked(&(struct prefix){ .ip = *ip, .len = outer->len });

	return ip_equal(&a.ip, &b.ip);
}

socklen_t endpoint_to_sockaddr(const struct endpoint *e, struct sockaddr_in6 *sa)
{
	struct sockaddr_in *sa4 = (struct sockaddr_in *)sa;

	memset(sa, 0, sizeof(*sa));
	if (e->ip.family == AF_INET) {
		sa4->sin_family = AF_INET;
		sa4->sin_port = htons(e->port);
		memcpy(&sa4->sin_addr, e->ip.bytes, 4);
		return sizeof(*sa4);
	}
	sa->sin6_family = AF_INET6;
	sa->sin6_port = htons(e->port);
	memcpy(&sa->sin6_addr, e->ip.bytes, 16);
	return sizeof(*sa);
}

bool endpoint_from_sockaddr(const struct sockaddr *sa, socklen_t len, struct endpoint *ret)
{
	const struct sockaddr_in *sa4 = (const struct sockaddr_in *)sa;
	const struct sockaddr_in6 *sa6 = (const struct sockaddr_in6 *)sa;
	struct endpoint e = { 0 };

	if (len >= sizeof(*sa4) && sa->sa_family == AF_INET) {
		e.port = ntohs(sa4->sin_port);
		memcpy(e.ip.bytes, &sa4->sin_addr, 4);
	} else if (len >= sizeof(*sa6) && sa->sa_family == AF_INET6) {
		e.port = ntohs(sa6->sin6_port);
		memcpy(e.ip.bytes, &sa6->sin6_addr, 16);
	} else {
		return false;
	}
	e.ip.family = sa->sa_family;
	*ret = e;
	return true;
}
