// SPDX-License-Identifier: Apache-2.0
/*
 * The backends kernel and mesh on the kernel's own WireGuard, in a network namespace of
 * the test's own.  Without an argument: those backends that this kernel has the
 * parts for; with one: that backend, come what may.
 */
#include "../cmocka.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "netlink/link.h"
#include "netlink/mesh_apply.h"
#include "netlink/wg.h"
#include "peers.h"
#include "roaming.h"

enum { PORT_A = 51001 };

static const char *backend;	/* the one that is being tested */

static struct dataplane *open_configured(const struct dataplane_config *config)
{
	struct dataplane *dp = NULL;
	struct error err;

	if (dataplane_open(config, &dp, &err))
		fail_msg("%s", err.text);
	assert_string_equal(dataplane_backend(dp), backend);
	return dp;
}

static struct dataplane *open_dataplane(const char *ifname, uint8_t seed, uint16_t port)
{
	struct dataplane_config config = {
		.backend = backend, .ifname = ifname, .listen_port = port,
	};

	memset(config.private_key.bytes, seed, KEY_BYTES);
	return open_configured(&config);
}

static struct dataplane_changes apply_set(struct dataplane *dp, struct peer_set *set)
{
	struct dataplane_changes changes = { 0 };
	struct error err;

	if (dataplane_apply(dp, set, &changes, &err))
		fail_msg("%s", err.text);
	return changes;
}

static void assert_has(struct dataplane *dp, const char *wanted)
{
	char *text = peers_text(dp);

	assert_string_equal(text, wanted);
	free(text);
}

static void differences_are_applied(void **state)
{
	struct dataplane *dp = open_dataplane("wgta", 0x48, PORT_A);
	struct dataplane_changes c;
	struct dataplane_stats stats;

	(void)state;
	c = apply_set(dp, peers_of("a @192.0.2.1:1 10.0.0.1/32 fd00:1::/64\nb ~25 10.0.0.2/32\n"));
	assert_int_equal(c.added, 2);
	assert_has(dp, "a @192.0.2.1:1 10.0.0.1/32 fd00:1::/64\nb ~25 10.0.0.2/32\n");
	c = apply_set(dp, peers_of("a @192.0.2.1:1 10.0.0.1/32\nc @[2001:db8::1]:7 10.0.0.2/32\n"));
	assert_int_equal(c.added, 1);
	assert_int_equal(c.changed, 1);
	assert_int_equal(c.removed, 1);
	assert_has(dp, "a @192.0.2.1:1 10.0.0.1/32\nc @[2001:db8::1]:7 10.0.0.2/32\n");
	assert_int_equal(dataplane_stats(dp, &stats, NULL), 0);
	assert_int_equal(stats.peers_known, 2);
	assert_int_equal(stats.peers_active, 0);
	assert_int_equal(stats.listen_port, PORT_A);
	dataplane_close(dp);
}

static void running_device_is_adopted(void **state)
{
	struct dataplane *dp = open_dataplane("wgta", 0x48, PORT_A);
	struct dataplane_changes c;

	(void)state;
	c = apply_set(dp, peers_of("a @192.0.2.1:1 10.0.0.1/32\nd 10.0.0.4/32\n"));
	assert_int_equal(c.kept, 1);
	assert_int_equal(c.added, 1);
	assert_int_equal(c.removed, 1);
	dataplane_close(dp);
	dp = open_dataplane("wgta", 0x48, PORT_A);
	c = apply_set(dp, peers_of("a @192.0.2.1:1 10.0.0.1/32\nd 10.0.0.4/32\n"));
	assert_int_equal(c.kept, 2);
	assert_int_equal(c.added + c.changed + c.removed, 0);
	dataplane_close(dp);
}

enum { MANY = 1500 };

/* A thousand peers do not fit into one message, and the prefixes of one of them not either. */
static struct peer_set *many_peers(void)
{
	/* The module's limit is 1024; WireGuard has none. */
	const int prefixes = strcmp(backend, "kernel") == 0 ? 4000 : 1000;
	struct peer_set *set = peer_set_new();

	for (uint32_t i = 0; i < MANY; i++) {
		struct key key = { { 9, 1, (uint8_t)(i >> 8), (uint8_t)i } };
		struct prefix p = { .ip = { .family = AF_INET6, .bytes = { 0xfd } }, .len = 128 };
		uint32_t peer;

		memcpy(p.ip.bytes + 4, key.bytes, 4);
		assert_int_equal(peer_set_add(set, &key, NULL, 0, &peer, NULL), 0);
		for (int j = 0; j < (i == 7 ? prefixes : 1); j++) {
			p.ip.bytes[14] = (uint8_t)(j >> 8);
			p.ip.bytes[15] = (uint8_t)j;
			assert_int_equal(peer_set_add_prefix(set, peer, &p, 0, NULL), 0);
		}
	}
	assert_int_equal(peer_set_seal(set, NULL), 0);
	return set;
}

