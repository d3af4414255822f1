/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _WGM_COMPAT_UNALIGNED_H
#define _WGM_COMPAT_UNALIGNED_H

#include <linux/version.h>

/* The header moved from asm/ to linux/ with 6.12.  Can go with 6.1. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#include <asm/unaligned.h>
#else
#include <linux/unaligned.h>
#endif

#endif /* _WGM_COMPAT_UNALIGNED_H */
