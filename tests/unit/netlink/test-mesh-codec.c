// SPDX-License-Identifier: Apache-2.0
/* Family wgmesh: what is encoded decodes to itself; what is malformed is refused. */
#include "../cmocka.h"

#include <stdlib.h>
#include <string.h>

#include "netlink/mesh_codec.h"

enum { MESSAGE_MAX = 128 * 1024 };

static struct wg_prefix decoded[WGMESH_PREFIXES_MAX];

static struct mesh_peer_parts parts_new(void)
{
	return (struct mesh_peer_parts){ .prefixes = decoded };
}

static struct key key_of(uint8_t seed)
{
	struct key key;

	memset(key.bytes, seed, sizeof(key.bytes));
	return key;
}

static struct wg_prefix prefix_of(const char *text, uint32_t metric)
{
	struct wg_prefix p = { .metric = metric };

	assert_true(prefix_parse(text, &p.prefix));
	return p;
}

static struct message answer_new(uint8_t command)
{
	struct message m = mesh_message(MESSAGE_MAX, command, 0, "wgt0");

	message_put_u32(&m, WGMESH_A_MESH_IFINDEX, 7);
	message_put_u64(&m, WGMESH_A_MESH_GENERATION, 42);
	return m;
}

static void peer_comes_back_as_it_went(void **state)
{
	struct wg_prefix prefixes[] = { prefix_of("172.16.0.9/32", 0), prefix_of("fd00::/64", 3) };
	struct wg_peer peer = {
		.public_key = key_of(1),
		.fields = WG_PEER_ENDPOINT | WG_PEER_KEEPALIVE | WG_PEER_FLOOR,
		.flags = WGMESH_PEER_FLAGS_PINNED, .keepalive = 25, .floor = { 1, 2, 3 },
		.prefixes = prefixes, .prefix_count = 2,
	};
	struct message m = answer_new(WGMESH_CMD_PEER_LIST);
	struct mesh_peer_parts parts = parts_new();
	uint64_t generation;
	bool present;

	(void)state;
	assert_true(endpoint_parse("[2001:db8::1]:51820", &peer.endpoint));
	mesh_put_peer(&m, &peer);
	assert_false(m.failed);
	assert_int_equal(mesh_decode_peer(message_header(&m), &parts, &generation, &present, NULL),
			 0);
	assert_true(present && !parts.more);
	assert_int_equal(generation, 42);
	assert_true(key_equal(&parts.peer.public_key, &peer.public_key));
	assert_int_equal(parts.peer.fields, peer.fields);
	assert_int_equal(parts.peer.flags, WGMESH_PEER_FLAGS_PINNED);
	assert_true(endpoint_equal(&parts.peer.endpoint, &peer.endpoint));
	assert_int_equal(parts.peer.keepalive, 25);
	assert_memory_equal(parts.peer.floor, peer.floor, sizeof(peer.floor));
	assert_int_equal(parts.peer.prefix_count, 2);
	for (int i = 0; i < 2; i++) {
		assert_true(prefix_equal(&parts.peer.prefixes[i].prefix, &prefixes[i].prefix));
		assert_int_equal(parts.peer.prefixes[i].metric, prefixes[i].metric);
	}
	message_fini(&m);
}

/* One part of a peer's prefixes: @count of them from @first on, and the mark that more follow. */
static struct message part_new(struct key key, unsigned int first, unsigned int count, bool more)
{
	struct message m = answer_new(WGMESH_CMD_PEER_LIST);
	size_t peer = message_nest(&m, WGMESH_A_MESH_PEER), nest;

	message_put(&m, WGMESH_A_PEER_PUBLIC_KEY, key.bytes, KEY_BYTES);
	for (unsigned int i = first; i < first + count; i++) {
		uint8_t address[4] = { 10, 0, (uint8_t)(i >> 8), (uint8_t)i };

		nest = message_nest(&m, WGMESH_A_PEER_PREFIX);
		message_put(&m, WGMESH_A_PREFIX_ADDRESS, address, 4);
		message_put_u8(&m, WGMESH_A_PREFIX_LENGTH, 32);
		message_nest_end(&m, nest);
	}
	if (more)
		message_put(&m, WGMESH_A_PEER_MORE, NULL, 0);
	message_nest_end(&m, peer);
	assert_false(m.failed);
	return m;
}

