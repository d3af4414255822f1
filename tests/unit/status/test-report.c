// SPDX-License-Identifier: Apache-2.0
/* status: by which path each node is reached, and what the page is told of all. */
#include "../cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "status/report.h"

static const uint64_t NOW = 1700000000000000000;

static const uint64_t SECOND = 1000000000;

static struct key key_of(int n)
{
	struct key key = { .bytes = { (uint8_t)(n * 37), (uint8_t)(n >> 8), (uint8_t)n } };

	return key;
}

static struct node node_of(int n)
{
	struct node node = { .public_key = key_of(n) };
	char text[64];

	snprintf(node.id, sizeof(node.id), "n%d", n);
	snprintf(text, sizeof(text), "172.16.%d.%d/12", n >> 8, n & 255);
	assert_true(prefix_parse(text, &node.ipv4));
	snprintf(text, sizeof(text), "fd00:0:0:%x::/64", n);
	assert_true(prefix_parse(text, &node.ipv6));
	return node;
}

static struct roster *roster_of(int count)
{
	struct roster *r = roster_new();

	for (int n = 1; n <= count; n++) {
		struct node node = node_of(n);

		roster_add(r, &node);
	}
	roster_seal(r);
	return r;
}

/* A peer with the addresses of the nodes, up to a zero. */
static void add_peer(struct paths *p, const struct roster *r, int n, uint64_t handshake,
		     const int *behind)
{
	struct wg_prefix prefixes[8];
	struct wg_peer peer = { .public_key = key_of(n), .last_handshake = handshake,
				.prefixes = prefixes, .fields = WG_PEER_ENDPOINT,
				.rx_bytes = 1000, .tx_bytes = 2000 };

	assert_true(endpoint_parse("192.0.2.7:51820", &peer.endpoint));
	for (; *behind; behind++) {
		struct node node = node_of(*behind);

		prefixes[peer.prefix_count++] = (struct wg_prefix){ .prefix = prefix_host(&node.ipv4.ip) };
		prefixes[peer.prefix_count++] = (struct wg_prefix){ .prefix = node.ipv6 };
	}
	paths_add(p, r, &peer, NOW);
}

static const struct path *path_of(const struct paths *p, const struct roster *r, int n)
{
	const struct key key = key_of(n);

	return &p->items[roster_find_key(r, &key)];
}

static void a_roster_finds_nodes_by_key_and_by_what_hangs_on_them(void **state)
{
	struct roster *r = roster_of(300);
	struct key unknown = { .bytes = { 1, 2, 3, 4 } };

	(void)state;
	assert_int_equal(roster_count(r), 300);
	for (int n = 1; n <= 300; n++) {
		struct node node = node_of(n);
		struct prefix host = prefix_host(&node.ipv4.ip);
		int number = roster_find_key(r, &node.public_key);

		assert_string_equal(roster_at(r, number)->id, node.id);
		assert_int_equal(roster_find_prefix(r, &host), number);
		assert_int_equal(roster_find_prefix(r, &node.ipv6), number);
	}
	for (int i = 1; i < 300; i++)
		assert_true(strcmp(roster_at(r, i - 1)->id, roster_at(r, i)->id) < 0);
	assert_int_equal(roster_find_key(r, &unknown), ROSTER_NONE);
	roster_unref(r);
}

static void a_roster_has_each_node_once_and_no_more_than_it_has_room_for(void **state)
{
	struct roster *r, *again = roster_new();
	struct node first = node_of(1);

	(void)state;
	roster_add(again, &first);
	roster_add(again, &first);
	assert_int_equal(roster_count(again), 1);
	roster_unref(again);
	r = roster_new();
	for (int twice = 0; twice < 2; twice++)
		for (int n = 1; n <= ROSTER_MAX + 5; n++) {
			struct node node = node_of(n);

			assert_int_equal(roster_is_full(r), twice || n > ROSTER_MAX);
			roster_add(r, &node);
		}
	roster_seal(r);
	assert_int_equal(roster_count(r), ROSTER_MAX);
	assert_ptr_equal(roster_ref(r), r);
	roster_unref(r);
	assert_string_equal(roster_at(r, 0)->id, "n1");	/* there is a reference left */
	roster_unref(r);
	roster_unref(NULL);
}

static void a_node_is_direct_relayed_or_dormant(void **state)
{
	struct roster *r = roster_of(6);
	struct paths *p = calloc(1, sizeof(*p));

	(void)state;
	add_peer(p, r, 2, NOW - 10 * SECOND, (int[]){ 2, 3, 4, 0 });
	add_peer(p, r, 5, NOW - 200 * SECOND, (int[]){ 5, 6, 0 });
	add_peer(p, r, 6, 0, (int[]){ 6, 0 });
	assert_int_equal(path_of(p, r, 2)->kind, PATH_DIRECT);
	assert_int_equal(path_of(p, r, 3)->kind, PATH_RELAYED);
	assert_string_equal(roster_at(r, path_of(p, r, 3)->via)->id, "n2");
	assert_int_equal(path_of(p, r, 5)->kind, PATH_DORMANT);	/* its session is over */
	assert_int_equal(path_of(p, r, 6)->kind, PATH_DORMANT);
	assert_int_equal(path_of(p, r, 1)->kind, PATH_DORMANT);
	assert_true(p->direct == 1 && p->relayed == 2);
	free(p);
	roster_unref(r);
}

