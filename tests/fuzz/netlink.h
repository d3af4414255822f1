/* SPDX-License-Identifier: Apache-2.0 */
/* What the harnesses of netlink's answers share: an input is what one read from the socket brings. */
#ifndef WGMESH_TESTS_FUZZ_NETLINK_H
#define WGMESH_TESTS_FUZZ_NETLINK_H

#include "fuzz.h"

#include <netlink/msg.h>

/* Calls @fn with each whole message. */
static inline void fuzz_messages(const uint8_t *data, size_t size,
				 void (*fn)(const struct nlmsghdr *message, void *ctx), void *ctx)
{
	uint8_t *bytes = fuzz_copy(data, size);
	struct nlmsghdr *message = (struct nlmsghdr *)bytes;
	int rem = (int)size;

	while (nlmsg_ok(message, rem)) {
		fn(message, ctx);
		message = nlmsg_next(message, &rem);
	}
	free(bytes);
}

#endif
