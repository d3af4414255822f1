/* SPDX-License-Identifier: GPL-2.0 */
/* Shadows <net/netlink.h>; see compat/README. */
#ifndef _WGM_COMPAT_NET_NETLINK_H
#define _WGM_COMPAT_NET_NETLINK_H

#include <linux/version.h>
#include_next <net/netlink.h>

/* Ranges of policies are const since 6.8; nothing ever wrote to them.  Can go with
 * 6.1 and 6.6.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#undef NLA_POLICY_FULL_RANGE
#define NLA_POLICY_FULL_RANGE(tp, _range) {		\
	.type = NLA_ENSURE_UINT_OR_BINARY_TYPE(tp),	\
	.validation_type = NLA_VALIDATE_RANGE_PTR,	\
	.range = (struct netlink_range_validation *)(_range),	\
}
#endif

#endif /* _WGM_COMPAT_NET_NETLINK_H */