static void a_session_goes_before_a_relay_in_either_order(void **state)
{
	struct roster *r = roster_of(3);
	struct paths *p = calloc(1, sizeof(*p));

	(void)state;
	add_peer(p, r, 2, NOW, (int[]){ 2, 3, 0 });
	add_peer(p, r, 3, NOW, (int[]){ 3, 2, 0 });
	assert_int_equal(path_of(p, r, 2)->kind, PATH_DIRECT);
	assert_int_equal(path_of(p, r, 3)->kind, PATH_DIRECT);
	assert_true(p->direct == 2 && p->relayed == 0);
	free(p);
	roster_unref(r);
}

static void sessions_with_nodes_that_are_not_listed_are_counted_and_asked_for(void **state)
{
	struct roster *r = roster_of(2);
	struct paths *p = calloc(1, sizeof(*p));

	(void)state;
	for (int n = 10; n < 10 + PATHS_WANTED_MAX + 5; n++)
		add_peer(p, r, n, NOW, (int[]){ 0 });
	add_peer(p, r, 5000, NOW - 500 * SECOND, (int[]){ 0 });	/* has none any more */
	assert_int_equal(p->unnamed, PATHS_WANTED_MAX + 5);
	assert_int_equal(p->wanted_count, PATHS_WANTED_MAX);
	assert_true(key_equal(&p->wanted[0], &(struct key){ .bytes = { (uint8_t)(10 * 37), 0, 10 } }));
	free(p);
	roster_unref(r);
}

static struct status_view view_of(void)
{
	struct status_view v = {
		.node_id = "n1", .domain = "webmesh.internal", .version = "1.0", .now = (int64_t)NOW,
		.started_at = (int64_t)NOW, .role = "leader", .leader = "n1", .term = 3,
		.commit_index = 20, .applied_index = 20, .state_age_ms = 0, .server_count = 2,
		.nodes = 3, .backend = "mesh", .device = "wgmesh0",
		.servers = { { .node_id = "n1", .votes = true },
			     { .node_id = "n2", .votes = true, .is_seen = true, .progress = "probe",
			       .match_index = 19, .silent_ms = 4000, .is_silent = true } },
	};

	return v;
}

static void assert_has(const char *text, const char *piece)
{
	if (!strstr(text, piece)) {
		print_error("%s\n", text);
		fail_msg("%s is not there", piece);
	}
}

static void a_report_says_who_leads_who_is_silent_and_how_each_is_reached(void **state)
{
	struct roster *r = roster_of(3);
	struct paths *p = calloc(1, sizeof(*p));
	struct status_view v = view_of();
	struct buf out = BUF_INIT(1 << 20);
	const char *text;

	(void)state;
	p->known = true;
	add_peer(p, r, 2, NOW - 5 * SECOND, (int[]){ 2, 3, 0 });
	status_report(&v, r, p, 77, &out);
	text = buf_text(&out);
	assert_has(text, "{\"monotonic\":77,\"now\":1700000000000,\"self\":{\"id\":\"n1\",\"role\":\"leader\",");
	assert_has(text, "\"servers\":[{\"id\":\"n1\",\"role\":\"leader\"},{\"id\":\"n2\",\"role\":\"voter\","
			 "\"progress\":\"probe\",\"match\":19,\"silent_ms\":4000,\"silent\":true}]}");
	assert_has(text, "\"counts\":{\"nodes\":3,\"shown\":3,\"shown_max\":1000,\"direct\":1,\"relayed\":1,\"unnamed\":0}");
	assert_has(text, "{\"id\":\"n1\",\"ipv4\":\"172.16.0.1\",\"ipv6\":\"fd00:0:0:1::/64\",\"public\":false,\"path\":\"self\"}");
	assert_has(text, "\"path\":\"direct\",\"endpoint\":\"192.0.2.7:51820\",\"handshake_ms\":5000,\"rx\":1000,\"tx\":2000}");
	assert_has(text, "\"path\":\"relayed\",\"via\":\"n2\"}]}\n");
	buf_fini(&out);
	free(p);
	roster_unref(r);
}

static void without_a_data_plane_no_path_is_claimed_and_without_nodes_the_report_is_whole(void **state)
{
	struct roster *r = roster_of(2), *none = roster_of(0);
	struct paths *p = paths_read(r, "none", "");
	struct status_view v = view_of();
	struct buf out = BUF_INIT(1 << 20);

	(void)state;
	status_report(&v, r, p, 1, &out);
	assert_has(buf_text(&out), "\"traffic\":{\"known\":false,");
	assert_has(buf_text(&out), "\"path\":\"unknown\"}]}\n");
	buf_reset(&out);
	v.server_count = 0;
	v.state_age_ms = UINT64_MAX;
	status_report(&v, none, p, 1, &out);
	assert_has(buf_text(&out), "\"servers\":[]}");
	assert_has(buf_text(&out), "\"nodes\":[]}\n");
	assert_null(strstr(buf_text(&out), "state_age_ms"));
	buf_fini(&out);
	free(p);
	roster_unref(r);
	roster_unref(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_roster_finds_nodes_by_key_and_by_what_hangs_on_them),
		cmocka_unit_test(a_roster_has_each_node_once_and_no_more_than_it_has_room_for),
		cmocka_unit_test(a_node_is_direct_relayed_or_dormant),
		cmocka_unit_test(a_session_goes_before_a_relay_in_either_order),
		cmocka_unit_test(sessions_with_nodes_that_are_not_listed_are_counted_and_asked_for),
		cmocka_unit_test(a_report_says_who_leads_who_is_silent_and_how_each_is_reached),
		cmocka_unit_test(without_a_data_plane_no_path_is_claimed_and_without_nodes_the_report_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
