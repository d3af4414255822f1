/* SPDX-License-Identifier: GPL-2.0 */
/* Shadows <linux/netlink.h>; see compat/README. */
#ifndef _WGM_COMPAT_LINUX_NETLINK_H
#define _WGM_COMPAT_LINUX_NETLINK_H

#include_next <linux/netlink.h>

/* Formatted texts in an extack came with 6.3, together with a buffer in it.
 * Before, the text must outlive the handler: it is borrowed from a ring, long
 * enough that the acknowledgement is built before its slot comes round again.
 * Can go with 6.1.
 */
#ifndef NL_SET_ERR_MSG_FMT
#define WGM_COMPAT_EXTACK_TEXT
const char *wgm_compat_extack_text(const char *fmt, ...) __printf(1, 2);

#define NL_SET_ERR_MSG_FMT(extack, fmt, args...) do {				\
	struct netlink_ext_ack *__extack = (extack);				\
										\
	if (__extack)								\
		__extack->_msg = wgm_compat_extack_text(fmt, ##args);		\
} while (0)
#endif

#ifndef NL_SET_ERR_MSG_ATTR_FMT
#define NL_SET_ERR_MSG_ATTR_FMT(extack, attr, fmt, args...) do {		\
	NL_SET_ERR_MSG_FMT(extack, fmt, ##args);				\
	NL_SET_BAD_ATTR(extack, attr);						\
} while (0)
#endif

#endif /* _WGM_COMPAT_LINUX_NETLINK_H */
