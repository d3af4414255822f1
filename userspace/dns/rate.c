// SPDX-License-Identifier: Apache-2.0
#include "dns/rate.h"

#include <string.h>
#include <sys/random.h>

void rate_init(struct rate *rate, uint32_t per_second)
{
	memset(rate, 0, sizeof(*rate));
	rate->per_second = per_second;
	/* Without it sets can be guessed, and that is all. */
	if (getrandom(&rate->secret, sizeof(rate->secret), GRND_NONBLOCK) < 0)
		rate->secret = (uint64_t)(uintptr_t)rate;
}

/* splitmix64 (Steele, Lea, Flood 2014): every bit of it depends on all of @x. */
static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

static uint64_t key_of(const struct rate *rate, const struct ip *from)
{
	uint64_t head = 0;

	memcpy(&head, from->bytes, from->family == AF_INET ? 4 : 8);
	head = mix(mix(head ^ rate->secret) + from->family + rate->secret);
	return head ? head : 1;
}

/* The source's place, or that of the one in its set which was not heard of for longest. */
static struct rate_source *place_of(struct rate *rate, uint64_t key, uint64_t now)
{
	struct rate_source *set = rate->sources[key % RATE_SETS], *oldest = set;

	for (int i = 0; i < RATE_WAYS; i++) {
		if (set[i].key == key)
			return &set[i];
		if (set[i].at < oldest->at)
			oldest = &set[i];
	}
	*oldest = (struct rate_source){ .key = key, .at = now, .tokens = rate->per_second * 1000 };
	return oldest;
}

/* A thousandth per millisecond and wish. */
static void refill(const struct rate *rate, struct rate_source *source, uint64_t now)
{
	uint64_t passed = now - source->at, full = (uint64_t)rate->per_second * 1000;
	uint64_t tokens = source->tokens + (passed < 1000 ? passed : 1000) * rate->per_second;

	source->tokens = (uint32_t)(tokens < full ? tokens : full);
	source->at = now;
}

enum rate_verdict rate_take(struct rate *rate, const struct ip *from, uint64_t now)
{
	struct rate_source *source;

	if (!rate->per_second)
		return RATE_ANSWER;
	source = place_of(rate, key_of(rate, from), now);
	refill(rate, source, now);
	if (source->tokens >= 1000) {
		source->tokens -= 1000;
		source->over = 0;
		return RATE_ANSWER;
	}
	return ++source->over % RATE_SLIP_EVERY ? RATE_DROP : RATE_SLIP;
}
