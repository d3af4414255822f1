// SPDX-License-Identifier: Apache-2.0
/* netlink: what the module tells.  A peer that is told can be put into a request as the same. */
#include "netlink.h"

#include "netlink/mesh_codec.h"

enum { MESSAGE_MAX = 256 * 1024 };

struct world {
	struct mesh_peer_parts parts, event_parts, again;
};

static void compare(const struct wg_peer *a, const struct wg_peer *b)
{
	const uint32_t kept = WG_PEER_ENDPOINT | WG_PEER_KEEPALIVE | WG_PEER_FLOOR;

	must(key_equal(&a->public_key, &b->public_key));
	must((a->fields & kept) == (b->fields & kept));
	must(!(a->fields & WG_PEER_ENDPOINT) || endpoint_equal(&a->endpoint, &b->endpoint));
	must(a->keepalive == b->keepalive && a->prefix_count == b->prefix_count);
	must(memcmp(a->floor, b->floor, sizeof(a->floor)) == 0);
	for (size_t i = 0; i < a->prefix_count; i++) {
		must(prefix_equal(&a->prefixes[i].prefix, &b->prefixes[i].prefix));
		must(a->prefixes[i].metric == b->prefixes[i].metric);
	}
}

static void put_again(const struct wg_peer *peer, struct mesh_peer_parts *again)
{
	struct message m = mesh_message(MESSAGE_MAX, WGMESH_CMD_PEER_LIST, 0, "wg0");
	uint64_t generation;
	bool present;

	mesh_put_peer(&m, peer);
	must(!m.failed);
	again->more = false;
	must(!mesh_decode_peer(message_header(&m), again, &generation, &present, NULL));
	must(present && !again->more);
	compare(peer, &again->peer);
	message_fini(&m);
}

static void check_peer(const struct wg_peer *peer)
{
	must(peer->prefix_count <= WGMESH_PREFIXES_MAX);
	for (size_t i = 0; i < peer->prefix_count; i++)
		must(peer->prefixes[i].prefix.len <= ip_bits(&peer->prefixes[i].prefix.ip));
}

static int on_event(void *data, const struct mesh_event *event)
{
	must(strlen(event->mesh.ifname) < sizeof(event->mesh.ifname));
	must(mesh_event_name(event->kind));
	if (event->peer)
		check_peer(event->peer);
	return 0;
}

static void decode(const struct nlmsghdr *message, void *ctx)
{
	struct world *w = ctx;
	struct mesh_info info;
	struct mesh_prefix prefix;
	uint64_t generation;
	bool present;

	if (!mesh_decode_info(message, &info, NULL))
		must(strlen(info.ifname) < sizeof(info.ifname));
	if (!mesh_decode_prefix(message, &prefix, NULL))
		must(prefix.hop_count <= WGMESH_HOPS_MAX);
	mesh_decode_event(message, &w->event_parts, on_event, NULL, NULL);
	if (mesh_decode_peer(message, &w->parts, &generation, &present, NULL)) {
		w->parts.more = false;
		return;
	}
	if (!present)
		return;
	check_peer(&w->parts.peer);
	if (!w->parts.more)
		put_again(&w->parts.peer, &w->again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct wg_prefix prefixes[3][WGMESH_PREFIXES_MAX];
	struct world w = {
		.parts.prefixes = prefixes[0], .event_parts.prefixes = prefixes[1],
		.again.prefixes = prefixes[2],
	};

	fuzz_messages(data, size, decode, &w);
	return 0;
}