static int decode_part(struct mesh_peer_parts *parts, struct message m)
{
	uint64_t generation;
	bool present;
	int r = mesh_decode_peer(message_header(&m), parts, &generation, &present, NULL);

	message_fini(&m);
	return r;
}

static void parts_of_a_peer_are_merged(void **state)
{
	struct mesh_peer_parts parts = parts_new();

	(void)state;
	assert_int_equal(decode_part(&parts, part_new(key_of(1), 0, 500, true)), 0);
	assert_true(parts.more);
	assert_int_equal(decode_part(&parts, part_new(key_of(1), 500, 524, false)), 0);
	assert_false(parts.more);
	assert_int_equal(parts.peer.prefix_count, 1024);
	assert_int_equal(parts.peer.prefixes[1023].prefix.ip.bytes[3], 0xff);
	/* The next peer begins anew. */
	assert_int_equal(decode_part(&parts, part_new(key_of(2), 0, 1, false)), 0);
	assert_int_equal(parts.peer.prefix_count, 1);
}

static void parts_of_two_peers_are_not_mixed(void **state)
{
	struct mesh_peer_parts parts = parts_new();

	(void)state;
	assert_int_equal(decode_part(&parts, part_new(key_of(1), 0, 5, true)), 0);
	assert_int_equal(decode_part(&parts, part_new(key_of(2), 5, 5, false)), -ERR_IO);
}

static void more_prefixes_than_the_limit_are_refused(void **state)
{
	struct mesh_peer_parts parts = parts_new();

	(void)state;
	assert_int_equal(decode_part(&parts, part_new(key_of(1), 0, 1024, true)), 0);
	assert_int_equal(decode_part(&parts, part_new(key_of(1), 1024, 1, false)), -ERR_IO);
}

static void impossible_prefixes_are_refused(void **state)
{
	static const struct {
		uint8_t bytes, length;
		int result;
	} cases[] = { { 4, 32, 0 }, { 4, 33, -ERR_IO }, { 16, 128, 0 }, { 16, 129, -ERR_IO },
		      { 5, 8, -ERR_IO }, { 0, 0, -ERR_IO } };
	struct mesh_prefix prefix;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		static const uint8_t zero[16];
		struct message m = answer_new(WGMESH_CMD_PREFIX_GET);
		size_t nest = message_nest(&m, WGMESH_A_MESH_PREFIX);

		message_put(&m, WGMESH_A_PREFIX_ADDRESS, zero, cases[i].bytes);
		message_put_u8(&m, WGMESH_A_PREFIX_LENGTH, cases[i].length);
		message_nest_end(&m, nest);
		assert_int_equal(mesh_decode_prefix(message_header(&m), &prefix, NULL),
				 cases[i].result);
		message_fini(&m);
	}
}

static void put_hop(struct message *m, uint8_t seed, uint32_t metric, uint32_t flags)
{
	size_t nest = message_nest(m, WGMESH_A_PREFIX_HOP);
	struct key key = key_of(seed);

	message_put(m, WGMESH_A_HOP_PUBLIC_KEY, key.bytes, KEY_BYTES);
	message_put_u32(m, WGMESH_A_HOP_METRIC, metric);
	message_put_u32(m, WGMESH_A_HOP_FLAGS, flags);
	message_put_u32(m, WGMESH_A_HOP_STATE, WGMESH_PEER_STATE_ACTIVE);
	message_nest_end(m, nest);
}

static struct message prefix_new(const char *text, unsigned int hops)
{
	struct message m = answer_new(WGMESH_CMD_PREFIX_GET);
	struct wg_prefix p = prefix_of(text, 0);
	size_t nest = message_nest(&m, WGMESH_A_MESH_PREFIX);