static void many_are_applied_and_read_back(void **state)
{
	struct dataplane *dp = open_dataplane("wgta", 0x48, PORT_A);
	struct dataplane_stats stats;
	struct dataplane_changes c;

	(void)state;
	c = apply_set(dp, many_peers());
	assert_int_equal(c.added, MANY);
	dataplane_forget(dp);
	assert_int_equal(dataplane_stats(dp, &stats, NULL), 0);
	assert_int_equal(stats.peers_known, MANY);
	c = apply_set(dp, many_peers());
	assert_int_equal(c.kept, MANY);
	c = apply_set(dp, peers_of("a 10.0.0.1/32\n"));
	assert_int_equal(c.removed, MANY);
	dataplane_close(dp);
}

static void learnt_endpoint_survives_adoption(void **state)
{
	(void)state;
	roaming_test(backend);
}

static void strangers_preshared_key_is_taken_away(void **state)
{
	struct dataplane *dp;
	struct wg_peer peer = { .public_key = key_of('s'), .fields = WG_PEER_PRESHARED_KEY,
				.preshared_key = { { 1, 2, 3 } } };
	struct wg_client *wg;
	struct dataplane_changes c;

	(void)state;
	if (strcmp(backend, "kernel") != 0)
		skip();	/* the module does not tell preshared keys */
	dp = open_dataplane("wgta", 0x48, PORT_A);
	apply_set(dp, peers_of(""));
	assert_int_equal(wg_client_open(&wg, NULL), 0);
	assert_int_equal(wg_peers_set(wg, "wgta", &peer, 1, NULL), 0);
	dataplane_forget(dp);
	c = apply_set(dp, peers_of("s"));
	assert_int_equal(c.added, 1);
	dataplane_forget(dp);
	c = apply_set(dp, peers_of("s"));
	assert_int_equal(c.kept, 1);
	wg_client_close(wg);
	dataplane_close(dp);
}

static void changes_by_others_are_undone(void **state)
{
	struct dataplane *dp;
	struct mesh_client *mesh;
	struct mesh_apply *batch;
	struct wg_peer stranger = { .public_key = key_of('t') };

	(void)state;
	if (strcmp(backend, "mesh") != 0)
		skip();	/* only the module's table has generations */
	dp = open_dataplane("wgta", 0x48, PORT_A);
	apply_set(dp, peers_of("q 10.0.0.1/32\n"));
	assert_int_equal(mesh_client_open(&mesh, NULL), 0);
	assert_int_equal(mesh_apply_begin(mesh, "wgta", NULL, &batch, NULL), 0);
	assert_int_equal(mesh_apply_peer(batch, &stranger, NULL), 0);
	assert_int_equal(mesh_apply_commit(batch, NULL, NULL), 0);
	mesh_client_close(mesh);
	apply_set(dp, peers_of("q 10.0.0.1/32\nr 10.0.0.2/32*1\ns 10.0.0.2/32\n"));
	assert_has(dp, "q 10.0.0.1/32\nr 10.0.0.2/32*1\ns 10.0.0.2/32\n");
	dataplane_close(dp);
}

static uint32_t mesh_flags(const char *ifname)
{
	struct mesh_client *mesh;
	struct mesh_info info;

	assert_int_equal(mesh_client_open(&mesh, NULL), 0);
	assert_int_equal(mesh_get(mesh, ifname, &info, NULL), 0);
	mesh_client_close(mesh);
	return info.flags;
}

/* A running mesh is switched, not made anew: its peers stay. */
static void whether_peers_wait_for_traffic_is_as_configured(void **state)
{
	static const struct {
		enum dataplane_lazy lazy;
		uint32_t flags;
	} cases[] = {
		{ DATAPLANE_LAZY_AUTO, WGMESH_MESH_FLAGS_LAZY },
		{ DATAPLANE_LAZY_OFF, 0 },
		{ DATAPLANE_LAZY_ON, WGMESH_MESH_FLAGS_LAZY },
	};
	struct dataplane_config config = { .backend = backend, .ifname = "wgta",
					   .private_key = { { 0x48 } }, .listen_port = PORT_A };

	(void)state;
	if (strcmp(backend, "mesh") != 0)
		skip();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dataplane *dp;

		config.lazy = cases[i].lazy;
		dp = open_configured(&config);
		assert_int_equal(mesh_flags("wgta"), cases[i].flags);
		assert_int_equal(apply_set(dp, peers_of("a 10.0.0.1/32\n")).kept, i ? 1 : 0);
		dataplane_close(dp);
	}
}

static bool floor_of_f(void *data, const struct key *public_key, uint8_t ret[WGMESH_FLOOR_LEN])
{
	struct key f = key_of('f');

	(void)data;
	memset(ret, 0x47, WGMESH_FLOOR_LEN);
	return key_equal(&f, public_key);
}

