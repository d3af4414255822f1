/* SPDX-License-Identifier: GPL-2.0 */
/* Answers a UDP packet as if WireGuard's socket did. */
#ifndef _WGM_REPLY_H
#define _WGM_REPLY_H

#include <linux/types.h>

struct nf_hook_state;
struct sk_buff;
struct udphdr;

/* Sends @len bytes back to where @to, which is at LOCAL_IN, came from; best effort.  @udp is
 * its UDP header, and @mark the one that WireGuard sends with.  Softirq.
 */
void wgm_reply(const struct sk_buff *to, const struct nf_hook_state *state,
	       const struct udphdr *udp, u32 mark, const void *payload, size_t len);

#endif /* _WGM_REPLY_H */
