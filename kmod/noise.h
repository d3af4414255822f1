/* SPDX-License-Identifier: GPL-2.0 */
/* The responder's side of WireGuard's handshake (Noise_IKpsk2), as far as it takes to know
 * who sent an initiation.  Three steps, each far dearer than the one before:
 *
 *	wgm_noise_check_mac1()		the sender knows our public key		a hash
 *	wgm_noise_open_static()		the key that it claims to have		one curve25519
 *	wgm_noise_open_timestamp()	proof of that, and the time it says	one more, but for
 *									those who proved it before
 *
 * Only the last step proves anything: with two public keys, which are no secret, anybody can
 * make an initiation that passes the other two.  And what is proven may still be an old
 * initiation that somebody recorded: that is for the peer's floor (tai64n.h) to tell.
 *
 * Nothing here sleeps, allocates (but for _new()) or takes a lock.  mac1 is for softirq;
 * opening takes some 100 µs and belongs into a worker.  Messages may lie at any alignment,
 * and must not change meanwhile: open a copy, or an skb that is nobody else's.
 */
#ifndef _WGM_NOISE_H
#define _WGM_NOISE_H

#include <linux/rcupdate.h>
#include <linux/types.h>
#include <uapi/linux/wgmesh.h>

#include "blake2s.h"
#include "message.h"

#define WGM_NOISE_PROVEN	240	/* a device with them fits into 16 KiB */

/* What our static key and that of somebody who has proven to have it share: as long as they
 * last the same in each handshake, so WireGuard itself keeps it, too.  Secret.
 */
struct wgm_noise_proven {
	bool used;
	u8 initiator[WGMESH_KEY_LEN];
	u8 shared[WGMESH_KEY_LEN];
};

/* What a device's private key yields.  But for who is proven, which is the one worker's that
 * opens, it never changes: another key is another object, put into its place with
 * rcu_assign_pointer().  Softirq looks at it under RCU; a worker that alone replaces it may
 * use it without.
 */
struct wgm_noise_device {
	struct rcu_head rcu;
	u8 private_key[WGMESH_KEY_LEN];
	u8 public_key[WGMESH_KEY_LEN];
	u8 mac1_key[WGM_HASH_LEN];
	u8 cookie_key[WGM_HASH_LEN];	/* encrypts cookies: cookie.h */
	u8 chaining_key[WGM_HASH_LEN];	/* as every handshake with this device begins */
	u8 hash[WGM_HASH_LEN];
	struct wgm_noise_proven proven[WGM_NOISE_PROVEN];	/* by the key's first byte */
};

/* An initiation between the second step and the third.  Secret, but for the key. */
struct wgm_noise_opening {
	u8 initiator[WGMESH_KEY_LEN];	/* claimed, not proven */
	u8 chaining_key[WGM_HASH_LEN];
	u8 hash[WGM_HASH_LEN];
};

/* Copies @private_key, which the caller wipes.  ERR_PTR: -ENOMEM; -ENOKEY when it is all zero,
 * which is WireGuard's way to say that a device has none.  Process context.
 */
struct wgm_noise_device *wgm_noise_device_new(const u8 *private_key);

/* Whether that is its key, as WireGuard tells it. */
bool wgm_noise_device_has(const struct wgm_noise_device *dev, const u8 *private_key);

/* Wipes and frees it after an RCU grace period (rcu_barrier() before the module goes).
 * Any context; takes NULL.
 */
void wgm_noise_device_free(struct wgm_noise_device *dev);

bool wgm_noise_check_mac1(const struct wgm_noise_device *dev, const struct wgm_msg_initiation *msg);

/* -EBADMSG when it was not made for this device.  On success @ret_opening is to be given to
 * wgm_noise_open_timestamp() or to wgm_noise_opening_wipe(); else it is untouched.
 */
int wgm_noise_open_static(const struct wgm_noise_device *dev, const struct wgm_msg_initiation *msg,
			  struct wgm_noise_opening *ret_opening);

/* WGM_TIMESTAMP_LEN bytes; -EBADMSG when the sender does not have the key that it claimed.
 * Wipes @opening in any case.  One at a time for each device.
 */
int wgm_noise_open_timestamp(struct wgm_noise_device *dev,
			     const struct wgm_msg_initiation *msg,
			     struct wgm_noise_opening *opening, u8 *ret_timestamp);

void wgm_noise_opening_wipe(struct wgm_noise_opening *opening);

#endif /* _WGM_NOISE_H */
