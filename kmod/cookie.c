// SPDX-License-Identifier: GPL-2.0
#include <crypto/chacha20poly1305.h>
#include <crypto/utils.h>
#include <linux/random.h>
#include <linux/socket.h>
#include <linux/string.h>

#include "cookie.h"
#include "noise.h"
#include "peer.h"

#define SOURCE_MAX	(sizeof(struct in6_addr) + sizeof(__be16))

static_assert(sizeof_field(struct wgm_msg_cookie, nonce) == XCHACHA20POLY1305_NONCE_SIZE);

void wgm_cookie_init(struct wgm_cookie_jar *jar, u64 now)
{
	spin_lock_init(&jar->lock);
	jar->born = now;
	get_random_bytes(jar->secret, sizeof(jar->secret));
}

void wgm_cookie_wipe(struct wgm_cookie_jar *jar)
{
	memzero_explicit(jar->secret, sizeof(jar->secret));
}

static void take_secret(struct wgm_cookie_jar *jar, u64 now, u8 *ret)
{
	spin_lock_bh(&jar->lock);
	/* Signed: another processor may have come in between with a later time. */
	if ((s64)(now - jar->born) >= WGM_COOKIE_SECRET_AGE) {
		jar->born = now;
		get_random_bytes(jar->secret, sizeof(jar->secret));
	}
	memcpy(ret, jar->secret, sizeof(jar->secret));
	spin_unlock_bh(&jar->lock);
}

/* The bytes of the address and of the port, as they are in the headers. */
static size_t write_source(const struct wgm_endpoint *from, u8 *ret)
{
	size_t len = from->family == AF_INET6 ? sizeof(from->v6) : sizeof(from->v4);

	memcpy(ret, &from->v6, len);
	memcpy(ret + len, &from->port, sizeof(from->port));
	return len + sizeof(from->port);
}

static void make_cookie(struct wgm_cookie_jar *jar, const struct wgm_endpoint *from, u64 now,
			u8 *ret)
{
	u8 secret[WGM_HASH_LEN];
	u8 source[SOURCE_MAX];

	take_secret(jar, now, secret);
	wgm_blake2s(ret, WGM_COOKIE_LEN, secret, sizeof(secret),
		    source, write_source(from, source));
	memzero_explicit(secret, sizeof(secret));
}

bool wgm_cookie_check_mac2(struct wgm_cookie_jar *jar, const struct wgm_msg_initiation *msg,
			   const struct wgm_endpoint *from, u64 now)
{
	u8 cookie[WGM_COOKIE_LEN];
	u8 mac[WGM_MAC_LEN];

	make_cookie(jar, from, now, cookie);
	wgm_blake2s(mac, sizeof(mac), cookie, sizeof(cookie),
		    msg, offsetof(struct wgm_msg_initiation, mac2));
	memzero_explicit(cookie, sizeof(cookie));
	return !crypto_memneq(mac, msg->mac2, sizeof(mac));
}

void wgm_cookie_reply(struct wgm_cookie_jar *jar, const struct wgm_noise_device *dev,
		      const struct wgm_msg_initiation *msg, const struct wgm_endpoint *from,
		      u64 now, struct wgm_msg_cookie *ret)
{
	u8 cookie[WGM_COOKIE_LEN];

	ret->type = cpu_to_le32(WGM_MESSAGE_COOKIE);
	ret->receiver = msg->sender;
	get_random_bytes(ret->nonce, sizeof(ret->nonce));
	make_cookie(jar, from, now, cookie);
	xchacha20poly1305_encrypt(ret->cookie, cookie, sizeof(cookie), msg->mac1, WGM_MAC_LEN,
				  ret->nonce, dev->cookie_key);
	memzero_explicit(cookie, sizeof(cookie));
}
