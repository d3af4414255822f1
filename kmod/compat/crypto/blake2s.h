/* SPDX-License-Identifier: GPL-2.0 */
/* Shadows <crypto/blake2s.h>; see compat/README. */
#ifndef _WGM_COMPAT_CRYPTO_BLAKE2S_H
#define _WGM_COMPAT_CRYPTO_BLAKE2S_H

#include <linux/version.h>
#include_next <crypto/blake2s.h>

/* The context was renamed with 6.19.  What else changed then, the order in which
 * blake2s() takes its arguments, concerns nobody who does not call it: kmod/blake2s.c
 * starts, feeds and ends the context itself.  Can go with 6.18.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 19, 0)
#define blake2s_ctx blake2s_state
#endif

#endif /* _WGM_COMPAT_CRYPTO_BLAKE2S_H */
