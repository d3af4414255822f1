/* SPDX-License-Identifier: GPL-2.0 */
/* Shadows <linux/wireguard.h>; see compat/README. */
#ifndef _WGM_COMPAT_LINUX_WIREGUARD_H
#define _WGM_COMPAT_LINUX_WIREGUARD_H

#include <linux/version.h>
#include_next <linux/wireguard.h>

/* Removal of one allowed IP came with 6.16; whether the running kernel has it
 * is asked at run time, since it may be backported.  Can go with 6.12.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
#define WGALLOWEDIP_A_FLAGS	4
#define WGALLOWEDIP_F_REMOVE_ME	(1U << 0)
#endif

#endif /* _WGM_COMPAT_LINUX_WIREGUARD_H */
