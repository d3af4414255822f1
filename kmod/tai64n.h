/* SPDX-License-Identifier: GPL-2.0 */
/* Timestamps of handshake initiations (TAI64N, WGM_TIMESTAMP_LEN bytes) and floors: the
 * newest timestamp that a peer has proven, below which no initiation is believed again.
 *
 * Seconds and nanoseconds are big endian: the order of time is the order of the bytes.
 * They are no secret, and are wiped by nobody.
 */
#ifndef _WGM_TAI64N_H
#define _WGM_TAI64N_H

#include <linux/build_bug.h>
#include <linux/string.h>
#include <linux/types.h>
#include <uapi/linux/wgmesh.h>

#include "message.h"

static_assert(WGMESH_FLOOR_LEN == WGM_TIMESTAMP_LEN);

/* Is @timestamp above @floor, so that it is no replay?  Everything that a clock may tell is
 * above a floor of zeros.
 */
static inline bool wgm_tai64n_above(const u8 *timestamp, const u8 *floor)
{
	return memcmp(timestamp, floor, WGM_TIMESTAMP_LEN) > 0;
}

/* Raises @floor to a timestamp that wgm_noise_open_timestamp() has proven; false, and the
 * floor stays, when that is not above it.  The caller serialises.
 */
static inline bool wgm_tai64n_raise(u8 *floor, const u8 *timestamp)
{
	if (!wgm_tai64n_above(timestamp, floor))
		return false;
	memcpy(floor, timestamp, WGM_TIMESTAMP_LEN);
	return true;
}

#endif /* _WGM_TAI64N_H */
