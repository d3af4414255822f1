/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What clients of data channels may reach by way of a node: addresses with their ports.  Plain
 * values; any thread.
 */
#ifndef WGMESH_MODEL_DESTINATION_H
#define WGMESH_MODEL_DESTINATION_H

#include <stddef.h>

#include "base/addr.h"
#include "base/error.h"

enum {
	DESTINATIONS_MAX = 32,
	/* "[2001:db8::/32]:10000-20000" */
	DESTINATION_TEXT_MAX = PREFIX_TEXT_MAX + 16,
	DESTINATIONS_TEXT_MAX = DESTINATIONS_MAX * (DESTINATION_TEXT_MAX + 1),
};

struct destination {
	bool self;		/* the node's own addresses; there is no prefix then */
	struct prefix prefix;	/* masked */
	uint16_t first, last;	/* ports, both within; 0 and 65535: any */
};

struct destination_list {
	struct destination items[DESTINATIONS_MAX];
	unsigned int count;
};

/*
 * "self", "192.0.2.0/24" or "2001:db8::1", and behind it ":443" or ":8000-8080", an IPv6 address
 * in brackets then.  ERR_INVALID: none of these; ERR_EXHAUSTED.
 */
int destination_list_add(struct destination_list *list, const char *text, struct error *err);

/* "none", or as above with commas between; returns @out. */
char *destination_list_format(const struct destination_list *list, char out[DESTINATIONS_TEXT_MAX]);

/*
 * An IPv4 address in the clothes of IPv6 (RFC 4291, 2.5.5.2) as itself: a rule about the one is
 * about the other.
 */
struct ip destination_plain(const struct ip *ip);

/* @self: whether @at, as destination_plain() has it, is an address of the node's own. */
bool destination_list_allows(const struct destination_list *list, const struct endpoint *at,
			     bool self);

/* 127.0.0.0/8 and ::1. */
bool destination_is_loopback(const struct ip *ip);

#endif
