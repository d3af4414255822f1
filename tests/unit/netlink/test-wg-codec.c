// SPDX-License-Identifier: Apache-2.0
/* Family wireguard: a dump's peers are put together, and requests are what the kernel expects. */
#include "../cmocka.h"

#include <stdlib.h>
#include <string.h>

#include <linux/wireguard.h>

#include "netlink/wg_codec.h"

enum { MESSAGE_MAX = 128 * 1024, SEEN_MAX = 8 };

struct seen {
	struct wg_peer peers[SEEN_MAX];
	size_t prefix_counts[SEEN_MAX];
	uint8_t last_byte[SEEN_MAX];	/* of the last prefix */
	size_t count;
	int answer;
};

static int see(void *data, const struct wg_peer *peer)
{
	struct seen *s = data;

	assert_true(s->count < SEEN_MAX);
	s->peers[s->count] = *peer;
	s->prefix_counts[s->count] = peer->prefix_count;
	if (peer->prefix_count)
		s->last_byte[s->count] = peer->prefixes[peer->prefix_count - 1].prefix.ip.bytes[3];
	s->count++;
	return s->answer;
}

/* A dump's message as the kernel makes it: some of its peers with some of their prefixes. */
struct part {
	uint8_t key;
	unsigned int first, count;
};

static struct message dump_new(const struct part *parts, size_t n)
{
	struct message m = wg_message(MESSAGE_MAX, WG_CMD_GET_DEVICE, 0, "wgt0");
	size_t peers = message_nest(&m, WGDEVICE_A_PEERS);

	for (size_t i = 0; i < n; i++) {
		struct wg_prefix prefixes[64] = { 0 };
		struct wg_peer peer = { .prefixes = prefixes, .prefix_count = parts[i].count };

		memset(peer.public_key.bytes, parts[i].key, KEY_BYTES);
		for (unsigned int j = 0; j < parts[i].count; j++) {
			prefixes[j].prefix.ip.family = AF_INET;
			prefixes[j].prefix.len = 32;
			prefixes[j].prefix.ip.bytes[3] = (uint8_t)(parts[i].first + j);
		}
		wg_put_peer(&m, &peer, false);
	}
	message_nest_end(&m, peers);
	assert_false(m.failed);
	return m;
}

static int feed(struct wg_peer_decoder *d, const struct part *parts, size_t n)
{
	struct message m = dump_new(parts, n);
	int r = wg_decoder_feed(d, message_header(&m));

	message_fini(&m);
	return r;
}

static void peers_that_span_messages_are_merged(void **state)
{
	static const struct part first[] = { { 1, 0, 3 }, { 2, 10, 5 } };
	static const struct part second[] = { { 2, 15, 60 }, { 3, 0, 0 } };
	struct wg_peer_decoder d;
	struct seen seen = { 0 };

	(void)state;
	wg_decoder_init(&d, see, &seen, NULL);
	assert_int_equal(feed(&d, first, 2), 0);
	assert_int_equal(seen.count, 1);	/* the second may go on */
	assert_int_equal(feed(&d, second, 2), 0);
	assert_int_equal(seen.count, 2);
	assert_int_equal(wg_decoder_end(&d), 0);
	assert_int_equal(seen.count, 3);
	assert_int_equal(seen.prefix_counts[0], 3);
	assert_int_equal(seen.prefix_counts[1], 65);
	assert_int_equal(seen.last_byte[1], 74);
	assert_int_equal(seen.prefix_counts[2], 0);
	wg_decoder_fini(&d);
}

static void listing_stops_when_told(void **state)
{
	static const struct part parts[] = { { 1, 0, 1 }, { 2, 0, 1 }, { 3, 0, 1 } };
	struct wg_peer_decoder d;
	struct seen seen = { .answer = 5 };

	(void)state;
	wg_decoder_init(&d, see, &seen, NULL);
	assert_int_equal(feed(&d, parts, 3), 5);
	assert_int_equal(seen.count, 1);
	wg_decoder_fini(&d);
}

/* A peer with one prefix of @bytes bytes, said to be of @family. */
static int feed_prefix(uint16_t family, size_t bytes, uint8_t length)
{
	static const uint8_t zero[16];
	struct message m = wg_message(MESSAGE_MAX, WG_CMD_GET_DEVICE, 0, "wgt0");
	size_t peers = message_nest(&m, WGDEVICE_A_PEERS), peer = message_nest(&m, 0), list, item;
	struct wg_peer_decoder d;
	struct seen seen = { 0 };
	int r;

	message_put(&m, WGPEER_A_PUBLIC_KEY, (uint8_t[KEY_BYTES]){ 1 }, KEY_BYTES);
	list = message_nest(&m, WGPEER_A_ALLOWEDIPS);
	item = message_nest(&m, 0);
	message_put_u16(&m, WGALLOWEDIP_A_FAMILY, family);
	message_put(&m, WGALLOWEDIP_A_IPADDR, zero, bytes);
	message_put_u8(&m, WGALLOWEDIP_A_CIDR_MASK, length);
	message_nest_end(&m, item);
	message_nest_end(&m, list);
	message_nest_end(&m, peer);
	message_nest_end(&m, peers);
	wg_decoder_init(&d, see, &seen, NULL);
	r = wg_decoder_feed(&d, message_header(&m));
	wg_decoder_fini(&d);
	message_fini(&m);
	return r;
}

