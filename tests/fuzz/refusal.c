// SPDX-License-Identifier: Apache-2.0
/* netlink: a refusal, whose offset is looked up in our request to name the attribute. */
#include "netlink.h"

#include <linux/genetlink.h>

#include "netlink/mesh_codec.h"
#include "netlink/nlsocket.h"

static struct message make_request(void)
{
	struct message m = mesh_message(4096, WGMESH_CMD_PEERS_APPLY, 0, "wg0");
	struct wg_prefix prefixes[2] = { { .metric = 1 }, { .metric = 2 } };
	struct wg_peer peer = {
		.public_key = { .bytes = { 1, 2, 3 } }, .fields = WG_PEER_KEEPALIVE | WG_PEER_ENDPOINT,
		.prefixes = prefixes, .prefix_count = 2,
	};

	must(prefix_parse("172.16.0.0/12", &prefixes[0].prefix));
	must(prefix_parse("fd00::/64", &prefixes[1].prefix));
	must(endpoint_parse("[2001:db8::1]:51820", &peer.endpoint));
	mesh_put_peer(&m, &peer);
	must(!m.failed);
	return m;
}

static void decode(const struct nlmsghdr *answer, void *ctx)
{
	struct error err = { .kind = ERR_NONE };
	int r = answer_error(&mesh_attrs, GENL_HDRLEN, ctx, answer, &err);

	must(r <= 0 && (r == 0) == (err.kind == ERR_NONE) && -r == (int)err.kind);
	must(strlen(err.text) < sizeof(err.text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct message m = make_request();

	fuzz_messages(data, size, decode, message_header(&m));
	message_fini(&m);
	return 0;
}
