// SPDX-License-Identifier: GPL-2.0
#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/netlink.h>

#ifdef WGM_COMPAT_EXTACK_TEXT
#define SLOTS		64
#define TEXT_MAX	80

/* Texts hold generations and counts only: two of them mixed up, should a slot be
 * reused too early, tell nobody a secret.
 */
const char *wgm_compat_extack_text(const char *fmt, ...)
{
	static char text[SLOTS][TEXT_MAX];
	static atomic_t next;
	char *slot = text[(unsigned int)atomic_inc_return(&next) % SLOTS];
	va_list args;

	va_start(args, fmt);
	vscnprintf(slot, TEXT_MAX, fmt, args);
	va_end(args);
	return slot;
}
#endif