static void impossible_prefixes_are_refused(void **state)
{
	(void)state;
	assert_int_equal(feed_prefix(AF_INET, 4, 32), 0);
	assert_int_equal(feed_prefix(AF_INET6, 16, 128), 0);
	assert_int_equal(feed_prefix(AF_INET6, 4, 32), -ERR_IO);
	assert_int_equal(feed_prefix(AF_INET, 16, 32), -ERR_IO);
	assert_int_equal(feed_prefix(AF_INET, 4, 33), -ERR_IO);
	assert_int_equal(feed_prefix(AF_UNIX, 4, 0), -ERR_IO);
}

static void device_comes_back_as_it_went(void **state)
{
	struct message m = wg_message(MESSAGE_MAX, WG_CMD_SET_DEVICE, 0, "wgt0");
	struct wg_device out = {
		.fields = WG_DEVICE_PRIVATE_KEY | WG_DEVICE_LISTEN_PORT | WG_DEVICE_FWMARK,
		.private_key = { { 7, 8, 9 } }, .listen_port = 51820, .fwmark = 0x1234,
	}, in;

	(void)state;
	wg_put_device(&m, &out);
	assert_int_equal(wg_decode_device(message_header(&m), &in, NULL), 0);
	assert_int_equal(in.fields, out.fields);
	assert_memory_equal(&in.private_key, &out.private_key, sizeof(in.private_key));
	assert_int_equal(in.listen_port, 51820);
	assert_int_equal(in.fwmark, 0x1234);
	message_fini(&m);
}

/* Flags of the peer @m carries first; removals are told apart from updates by them alone. */
static uint32_t flags_of(const struct message *m)
{
	struct nlattr *peers = nlmsg_find_attr(message_header(m), GENL_HDRLEN, WGDEVICE_A_PEERS);
	struct nlattr *peer = nla_data(peers);
	struct nlattr *flags = nla_find(nla_data(peer), nla_len(peer), WGPEER_A_FLAGS);

	return flags ? nla_get_u32(flags) : 0;
}

static uint32_t flags_after_put(uint32_t flags, bool remove)
{
	struct message m = wg_message(MESSAGE_MAX, WG_CMD_SET_DEVICE, 0, "wgt0");
	size_t peers = message_nest(&m, WGDEVICE_A_PEERS);
	uint32_t result;

	wg_put_peer(&m, &(struct wg_peer){ .flags = flags }, remove);
	message_nest_end(&m, peers);
	result = flags_of(&m);
	message_fini(&m);
	return result;
}

static void flags_are_wireguards_own(void **state)
{
	(void)state;
	assert_int_equal(flags_after_put(0, false), 0);
	assert_int_equal(flags_after_put(0, true), WGPEER_F_REMOVE_ME);
	assert_int_equal(flags_after_put(WGMESH_PEER_FLAGS_REPLACE_PREFIXES, false),
			 WGPEER_F_REPLACE_ALLOWEDIPS);
	assert_int_equal(flags_after_put(WGMESH_PEER_FLAGS_UPDATE_ONLY, false),
			 WGPEER_F_UPDATE_ONLY);
	assert_int_equal(flags_after_put(WGMESH_PEER_FLAGS_PINNED, false), 0);
}

static int ignore(void *data, const struct wg_peer *peer)
{
	(void)data;
	(void)peer;
	return 0;
}

static void damaged_dumps_do_no_harm(void **state)
{
	static const struct part parts[] = { { 1, 0, 4 }, { 2, 9, 4 } };
	struct message m = dump_new(parts, 2);
	size_t len = message_len(&m);
	struct wg_peer_decoder d;
	struct wg_device device;
	unsigned int seed = 2;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t cut = NLMSG_HDRLEN + (size_t)rand_r(&seed) % (len - NLMSG_HDRLEN + 1);
		uint8_t *copy = malloc(cut);
		struct nlmsghdr *h = (struct nlmsghdr *)copy;

		memcpy(copy, message_header(&m), cut);
		h->nlmsg_len = (uint32_t)cut;
		for (int i = rand_r(&seed) % 4; i > 0 && cut > NLMSG_HDRLEN; i--)
			copy[NLMSG_HDRLEN + (size_t)rand_r(&seed) % (cut - NLMSG_HDRLEN)] =
				(uint8_t)rand_r(&seed);
		wg_decoder_init(&d, ignore, NULL, NULL);
		if (!wg_decoder_feed(&d, h))
			wg_decoder_end(&d);
		wg_decoder_fini(&d);
		wg_decode_device(h, &device, NULL);
		free(copy);
	}
	message_fini(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(peers_that_span_messages_are_merged),
		cmocka_unit_test(listing_stops_when_told),
		cmocka_unit_test(impossible_prefixes_are_refused),
		cmocka_unit_test(device_comes_back_as_it_went),
		cmocka_unit_test(flags_are_wireguards_own),
		cmocka_unit_test(damaged_dumps_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
