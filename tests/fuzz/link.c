// SPDX-License-Identifier: Apache-2.0
/* netlink: devices, addresses and routes as the kernel lists them; the decoders are that file's own. */
#include "netlink/link.c"

#include "netlink.h"

static int on_prefix(void *data, const struct prefix *prefix)
{
	must(prefix->len <= ip_bits(&prefix->ip) && ip_bits(&prefix->ip));
	return 0;
}

static void decode(const struct nlmsghdr *message, void *ctx)
{
	struct link_info info = { 0 };

	if (!keep_link(&info, message))
		must(strlen(info.kind) < sizeof(info.kind));
	tell_address(ctx, message);
	tell_route(ctx, message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct listing listing = { .ifindex = 7, .table = LINK_TABLE_MAIN, .fn = on_prefix };

	fuzz_messages(data, size, decode, &listing);
	return 0;
}
