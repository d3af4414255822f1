/* SPDX-License-Identifier: GPL-2.0 */
/* BLAKE2s (RFC 7693), and HMAC (RFC 2104) and HKDF (RFC 5869) made of it, as WireGuard
 * uses them.
 *
 * Any context; inputs at any alignment; nothing secret stays on the stack.
 */
#ifndef _WGM_BLAKE2S_H
#define _WGM_BLAKE2S_H

#include <linux/types.h>

#define WGM_HASH_LEN	32

/* @ret_len is 1 to 32 and part of what is hashed: a shorter hash is no prefix of a longer
 * one.  @key_len is 0 (then @key may be NULL) to 32.
 */
void wgm_blake2s(u8 *ret, size_t ret_len, const void *key, size_t key_len,
		 const void *in, size_t in_len);

/* WGM_HASH_LEN bytes: the hash of @first and @second, one after the other.  @ret may be
 * either of them.
 */
void wgm_blake2s_two(u8 *ret, const void *first, size_t first_len,
		     const void *second, size_t second_len);

/* Keys, and what is returned, have WGM_HASH_LEN bytes; @ret may be @in or @key. */
void wgm_hmac(u8 *ret, const u8 *key, const void *in, size_t in_len);

/* The first output, and the second unless @ret_second is NULL.  @ret_first may be @key. */
void wgm_hkdf(u8 *ret_first, u8 *ret_second, const u8 *key, const void *in, size_t in_len);

#endif /* _WGM_BLAKE2S_H */
