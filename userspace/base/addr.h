/* SPDX-License-Identifier: Apache-2.0 */
/* IP addresses, prefixes and endpoints as values; parsing and formatting.  Any thread. */
#ifndef WGMESH_BASE_ADDR_H
#define WGMESH_BASE_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

/* family: AF_INET (4 bytes used), AF_INET6 (16), or AF_UNSPEC: no address. */
struct ip {
	sa_family_t family;
	uint8_t bytes[16];
};

/* Host bits may be set ("172.16.0.1/12": an address and its network). */
struct prefix {
	struct ip ip;
	uint8_t len;	/* bits */
};

struct endpoint {
	struct ip ip;
	uint16_t port;	/* host order */
};

enum {
	IP_TEXT_MAX = 46,
	PREFIX_TEXT_MAX = IP_TEXT_MAX + 4,
	ENDPOINT_TEXT_MAX = IP_TEXT_MAX + 8,
};

/* Parsers return false and leave @ret untouched on anything but the whole, exact form. */
bool ip_parse(const char *text, struct ip *ret);
bool prefix_parse(const char *text, struct prefix *ret);	/* without "/len": a host prefix */
/* 192.0.2.1:51820 or [2001:db8::1]:51820 */
bool endpoint_parse(const char *text, struct endpoint *ret);

/* Formatters write at most the *_TEXT_MAX bytes above and return @out. */
char *ip_format(const struct ip *ip, char out[IP_TEXT_MAX]);	/* "" for AF_UNSPEC */
char *prefix_format(const struct prefix *p, char out[PREFIX_TEXT_MAX]);
char *endpoint_format(const struct endpoint *e, char out[ENDPOINT_TEXT_MAX]);

bool ip_equal(const struct ip *a, const struct ip *b);
bool prefix_equal(const struct prefix *a, const struct prefix *b);
bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);
int prefix_compare(const struct prefix *a, const struct prefix *b);	/* family, bytes, len */

bool ip_is_loopback(const struct ip *ip);		/* 127.0.0.0/8 or ::1 */
unsigned int ip_bits(const struct ip *ip);		/* 32, 128, or 0 */
struct prefix prefix_host(const struct ip *ip);		/* /32 or /128 */
struct prefix prefix_masked(const struct prefix *p);	/* host bits cleared */
bool prefix_contains(const struct prefix *outer, const struct ip *ip);

/* @sa must have room for a sockaddr_in6; returns the length used. */
socklen_t endpoint_to_sockaddr(const struct endpoint *e, struct sockaddr_in6 *sa);
bool endpoint_from_sockaddr(const struct sockaddr *sa, socklen_t len, struct endpoint *ret);

#endif