	message_put_ip(&m, WGMESH_A_PREFIX_ADDRESS, &p.prefix.ip);
	message_put_u8(&m, WGMESH_A_PREFIX_LENGTH, p.prefix.len);
	for (unsigned int i = 0; i < hops; i++)
		put_hop(&m, (uint8_t)i, i, i == 1 ? WGMESH_PREFIX_FLAGS_CHOSEN : 0);
	message_nest_end(&m, nest);
	return m;
}

static void prefix_tells_its_next_hops_in_order(void **state)
{
	struct message m = prefix_new("fd00::/8", 3);
	struct mesh_prefix prefix;

	(void)state;
	assert_int_equal(mesh_decode_prefix(message_header(&m), &prefix, NULL), 0);
	assert_int_equal(prefix.prefix.len, 8);
	assert_int_equal(prefix.hop_count, 3);
	assert_int_equal(prefix.hops[1].flags, WGMESH_PREFIX_FLAGS_CHOSEN);
	assert_int_equal(prefix.hops[2].metric, 2);
	assert_int_equal(prefix.hops[2].public_key.bytes[0], 2);
	message_fini(&m);
	m = prefix_new("fd00::/8", WGMESH_HOPS_MAX + 1);
	assert_int_equal(mesh_decode_prefix(message_header(&m), &prefix, NULL), -ERR_IO);
	message_fini(&m);
}

enum { EVENTS_MAX = 8 };

struct heard {
	int count;
	struct mesh_event events[EVENTS_MAX];
	uint8_t keys[EVENTS_MAX];	/* first byte of the peer's; 0: no peer */
	int code;			/* what the listener returns */
};

static int hear(void *data, const struct mesh_event *event)
{
	struct heard *h = data;

	assert_in_range(h->count, 0, EVENTS_MAX - 1);
	h->keys[h->count] = event->peer ? event->peer->public_key.bytes[0] : 0;
	h->events[h->count++] = *event;
	return h->code;
}

static int decode_event(struct message *m, struct heard *heard)
{
	struct mesh_peer_parts parts = parts_new();
	int r = mesh_decode_event(message_header(m), &parts, hear, heard, NULL);

	message_fini(m);
	return r;
}

static void event_tells_what_happened(void **state)
{
	struct message m = answer_new(WGMESH_CMD_FAULT_NTF);
	struct heard heard = { 0 };

	(void)state;
	message_put_u32(&m, WGMESH_A_MESH_ERRNO, 12);
	mesh_put_peer(&m, &(struct wg_peer){ .public_key = key_of(9) });
	assert_int_equal(decode_event(&m, &heard), 0);
	assert_int_equal(heard.count, 1);
	assert_int_equal(heard.events[0].kind, MESH_EVENT_FAULT);
	assert_string_equal(heard.events[0].mesh.ifname, "wgt0");
	assert_int_equal(heard.events[0].mesh.generation, 42);
	assert_int_equal(heard.events[0].sys_errno, 12);
	assert_int_equal(heard.keys[0], 9);
}

/* peer-ntf: the number of suppressed events, and three peers to which the same happened. */
static struct message peers_event_new(bool with_peers)
{
	struct message m = answer_new(WGMESH_CMD_PEER_NTF);

	message_put_u32(&m, WGMESH_A_MESH_SUPPRESSED, 5);
	if (!with_peers)
		return m;
	message_put_u32(&m, WGMESH_A_MESH_REASON, WGMESH_PEER_REASON_HANDSHAKE);
	for (uint8_t i = 1; i <= 3; i++)
		mesh_put_peer(&m, &(struct wg_peer){ .public_key = key_of(i) });
	return m;
}

