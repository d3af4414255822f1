// SPDX-License-Identifier: Apache-2.0
#include "crypto/random.h"

#include <time.h>

#include <openssl/rand.h>

#include "crypto/openssl.h"

int random_bytes(void *out, size_t len, struct error *err)
{
	if (len > INT32_MAX || RAND_bytes(out, (int)len) != 1)
		return openssl_error(err, ERR_UNAVAILABLE, "no %zu random bytes", len);
	return 0;
}

/* splitmix64's finaliser: spreads the clock's few changing bits. */
static uint64_t from_clock(void)
{
	struct timespec now;
	uint64_t x;

	clock_gettime(CLOCK_MONOTONIC, &now);
	x = (uint64_t)now.tv_sec * 1000000007u + (uint64_t)now.tv_nsec;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

uint64_t random_u64(void)
{
	uint64_t v;

	return random_bytes(&v, sizeof(v), NULL) ? from_clock() : v;
}
