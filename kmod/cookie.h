/* SPDX-License-Identifier: GPL-2.0 */
/* WireGuard's answer to a flood (whitepaper, section 5.3): a sender that wants its initiation
 * opened shows first that it receives at the address that it sends from.  It is sent a cookie,
 * and proves with mac2 of its next initiation that it got it.  Stock WireGuard peers do so by
 * themselves, 5 s later.
 *
 * The cookie is a MAC of the source's address and port under a secret that changes every two
 * minutes: no state is kept per source.  WireGuard's own secret is another one and unknown to
 * us, so a cookie from it counts as none here, and ours as none there: demand mac2 only while
 * there is a flood, and WireGuard, which then sees little of it, will not.
 *
 * Softirq or process context; nothing sleeps or allocates; whatever is secret on the stack is
 * wiped.  Check mac1 first: mac2 covers it, and a reply is bound to it.
 */
#ifndef _WGM_COOKIE_H
#define _WGM_COOKIE_H

#include <linux/spinlock.h>
#include <linux/time64.h>
#include <linux/types.h>

#include "blake2s.h"
#include "message.h"

struct wgm_endpoint;
struct wgm_noise_device;

#define WGM_COOKIE_SECRET_AGE	(120LL * NSEC_PER_SEC)

/* One per device, or one for all. */
struct wgm_cookie_jar {
	spinlock_t lock;		/* the innermost one; taken with _bh */
	u64 born;			/* ns of boottime */
	u8 secret[WGM_HASH_LEN];
};

/* @now is always ktime_get_coarse_boottime_ns(). */
void wgm_cookie_init(struct wgm_cookie_jar *jar, u64 now);
void wgm_cookie_wipe(struct wgm_cookie_jar *jar);	/* nobody may use it any more */

/* Does @msg, received from @from, carry a mac2 of a cookie that is still good? */
bool wgm_cookie_check_mac2(struct wgm_cookie_jar *jar, const struct wgm_msg_initiation *msg,
			   const struct wgm_endpoint *from, u64 now);

/* Makes what is to be sent to @from, from where @msg arrived: 64 bytes for 148, so that nobody
 * is flooded through us.
 */
void wgm_cookie_reply(struct wgm_cookie_jar *jar, const struct wgm_noise_device *dev,
		      const struct wgm_msg_initiation *msg, const struct wgm_endpoint *from,
		      u64 now, struct wgm_msg_cookie *ret);

#endif /* _WGM_COOKIE_H */
