/* SPDX-License-Identifier: GPL-2.0 */
/* What became of a handshake initiation that came to the device's port. */
#ifndef _WGM_VERDICT_H
#define _WGM_VERDICT_H

enum wgm_verdict {
	WGM_VERDICT_HELD,		/* has a right mac1, and waits to be opened */
	WGM_VERDICT_CONTINUED,		/* WireGuard gets it */
	WGM_VERDICT_MAC1,		/* not made for this device's key: WireGuard will drop it */
	WGM_VERDICT_UNKNOWN,		/* does not open, or is of nobody in the table */
	WGM_VERDICT_FORGED,		/* its sender does not have the key that it claims */
	WGM_VERDICT_REPLAYED,		/* not above its peer's floor */
	WGM_VERDICT_CROSSED,		/* we had sent one just before, and insist on it */
	WGM_VERDICT_FRAGMENTED,	/* came in parts, or within a larger packet */
	WGM_VERDICT_OVERFLOW,		/* too many wait, or there is no memory */
	WGM_VERDICT_TIMEOUT,		/* waited for too long */
	WGM_VERDICT_ENDED,		/* its device, peer or mesh went meanwhile */
	WGM_VERDICT_COOKIE,		/* its sender was sent a cookie first */
	WGM_N_VERDICTS
};

#endif /* _WGM_VERDICT_H */
