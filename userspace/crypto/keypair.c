// SPDX-License-Identifier: Apache-2.0
#include "crypto/keypair.h"

#include "crypto/openssl.h"
#include "crypto/random.h"

int keypair_public(const struct key *private, struct key *ret_public, struct error *err)
{
	EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, private->bytes,
						      KEY_BYTES);
	struct key public;
	size_t len = KEY_BYTES;
	int r = 0;

	if (!pkey || EVP_PKEY_get_raw_public_key(pkey, public.bytes, &len) != 1 ||
	    len != KEY_BYTES)
		r = openssl_error(err, ERR_INTERNAL, "cannot derive a WireGuard public key");
	else
		*ret_public = public;
	EVP_PKEY_free(pkey);
	return r;
}

/* Clamped as `wg genkey` does, so that the text of a key is the same everywhere. */
static void clamp(struct key *key)
{
	key->bytes[0] &= 248;
	key->bytes[31] = (key->bytes[31] & 127) | 64;
}

int keypair_generate(struct key *ret_private, struct key *ret_public, struct error *err)
{
	struct key private = { .bytes = { 0 } }, public;
	int r = random_bytes(private.bytes, KEY_BYTES, err);

	if (!r) {
		clamp(&private);
		r = keypair_public(&private, &public, err);
	}
	if (!r) {
		*ret_private = private;
		*ret_public = public;
	}
	key_wipe(&private);
	return r;
}