static int see_floor(void *data, const struct wg_peer *peer)
{
	struct key f = key_of('f');
	uint8_t wanted[WGMESH_FLOOR_LEN];

	memset(wanted, 0x47, sizeof(wanted));
	assert_int_equal(peer->fields & WG_PEER_FLOOR ? 1 : 0, key_equal(&f, &peer->public_key));
	if (peer->fields & WG_PEER_FLOOR)
		assert_memory_equal(peer->floor, wanted, sizeof(wanted));
	++*(int *)data;
	return 0;
}

/* With the batch that adds them: a moment later a recorded handshake might have come. */
static void floors_that_are_known_come_with_new_peers(void **state)
{
	struct dataplane_config config = { .backend = backend, .ifname = "wgta",
					   .private_key = { { 0x48 } }, .listen_port = PORT_A,
					   .floor_of = floor_of_f };
	struct dataplane *dp;
	int told = 0;

	(void)state;
	if (strcmp(backend, "mesh") != 0)
		skip();
	dp = open_configured(&config);
	apply_set(dp, peers_of("e 10.0.0.1/32\nf 10.0.0.2/32\n"));
	assert_int_equal(dataplane_list(dp, see_floor, &told, NULL), 0);
	assert_int_equal(told, 2);
	dataplane_close(dp);
}

static void peers_that_wait_for_traffic_need_the_module(void **state)
{
	struct dataplane_config config = { .backend = backend, .ifname = "wgta",
					   .lazy = DATAPLANE_LAZY_ON, .private_key = { { 0x48 } } };
	struct dataplane *dp = NULL;
	struct error err;

	(void)state;
	if (strcmp(backend, "mesh") == 0)
		skip();
	assert_int_equal(dataplane_open(&config, &dp, &err), -ERR_UNSUPPORTED);
	assert_non_null(strstr(err.text, "use the backend \"mesh\""));
}

static void taken_port_is_explained(void **state)
{
	struct dataplane_config config = {
		.backend = backend, .ifname = "wgtc", .listen_port = PORT_A,
		.private_key = { { 8 } },
	};
	struct dataplane *dp = NULL;
	struct error err;

	(void)state;
	assert_int_equal(dataplane_open(&config, &dp, &err), -ERR_EXISTS);
	assert_non_null(strstr(err.text, "UDP port 51001 is in use"));
}

static void removal_takes_everything_down(void **state)
{
	static const char *const names[] = { "wgta", "wgtb", "wgtc" };
	struct link_client *links;
	struct link_info info;
	struct error err;

	(void)state;
	assert_int_equal(link_client_open(&links, NULL), 0);
	for (int i = 0; i < 3; i++) {
		if (dataplane_remove(open_dataplane(names[i], 0x48, 0), &err))
			fail_msg("%s", err.text);
		assert_int_equal(link_get(links, names[i], &info, NULL), -ERR_NOT_FOUND);
	}
	link_client_close(links);
}

static int open_loopback(void **state)
{
	struct link_client *links;
	int r;

	(void)state;
	if (link_client_open(&links, NULL))
		return -1;
	r = link_set_up(links, "lo", true, 0, NULL);
	link_client_close(links);
	return r;
}

/* Whether this kernel has what @name needs. */
static bool available(const char *name)
{
	struct mesh_client *mesh;
	struct wg_client *wg;

	if (wg_client_open(&wg, NULL))
		return false;
	wg_client_close(wg);
	if (strcmp(name, "mesh") != 0)
		return true;
	if (mesh_client_open(&mesh, NULL))
		return false;
	mesh_client_close(mesh);
	return true;
}

static int test_backend(const char *name)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(differences_are_applied),
		cmocka_unit_test(running_device_is_adopted),
		cmocka_unit_test(many_are_applied_and_read_back),
		cmocka_unit_test(learnt_endpoint_survives_adoption),
		cmocka_unit_test(strangers_preshared_key_is_taken_away),
		cmocka_unit_test(changes_by_others_are_undone),
		cmocka_unit_test(whether_peers_wait_for_traffic_is_as_configured),
		cmocka_unit_test(floors_that_are_known_come_with_new_peers),
		cmocka_unit_test(peers_that_wait_for_traffic_need_the_module),
		cmocka_unit_test(taken_port_is_explained),
		cmocka_unit_test(removal_takes_everything_down),
	};

	backend = name;
	return cmocka_run_group_tests_name(name, tests, open_loopback, NULL);
}

int main(int argc, char **argv)
{
	if (unshare(CLONE_NEWNET)) {
		perror("SKIP: needs root, for a network namespace of its own");
		return 77;
	}
	if (argc > 1)
		return test_backend(argv[1]);
	if (!available("kernel")) {
		fprintf(stderr, "SKIP: this kernel has no WireGuard\n");
		return 77;
	}
	return test_backend("kernel") + (available("mesh") ? test_backend("mesh") : 0);
}
