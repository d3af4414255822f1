/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much a source may be answered over UDP: whoever it is that asks, it is the source that gets the
 * answers.  A bucket of a second's worth for each; a /64 of IPv6 is one source, as it is one node.
 * A source that is not among the last few thousand has a full one.  One thread.
 */
#ifndef WGMESH_DNS_RATE_H
#define WGMESH_DNS_RATE_H

#include "base/addr.h"

enum { RATE_SETS = 1024, RATE_WAYS = 4, RATE_SLIP_EVERY = 2 };

/*
 * SLIP: the word that it may ask over TCP, where nobody can speak in another's name; every second
 * of those that are too many.
 */
enum rate_verdict { RATE_ANSWER, RATE_SLIP, RATE_DROP };

struct rate_source {
	uint64_t key;		/* 0: free */
	uint64_t at;		/* ms */
	uint32_t tokens;	/* thousandths */
	uint32_t over;		/* since there were none */
};

struct rate {
	uint64_t secret;	/* so that nobody can tell who shares a set with whom */
	uint32_t per_second;	/* 0: no limit; at most RATE_MAX */
	struct rate_source sources[RATE_SETS][RATE_WAYS];
};

enum { RATE_MAX = 1000000 };

void rate_init(struct rate *rate, uint32_t per_second);
/* @now: ms, never 0. */
enum rate_verdict rate_take(struct rate *rate, const struct ip *from, uint64_t now);

#endif
