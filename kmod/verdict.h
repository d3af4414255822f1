/* SPDX-License-Identifier: GPL-2.0 */
/* What became of a handshake initiation that came to the device's port. */
#ifndef _WGM_VERDICT_H
#define _WGM_VERDICT_H

enum wgm_verdict {
	WGM_VERDICT_PASSED,	/* its peer is in WireGuard */
	WGM_VERDICT_ACTIVATED,	/* now its peer is, and it goes on */
	WGM_VERDICT_MAC1,	/* not made for this device's key */
	WGM_VERDICT_COOKIE,	/* under load: answered with a cookie */
	WGM_VERDICT_OVERFLOW,	/* too many wait to be opened */
	WGM_VERDICT_UNREADABLE,	/* it does not open */
	WGM_VERDICT_UNKNOWN,	/* its sender is not in the table */
	WGM_VERDICT_REPLAY,	/* at or below its peer's floor */
	WGM_VERDICT_CROSSED,	/* ours to the same peer goes first */
	WGM_VERDICT_DEFERRED,	/* the rate or active-max is against it */
	WGM_VERDICT_REFUSED,	/* WireGuard did not take the peer */
	WGM_VERDICT_ENDED,	/* the device or the mesh went meanwhile */
};

#endif /* _WGM_VERDICT_H */
