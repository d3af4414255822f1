// SPDX-License-Identifier: Apache-2.0
/* netlink: a device and its peers as WireGuard tells them, peers in parts over many messages. */
#include "netlink.h"

#include "netlink/wg_codec.h"

static int on_peer(void *data, const struct wg_peer *peer)
{
	size_t *told = data;

	for (size_t i = 0; i < peer->prefix_count; i++)
		must(peer->prefixes[i].prefix.len <= ip_bits(&peer->prefixes[i].prefix.ip));
	++*told;
	return 0;
}

static void decode(const struct nlmsghdr *message, void *ctx)
{
	struct wg_device device;

	if (!wg_decode_device(message, &device, NULL))
		must(!(device.fields & ~(WG_DEVICE_PRIVATE_KEY | WG_DEVICE_PUBLIC_KEY |
					 WG_DEVICE_LISTEN_PORT | WG_DEVICE_FWMARK)));
	wg_decoder_feed(ctx, message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wg_peer_decoder d;
	size_t told = 0;

	wg_decoder_init(&d, on_peer, &told, NULL);
	fuzz_messages(data, size, decode, &d);
	must(!d.has_waiting || !wg_decoder_end(&d));
	must(told <= size / (KEY_BYTES + 4));
	wg_decoder_fini(&d);
	return 0;
}
