/* SPDX-License-Identifier: GPL-2.0 */
/* Shadows <crypto/utils.h>; see compat/README. */
#ifndef _WGM_COMPAT_CRYPTO_UTILS_H
#define _WGM_COMPAT_CRYPTO_UTILS_H

#include <linux/version.h>

/* crypto_memneq() had no header of its own before 6.4.  Can go with 6.1. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#include <crypto/algapi.h>
#else
#include_next <crypto/utils.h>
#endif

#endif /* _WGM_COMPAT_CRYPTO_UTILS_H */
