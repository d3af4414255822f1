// SPDX-License-Identifier: GPL-2.0
#include <crypto/chacha20poly1305.h>
#include <crypto/curve25519.h>
#include <crypto/utils.h>
#include <linux/err.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "noise.h"

/* What it is allocated from: the next larger piece is twice as large. */
static_assert(sizeof(struct wgm_noise_device) <= SZ_16K);

static const u8 construction[37] __nonstring = "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s";
static const u8 identifier[34] __nonstring = "WireGuard v1 zx2c4 Jason@zx2c4.com";
static const u8 mac1_label[8] __nonstring = "mac1----";
static const u8 cookie_label[8] __nonstring = "cookie--";
/* curve25519_generate_public() is inline in some kernels, and then calls functions that
 * others do not export.
 */
static const u8 base_point[CURVE25519_KEY_SIZE] = { 9 };

static void mix_hash(u8 *hash, const void *in, size_t len)
{
	wgm_blake2s_two(hash, hash, WGM_HASH_LEN, in, len);
}

static void derive(struct wgm_noise_device *dev)
{
	wgm_blake2s_two(dev->mac1_key, mac1_label, sizeof(mac1_label),
			dev->public_key, WGMESH_KEY_LEN);
	wgm_blake2s_two(dev->cookie_key, cookie_label, sizeof(cookie_label),
			dev->public_key, WGMESH_KEY_LEN);
	wgm_blake2s(dev->chaining_key, WGM_HASH_LEN, NULL, 0, construction, sizeof(construction));
	wgm_blake2s_two(dev->hash, dev->chaining_key, WGM_HASH_LEN, identifier, sizeof(identifier));
	mix_hash(dev->hash, dev->public_key, WGMESH_KEY_LEN);
}

struct wgm_noise_device *wgm_noise_device_new(const u8 *private_key)
{
	struct wgm_noise_device *dev;

	if (!memchr_inv(private_key, 0, WGMESH_KEY_LEN))
		return ERR_PTR(-ENOKEY);
	dev = kzalloc(sizeof(*dev), GFP_KERNEL_ACCOUNT);
	if (!dev)
		return ERR_PTR(-ENOMEM);
	memcpy(dev->private_key, private_key, WGMESH_KEY_LEN);
	curve25519_clamp_secret(dev->private_key);
	if (!curve25519(dev->public_key, dev->private_key, base_point)) {
		kfree_sensitive(dev);
		return ERR_PTR(-ENOKEY);
	}
	derive(dev);
	return dev;
}

bool wgm_noise_device_has(const struct wgm_noise_device *dev, const u8 *private_key)
{
	return !crypto_memneq(dev->private_key, private_key, WGMESH_KEY_LEN);
}

static void free_rcu_sensitive(struct rcu_head *rcu)
{
	kfree_sensitive(container_of(rcu, struct wgm_noise_device, rcu));
}

void wgm_noise_device_free(struct wgm_noise_device *dev)
{
	if (dev)
		call_rcu(&dev->rcu, free_rcu_sensitive);
}

bool wgm_noise_check_mac1(const struct wgm_noise_device *dev, const struct wgm_msg_initiation *msg)
{
	u8 mac[WGM_MAC_LEN];

	wgm_blake2s(mac, sizeof(mac), dev->mac1_key, WGM_HASH_LEN,
		    msg, offsetof(struct wgm_msg_initiation, mac1));
	return !crypto_memneq(mac, msg->mac1, sizeof(mac));
}

/* Noise's "es": false when @public is one of the points that give all zeros. */
static bool mix_dh(u8 *chaining_key, u8 *ret_key, const u8 *private, const u8 *public)
{
	u8 shared[CURVE25519_KEY_SIZE];
	bool ok = curve25519(shared, private, public);

	if (ok)
		wgm_hkdf(chaining_key, ret_key, chaining_key, shared, sizeof(shared));
	memzero_explicit(shared, sizeof(shared));
	return ok;
}

