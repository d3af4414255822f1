// SPDX-License-Identifier: GPL-2.0
#include <crypto/blake2s.h>
#include <linux/string.h>

#include "blake2s.h"

static_assert(WGM_HASH_LEN == BLAKE2S_HASH_SIZE);

void wgm_blake2s(u8 *ret, size_t ret_len, const void *key, size_t key_len,
		 const void *in, size_t in_len)
{
	struct blake2s_ctx ctx;

	if (key_len)
		blake2s_init_key(&ctx, ret_len, key, key_len);
	else
		blake2s_init(&ctx, ret_len);
	blake2s_update(&ctx, in, in_len);
	blake2s_final(&ctx, ret);	/* wipes the context */
}

void wgm_blake2s_two(u8 *ret, const void *first, size_t first_len,
		     const void *second, size_t second_len)
{
	struct blake2s_ctx ctx;

	blake2s_init(&ctx, WGM_HASH_LEN);
	blake2s_update(&ctx, first, first_len);
	blake2s_update(&ctx, second, second_len);
	blake2s_final(&ctx, ret);
}

static void xor_block(u8 *block, u8 with)
{
	int i;

	for (i = 0; i < BLAKE2S_BLOCK_SIZE; i++)
		block[i] ^= with;
}

/* The kernel's own HMAC needs an allocated transform; and BLAKE2s with a key is a MAC too,
 * but another one than Noise wants.
 */
void wgm_hmac(u8 *ret, const u8 *key, const void *in, size_t in_len)
{
	u8 pad[BLAKE2S_BLOCK_SIZE] __aligned(4) = {};
	u8 inner[WGM_HASH_LEN] __aligned(4);

	memcpy(pad, key, WGM_HASH_LEN);
	xor_block(pad, 0x36);
	wgm_blake2s_two(inner, pad, sizeof(pad), in, in_len);
	xor_block(pad, 0x36 ^ 0x5c);
	wgm_blake2s_two(ret, pad, sizeof(pad), inner, sizeof(inner));
	memzero_explicit(pad, sizeof(pad));
	memzero_explicit(inner, sizeof(inner));
}

void wgm_hkdf(u8 *ret_first, u8 *ret_second, const u8 *key, const void *in, size_t in_len)
{
	u8 secret[WGM_HASH_LEN];
	u8 output[WGM_HASH_LEN + 1];

	wgm_hmac(secret, key, in, in_len);
	output[0] = 1;
	wgm_hmac(output, secret, output, 1);
	memcpy(ret_first, output, WGM_HASH_LEN);
	if (ret_second) {
		output[WGM_HASH_LEN] = 2;
		wgm_hmac(ret_second, secret, output, sizeof(output));
	}
	memzero_explicit(secret, sizeof(secret));
	memzero_explicit(output, sizeof(output));
}
