/* SPDX-License-Identifier: Apache-2.0 */
/* FNV-1a, for caches: nobody who chooses the texts gains by collisions. */
#ifndef WGMESH_STORE_TEXT_HASH_H
#define WGMESH_STORE_TEXT_HASH_H

#include <stdint.h>

static inline uint64_t text_hash(const char *text)
{
	uint64_t h = 0xcbf29ce484222325ULL;

	while (*text)
		h = (h ^ (uint8_t)*text++) * 0x100000001b3ULL;
	return h;
}

#endif