static void peers_of_one_message_are_events_of_their_own(void **state)
{
	struct message m = peers_event_new(true);
	struct heard heard = { 0 };

	(void)state;
	assert_int_equal(decode_event(&m, &heard), 0);
	assert_int_equal(heard.count, 4);
	assert_int_equal(heard.events[0].kind, MESH_EVENT_SUPPRESSED);
	assert_int_equal(heard.events[0].suppressed, 5);
	for (uint8_t i = 1; i <= 3; i++) {
		assert_int_equal(heard.events[i].kind, MESH_EVENT_PEER);
		assert_int_equal(heard.events[i].reason, WGMESH_PEER_REASON_HANDSHAKE);
		assert_int_equal(heard.keys[i], i);
	}
}

static void suppressed_events_are_told_without_peers_too(void **state)
{
	struct message m = peers_event_new(false);
	struct heard heard = { 0 };

	(void)state;
	assert_int_equal(decode_event(&m, &heard), 0);
	assert_int_equal(heard.count, 1);
	assert_int_equal(heard.events[0].kind, MESH_EVENT_SUPPRESSED);
}

static void a_listener_ends_a_message_of_many_events(void **state)
{
	struct message m = peers_event_new(true);
	struct heard heard = { .code = 7 };

	(void)state;
	assert_int_equal(decode_event(&m, &heard), 7);
	assert_int_equal(heard.count, 1);
}

static void unknown_events_and_attributes_are_passed_over(void **state)
{
	struct message m = answer_new(WGMESH_CMD_APPLY_NTF);
	struct heard heard = { 0 };

	(void)state;
	message_put_u32(&m, WGMESH_A_MESH_MAX + 9, 1);
	message_put_u32(&m, WGMESH_A_MESH_UPSERTED, 3);
	assert_int_equal(decode_event(&m, &heard), 0);
	assert_int_equal(heard.events[0].upserted, 3);
	assert_null(heard.events[0].peer);
	m = answer_new(WGMESH_CMD_MAX + 5);
	assert_int_equal(decode_event(&m, &heard), 0);
	assert_int_equal(heard.count, 1);
}

/* 2048 prefixes take more than the 64 KiB of one attribute. */
static void a_peer_that_is_too_large_for_one_attribute_goes_in_parts(void **state)
{
	struct wg_prefix prefixes[2 * WGMESH_PREFIXES_MAX];
	struct wg_peer peer = {
		.public_key = key_of(1), .fields = WG_PEER_KEEPALIVE, .keepalive = 25,
		.prefixes = prefixes, .prefix_count = 2 * WGMESH_PREFIXES_MAX,
	};
	struct message m = message_new_genl(MESSAGE_MAX, 1, 1, 0);
	size_t next = 0, parts = 0, len;

	(void)state;
	for (size_t i = 0; i < peer.prefix_count; i++) {
		prefixes[i] = prefix_of("fd00:1234::/64", 7);
		prefixes[i].flags = WGMESH_PREFIX_FLAGS_REMOVE;
	}
	do {
		len = message_len(&m);
		next = mesh_put_peer_part(&m, &peer, next);
		assert_in_range(message_len(&m) - len, 1, UINT16_MAX);
		parts++;
	} while (next < peer.prefix_count);
	assert_false(m.failed);
	assert_int_equal(parts, 2);
	message_fini(&m);
}

static void every_value_has_a_name(void **state)
{
	(void)state;
	for (unsigned int i = 1; i <= WGMESH_A_STATS_MAX; i++)
		assert_non_null(mesh_stat_name(i));
	for (unsigned int i = 1; i <= WGMESH_A_MESH_MAX; i++)
		assert_non_null(mesh_attrs.names[i].name);
	assert_int_equal(mesh_attrs.count, WGMESH_A_MESH_MAX + 1);
	for (uint32_t i = 0; i <= WGMESH_PEER_REASON_NEXT_HOP; i++)
		assert_non_null(mesh_reason_name(i));
	assert_null(mesh_reason_name(WGMESH_PEER_REASON_NEXT_HOP + 1));
	assert_null(mesh_stat_name(WGMESH_A_STATS_MAX + 1));
	assert_null(mesh_state_name(WGMESH_PEER_STATE_EVICTING + 1));
}

