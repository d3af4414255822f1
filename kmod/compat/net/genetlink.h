/* SPDX-License-Identifier: GPL-2.0 */
/* Shadows <net/genetlink.h>; see compat/README. */
#ifndef _WGM_COMPAT_NET_GENETLINK_H
#define _WGM_COMPAT_NET_GENETLINK_H

#include <linux/version.h>
#include <linux/genetlink.h>
#include_next <net/genetlink.h>

/* Separate operations for do and dump came with 6.2.  An older genl_ops holds
 * the same fields; it takes ours as they are since no command of ours has both
 * a do and a dump.  Can go when 6.1 is not supported any more.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define genl_split_ops	genl_ops
#define split_ops	ops
#define n_split_ops	n_ops
#endif

/* Since 6.7 a dump has a genl_info; before, its attributes are in the dump's
 * own info under the same name, and nothing else of it is used here.  Can go
 * with 6.1 and 6.6.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
#define genl_info_dump(cb)	genl_dumpit_info(cb)
#endif

#endif /* _WGM_COMPAT_NET_GENETLINK_H */
