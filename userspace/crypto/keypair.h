/* SPDX-License-Identifier: Apache-2.0 */
/* WireGuard key pairs: X25519, RFC 7748.  Any thread. */
#ifndef WGMESH_CRYPTO_KEYPAIR_H
#define WGMESH_CRYPTO_KEYPAIR_H

#include "base/error.h"
#include "base/key.h"

/* The caller wipes what it got (key_wipe). */
int keypair_generate(struct key *ret_private, struct key *ret_public, struct error *err);

/* @private need not be clamped: X25519 does it. */
int keypair_public(const struct key *private, struct key *ret_public, struct error *err);

#endif
