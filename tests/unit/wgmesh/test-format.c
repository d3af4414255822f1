// SPDX-License-Identifier: Apache-2.0
/* Numbers and times as people read them. */
#include "../cmocka.h"

#include <stdlib.h>

#include "wgmesh/format.h"
#include "wgmesh/json.h"
#include "wgmesh/number.h"

static const uint64_t second = 1000000000;

static void ago_has_two_parts_at_most(void **state)
{
	const uint64_t now = 1000000000 * second;
	char out[FORMAT_MAX];

	(void)state;
	assert_string_equal(format_ago(0, now, out), "never");
	assert_string_equal(format_ago(now, now, out), "now");
	assert_string_equal(format_ago(now + second, now, out), "now");
	assert_string_equal(format_ago(now - second, now, out), "1 second ago");
	assert_string_equal(format_ago(now - 80 * second, now, out), "1 minute, 20 seconds ago");
	assert_string_equal(format_ago(now - 7260 * second, now, out), "2 hours, 1 minute ago");
	assert_string_equal(format_ago(now - 86401 * second, now, out), "1 day, 1 second ago");
	assert_string_equal(format_ago(second, now, out), "31 years, 259 days ago");
}

static void bytes_have_units(void **state)
{
	char out[FORMAT_MAX];

	(void)state;
	assert_string_equal(format_bytes(0, out), "0 B");
	assert_string_equal(format_bytes(1023, out), "1023 B");
	assert_string_equal(format_bytes(1536, out), "1.50 KiB");
	assert_string_equal(format_bytes(UINT64_MAX, out), "16.00 EiB");
}

static void unknown_flags_are_not_hidden(void **state)
{
	char out[FORMAT_MAX];

	(void)state;
	assert_string_equal(format_mesh_features(0, "(none)", out), "(none)");
	assert_string_equal(format_mesh_features(3, "-", out), "egress,doorman");
	assert_string_equal(format_mesh_features(0x11, "-", out), "egress,0x10");
	assert_string_equal(format_peer_flags(UINT32_MAX, "-", out), "pinned,relay,0xfffffffc");
	assert_string_equal(format_state(99), "unknown");
}

static void numbers_are_whole_and_bounded(void **state)
{
	uint64_t v = 7;

	(void)state;
	assert_true(number_parse("0", 0, &v));
	assert_int_equal(v, 0);
	assert_true(number_parse("18446744073709551615", UINT64_MAX, &v));
	assert_true(v == UINT64_MAX);
	assert_false(number_parse("18446744073709551616", UINT64_MAX, &v));
	assert_false(number_parse("5", 4, &v));
	assert_false(number_parse("", 4, &v));
	assert_false(number_parse("+1", 4, &v));
	assert_false(number_parse("1 ", 4, &v));
	assert_true(v == UINT64_MAX);
}

static void peer_is_json_with_the_specifications_names(void **state)
{
	struct wg_prefix prefix = { .metric = 2, .flags = WGMESH_PREFIX_FLAGS_CHOSEN };
	struct wg_peer peer = {
		.fields = WG_PEER_ENDPOINT | WG_PEER_STATE | WG_PEER_COUNTERS_AGE,
		.state = WGMESH_PEER_STATE_DORMANT, .flags = WGMESH_PEER_FLAGS_RELAY,
		.keepalive = 25, .rx_bytes = 1, .tx_bytes = 2, .last_handshake = 3, .generation = 4,
		.counters_age = 5, .prefixes = &prefix, .prefix_count = 1,
	};
	json_t *o;
	char *text;

	(void)state;
	assert_true(endpoint_parse("192.0.2.1:7", &peer.endpoint));
	assert_true(prefix_parse("10.0.0.0/8", &prefix.prefix));
	o = json_of_peer(&peer);
	text = json_dumps(o, JSON_COMPACT);
	assert_string_equal(text,
			    "{\"public_key\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\","
			    "\"endpoint\":\"192.0.2.1:7\",\"state\":\"dormant\",\"flags\":[\"relay\"],"
			    "\"keepalive\":25,\"prefixes\":[{\"prefix\":\"10.0.0.0/8\",\"metric\":2,"
			    "\"chosen\":true}],\"last_handshake\":3,\"rx_bytes\":1,\"tx_bytes\":2,"
			    "\"counters_age\":5,\"generation\":4}");
	free(text);
	json_decref(o);
}

static void event_is_json_of_what_it_tells(void **state)
{
	struct mesh_event event = { .kind = MESH_EVENT_APPLY, .upserted = 2, .removed = 1,
				    .mesh = { .ifname = "wg0", .ifindex = 3, .generation = 9 } };
	json_t *o = json_of_event(&event);
	char *text = json_dumps(o, JSON_COMPACT);

	(void)state;
	assert_string_equal(text, "{\"event\":\"apply\",\"ifname\":\"wg0\",\"ifindex\":3,"
			    "\"generation\":9,\"upserted\":2,\"removed\":1}");
	free(text);
	json_decref(o);
}

static void overrun_tells_what_is_missing(void **state)
{
	struct mesh_event event = { .kind = MESH_EVENT_OVERRUN, .since = 4, .removals = true,
				    .mesh = { .ifname = "wg0", .ifindex = 3, .generation = 9 } };
	json_t *o = json_of_event(&event);
	char *text = json_dumps(o, JSON_COMPACT);

	(void)state;
	assert_string_equal(text, "{\"event\":\"overrun\",\"ifname\":\"wg0\",\"ifindex\":3,"
			    "\"generation\":9,\"since\":4,\"removals\":true}");
	free(text);
	json_decref(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ago_has_two_parts_at_most),
		cmocka_unit_test(bytes_have_units),
		cmocka_unit_test(unknown_flags_are_not_hidden),
		cmocka_unit_test(numbers_are_whole_and_bounded),
		cmocka_unit_test(peer_is_json_with_the_specifications_names),
		cmocka_unit_test(event_is_json_of_what_it_tells),
		cmocka_unit_test(overrun_tells_what_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
