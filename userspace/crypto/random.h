/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers fit for keys.  Any thread. */
#ifndef WGMESH_CRYPTO_RANDOM_H
#define WGMESH_CRYPTO_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Fill @out; ERR_UNAVAILABLE while the kernel has no entropy to give. */
int random_bytes(void *out, size_t len, struct error *err);

/*
 * For jitter and seeds, where failing would be worse than being predictable:
 * never fails, and falls back to the clock.  Not for secrets.
 */
uint64_t random_u64(void);

#endif