/* A nest may not be longer than its 16-bit length says: the message fails, it does not lie. */
static void nest_beyond_its_length_fails_the_message(void **state)
{
	struct message m = message_new_genl(MESSAGE_MAX, 1, 1, 0);
	size_t nest = message_nest(&m, 1), before = message_len(&m);
	static uint8_t block[1000];

	(void)state;
	for (int i = 0; i < 70; i++)
		message_put(&m, 2, block, sizeof(block));
	assert_false(m.failed);
	message_nest_end(&m, nest);
	assert_true(m.failed);
	message_cut(&m, before);
	assert_false(m.failed);
	message_nest_end(&m, nest);
	assert_false(m.failed);
	message_fini(&m);
}

static int ignore(void *data, const struct mesh_event *event)
{
	(void)data;
	(void)event;
	return 0;
}

static void decode_as_everything(const struct nlmsghdr *h)
{
	struct mesh_peer_parts parts = parts_new();
	struct mesh_prefix prefix;
	struct mesh_info info;
	uint64_t generation;
	bool present;

	mesh_decode_info(h, &info, NULL);
	mesh_decode_prefix(h, &prefix, NULL);
	mesh_decode_peer(h, &parts, &generation, &present, NULL);
	mesh_decode_event(h, &parts, ignore, NULL, NULL);
}

/* The sanitizers judge: no byte outside of the message is looked at. */
static void damaged_messages_do_no_harm(void **state)
{
	struct wg_prefix prefixes[] = { prefix_of("10.0.0.0/8", 1), prefix_of("fd00::/8", 2) };
	struct wg_peer peer = { .public_key = key_of(1), .fields = WG_PEER_ENDPOINT,
				.prefixes = prefixes, .prefix_count = 2 };
	struct message m = prefix_new("10.0.0.0/8", 2);
	unsigned int seed = 1;
	size_t len;

	(void)state;
	assert_true(endpoint_parse("192.0.2.1:1", &peer.endpoint));
	mesh_put_peer(&m, &peer);
	len = message_len(&m);
	for (int round = 0; round < 20000; round++) {
		size_t cut = NLMSG_HDRLEN + (size_t)rand_r(&seed) % (len - NLMSG_HDRLEN + 1);
		uint8_t *copy = malloc(cut);	/* exactly as long: a byte more is seen */
		struct nlmsghdr *h = (struct nlmsghdr *)copy;

		memcpy(copy, message_header(&m), cut);
		h->nlmsg_len = (uint32_t)cut;
		for (int i = rand_r(&seed) % 4; i > 0 && cut > NLMSG_HDRLEN; i--)
			copy[NLMSG_HDRLEN + (size_t)rand_r(&seed) % (cut - NLMSG_HDRLEN)] =
				(uint8_t)rand_r(&seed);
		decode_as_everything(h);
		free(copy);
	}
	message_fini(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(peer_comes_back_as_it_went),
		cmocka_unit_test(parts_of_a_peer_are_merged),
		cmocka_unit_test(parts_of_two_peers_are_not_mixed),
		cmocka_unit_test(more_prefixes_than_the_limit_are_refused),
		cmocka_unit_test(impossible_prefixes_are_refused),
		cmocka_unit_test(prefix_tells_its_next_hops_in_order),
		cmocka_unit_test(event_tells_what_happened),
		cmocka_unit_test(peers_of_one_message_are_events_of_their_own),
		cmocka_unit_test(suppressed_events_are_told_without_peers_too),
		cmocka_unit_test(a_listener_ends_a_message_of_many_events),
		cmocka_unit_test(unknown_events_and_attributes_are_passed_over),
		cmocka_unit_test(a_peer_that_is_too_large_for_one_attribute_goes_in_parts),
		cmocka_unit_test(every_value_has_a_name),
		cmocka_unit_test(nest_beyond_its_length_fails_the_message),
		cmocka_unit_test(damaged_messages_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