/* Noise's "e": the ephemeral key is sent as it is, and is mixed into both. */
static void mix_ephemeral(struct wgm_noise_opening *opening, const u8 *ephemeral)
{
	mix_hash(opening->hash, ephemeral, WGMESH_KEY_LEN);
	wgm_hkdf(opening->chaining_key, NULL, opening->chaining_key, ephemeral, WGMESH_KEY_LEN);
}

static int open_static(const struct wgm_noise_device *dev, const struct wgm_msg_initiation *msg,
		       struct wgm_noise_opening *opening)
{
	u8 key[WGM_HASH_LEN];
	bool ok;

	memcpy(opening->chaining_key, dev->chaining_key, WGM_HASH_LEN);
	memcpy(opening->hash, dev->hash, WGM_HASH_LEN);
	mix_ephemeral(opening, msg->ephemeral);
	ok = mix_dh(opening->chaining_key, key, dev->private_key, msg->ephemeral) &&
	     chacha20poly1305_decrypt(opening->initiator, msg->static_key, sizeof(msg->static_key),
				      opening->hash, WGM_HASH_LEN, 0, key);
	memzero_explicit(key, sizeof(key));
	if (!ok)
		return -EBADMSG;
	mix_hash(opening->hash, msg->static_key, sizeof(msg->static_key));
	return 0;
}

int wgm_noise_open_static(const struct wgm_noise_device *dev, const struct wgm_msg_initiation *msg,
			  struct wgm_noise_opening *ret_opening)
{
	struct wgm_noise_opening opening;
	int err = open_static(dev, msg, &opening);

	if (!err)
		*ret_opening = opening;
	wgm_noise_opening_wipe(&opening);
	return err;
}

static struct wgm_noise_proven *proven_of(struct wgm_noise_device *dev, const u8 *initiator)
{
	return &dev->proven[initiator[0] % WGM_NOISE_PROVEN];
}

/* For Noise's "ss": false as above. */
static bool share(struct wgm_noise_device *dev, const u8 *initiator, u8 *ret_shared)
{
	const struct wgm_noise_proven *proven = proven_of(dev, initiator);

	if (!proven->used || memcmp(proven->initiator, initiator, WGMESH_KEY_LEN))
		return curve25519(ret_shared, dev->private_key, initiator);
	memcpy(ret_shared, proven->shared, WGMESH_KEY_LEN);
	return true;
}

static void note_proven(struct wgm_noise_device *dev, const u8 *initiator, const u8 *shared)
{
	struct wgm_noise_proven *proven = proven_of(dev, initiator);

	proven->used = true;
	memcpy(proven->initiator, initiator, WGMESH_KEY_LEN);
	memcpy(proven->shared, shared, WGMESH_KEY_LEN);
}

static bool decrypt_timestamp(const struct wgm_msg_initiation *msg,
			      struct wgm_noise_opening *opening, const u8 *shared, u8 *ret)
{
	u8 key[WGM_HASH_LEN];
	bool ok;

	wgm_hkdf(opening->chaining_key, key, opening->chaining_key, shared, WGMESH_KEY_LEN);
	ok = chacha20poly1305_decrypt(ret, msg->timestamp, sizeof(msg->timestamp),
				      opening->hash, WGM_HASH_LEN, 0, key);
	memzero_explicit(key, sizeof(key));
	return ok;
}

int wgm_noise_open_timestamp(struct wgm_noise_device *dev,
			     const struct wgm_msg_initiation *msg,
			     struct wgm_noise_opening *opening, u8 *ret_timestamp)
{
	u8 timestamp[WGM_TIMESTAMP_LEN];
	u8 shared[WGMESH_KEY_LEN];
	bool ok;

	ok = share(dev, opening->initiator, shared) &&
	     decrypt_timestamp(msg, opening, shared, timestamp);
	if (ok)
		note_proven(dev, opening->initiator, shared);
	memzero_explicit(shared, sizeof(shared));
	wgm_noise_opening_wipe(opening);
	if (!ok)
		return -EBADMSG;
	memcpy(ret_timestamp, timestamp, sizeof(timestamp));
	return 0;
}

void wgm_noise_opening_wipe(struct wgm_noise_opening *opening)
{
	memzero_explicit(opening, sizeof(*opening));
}
