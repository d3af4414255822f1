// SPDX-License-Identifier: Apache-2.0
/* The backend userspace on a real wireguard-go, in a network namespace of the test's own. */
#include "../cmocka.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netlink/link.h"
#include "peers.h"
#include "roaming.h"

static const char device[] = "wgtgo0";

static struct dataplane_config config_of(const char *backend)
{
	struct dataplane_config config = {
		.backend = backend, .ifname = device, .listen_port = 51999, .mtu = 1380,
	};

	memset(config.private_key.bytes, 0x40, KEY_BYTES);	/* clamped already */
	return config;
}

static struct dataplane *open_dataplane(void)
{
	struct dataplane_config config = config_of("userspace");
	struct dataplane *dp = NULL;
	struct error err;

	if (dataplane_open(&config, &dp, &err))
		fail_msg("%s", err.text);
	return dp;
}

static struct dataplane_changes apply(struct dataplane *dp, const char *text)
{
	struct dataplane_changes changes = { 0 };
	struct error err;

	if (dataplane_apply(dp, peers_of(text), &changes, &err))
		fail_msg("%s", err.text);
	return changes;
}

static void assert_has(struct dataplane *dp, const char *wanted)
{
	char *text = peers_text(dp);

	assert_string_equal(text, wanted);
	free(text);
}

static void assert_changes(struct dataplane_changes c, size_t added, size_t changed,
			   size_t removed, size_t kept)
{
	assert_int_equal(c.added, added);
	assert_int_equal(c.changed, changed);
	assert_int_equal(c.removed, removed);
	assert_int_equal(c.kept, kept);
}

static void device_is_started_and_configured(void **state)
{
	struct dataplane *dp = open_dataplane();
	struct dataplane_stats stats;
	struct link_client *links;
	struct link_info info;

	(void)state;
	assert_string_equal(dataplane_backend(dp), "userspace");
	assert_int_equal(dataplane_stats(dp, &stats, NULL), 0);
	assert_int_equal(stats.listen_port, 51999);
	assert_int_equal(stats.peers_known, 0);
	assert_int_equal(link_client_open(&links, NULL), 0);
	assert_int_equal(link_get(links, device, &info, NULL), 0);
	assert_true(info.up);
	assert_int_equal(info.mtu, 1380);
	link_client_close(links);
	dataplane_close(dp);
}

static void differences_are_applied(void **state)
{
	struct dataplane *dp = open_dataplane();

	(void)state;
	assert_changes(apply(dp, "a @192.0.2.1:1 10.0.0.1/32 fd00:1::/64\nb ~25 10.0.0.2/32\n"),
		       2, 0, 0, 0);
	assert_has(dp, "a @192.0.2.1:1 10.0.0.1/32 fd00:1::/64\nb ~25 10.0.0.2/32\n");
	/* A prefix moves, another goes to nobody, a peer goes, one comes. */
	assert_changes(apply(dp, "a @192.0.2.1:1 10.0.0.1/32\nc @[2001:db8::1]:7 10.0.0.2/32\n"),
		       1, 1, 1, 0);
	assert_has(dp, "a @192.0.2.1:1 10.0.0.1/32\nc @[2001:db8::1]:7 10.0.0.2/32\n");
	/* Of the next hops of a prefix the first alone can be held. */
	apply(dp, "a @192.0.2.1:1 10.0.0.1/32 10.0.0.3/32*1\n"
		  "c @[2001:db8::1]:7 10.0.0.2/32 10.0.0.3/32\n");
	assert_has(dp, "a @192.0.2.1:1 10.0.0.1/32\nc @[2001:db8::1]:7 10.0.0.2/32 10.0.0.3/32\n");
	dataplane_close(dp);
}

static void running_device_is_adopted(void **state)
{
	struct dataplane *dp = open_dataplane();

	(void)state;
	apply(dp, "a @192.0.2.1:1 10.0.0.1/32\nb ~25 10.0.0.2/32\nd 10.0.0.4/32\n");
	dataplane_close(dp);
	dp = open_dataplane();
	assert_has(dp, "a @192.0.2.1:1 10.0.0.1/32\nb ~25 10.0.0.2/32\nd 10.0.0.4/32\n");
	assert_changes(apply(dp, "a @192.0.2.1:1 10.0.0.1/32\nb ~25 10.0.0.2/32\nc 10.0.0.3/32\n"),
		       1, 0, 1, 2);
	assert_has(dp, "a @192.0.2.1:1 10.0.0.1/32\nb ~25 10.0.0.2/32\nc 10.0.0.3/32\n");
	dataplane_close(dp);
}

/* wireguard-go ends a moment after its device. */
static void wait_until_gone(const char *path)
{
	for (int i = 0; i < 500 && access(path, F_OK) == 0; i++)
		usleep(10000);
	assert_int_not_equal(access(path, F_OK), 0);
}

static bool shell(const char *command)
{
	return system(command) == 0;
}

static void addresses_and_routes_are_the_wanted_ones(void **state)
{
	struct dataplane *dp = open_dataplane();
	struct prefix addresses[2], routes[2];
	struct error err;

	(void)state;
	assert_true(prefix_parse("172.16.0.1/12", &addresses[0]));
	assert_true(prefix_parse("fd00:1::1/64", &addresses[1]));
	assert_true(prefix_parse("172.16.0.0/12", &routes[0]));
	assert_true(prefix_parse("fd00:1::/48", &routes[1]));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(dataplane_set_addresses(dp, addresses, 2, &err), 0);
		assert_int_equal(dataplane_set_routes(dp, routes, 2, &err), 0);
	}
	assert_true(shell("ip -br addr show wgtgo0 | grep -q '172.16.0.1/12 fd00:1::1/64'"));
	assert_true(shell("ip -4 route show proto 157 | grep -q '^172.16.0.0/12 dev wgtgo0'"));
	assert_true(shell("ip -6 route show proto 157 | grep -q '^fd00:1::/48 dev wgtgo0'"));
	assert_int_equal(dataplane_set_addresses(dp, addresses, 1, &err), 0);
	assert_int_equal(dataplane_set_routes(dp, routes, 1, &err), 0);
	assert_false(shell("ip -br addr show wgtgo0 | grep -q fd00:1::1"));
	assert_false(shell("ip -6 route show proto 157 | grep -q fd00"));
	dataplane_close(dp);
}

static void device_of_another_kind_is_refused(void **state)
{
	struct dataplane_config config = config_of("userspace");
	struct dataplane *dp = NULL;
	struct error err;

	(void)state;
	config.ifname = "wgtgo1";
	assert_true(shell("ip link add wgtgo1 type bridge"));
	assert_int_equal(dataplane_open(&config, &dp, &err), -ERR_PRECONDITION);
	assert_non_null(strstr(err.text, "wgtgo1 is of kind \"bridge\""));
}

static void vanished_device_is_made_anew(void **state)
{
	struct dataplane *dp = open_dataplane();
	struct prefix address;
	struct error err;

	(void)state;
	assert_true(prefix_parse("172.16.0.1/32", &address));
	apply(dp, "a 10.0.0.1/32\n");
	assert_int_equal(dataplane_check(dp, &err), 0);
	assert_true(shell("ip link del wgtgo0"));
	assert_int_equal(dataplane_check(dp, &err), -ERR_NOT_FOUND);
	wait_until_gone("/run/wireguard/wgtgo0.sock");
	if (dataplane_set_addresses(dp, &address, 1, &err))
		fail_msg("%s", err.text);
	assert_int_equal(dataplane_check(dp, &err), 0);
	assert_true(shell("ip -br addr show wgtgo0 | grep -q 172.16.0.1"));
	assert_changes(apply(dp, "a 10.0.0.1/32\n"), 1, 0, 0, 0);
	assert_has(dp, "a 10.0.0.1/32\n");
	dataplane_close(dp);
}

static void device_of_somebody_else_is_refused(void **state)
{
	struct dataplane_config config = config_of("userspace");
	struct dataplane *dp = NULL;
	struct error err;

	(void)state;
	config.ifname = "wgtgo2";
	assert_true(shell("ip tuntap add dev wgtgo2 mode tun"));
	assert_int_equal(dataplane_open(&config, &dp, &err), -ERR_PRECONDITION);
	assert_non_null(strstr(err.text, "no wireguard-go answers for it"));
}

static void learnt_endpoint_survives_adoption(void **state)
{
	(void)state;
	assert_true(shell("ip link set lo up"));
	roaming_test("userspace");
}

/* A device that wireguard-go drives is kept, whatever would be better; and it is said what is. */
static void best_backend_is_chosen_and_explained(void **state)
{
	struct dataplane_config config = config_of("auto");
	struct dataplane *dp = NULL;
	struct error err;

	(void)state;
	if (dataplane_open(&config, &dp, &err))
		fail_msg("%s", err.text);
	assert_string_equal(dataplane_backend(dp), "userspace");
	assert_non_null(strstr(dataplane_reason(dp), "not mesh: "));
	assert_non_null(strstr(dataplane_reason(dp), "; not kernel: "));
	dataplane_close(dp);
}

static void unknown_backends_and_names_are_refused(void **state)
{
	struct dataplane_config config = config_of("magic");
	struct dataplane *dp = NULL;
	struct error err;

	(void)state;
	assert_int_equal(dataplane_open(&config, &dp, &err), -ERR_INVALID);
	assert_non_null(strstr(err.text, "auto, mesh, kernel, userspace, none"));
	config = config_of("none");
	config.ifname = "a-device-of-16-ch";
	assert_int_equal(dataplane_open(&config, &dp, &err), -ERR_INVALID);
	config.ifname = "../etc";
	assert_int_equal(dataplane_open(&config, &dp, &err), -ERR_INVALID);
}

static void none_takes_everything_and_does_nothing(void **state)
{
	struct dataplane_config config = config_of("none");
	struct dataplane_stats stats;
	struct dataplane *dp = NULL;

	(void)state;
	assert_int_equal(dataplane_open(&config, &dp, NULL), 0);
	assert_changes(apply(dp, "a 10.0.0.1/32\nb 10.0.0.2/32\n"), 2, 0, 0, 0);
	assert_changes(apply(dp, "b 10.0.0.2/32\nc\n"), 1, 0, 1, 1);
	assert_int_equal(dataplane_set_addresses(dp, NULL, 0, NULL), 0);
	assert_int_equal(dataplane_stats(dp, &stats, NULL), 0);
	assert_int_equal(dataplane_remove(dp, NULL), 0);
}

static void removal_takes_everything_down(void **state)
{
	struct dataplane *dp = open_dataplane();
	struct link_client *links;
	struct link_info info;
	struct error err;

	(void)state;
	if (dataplane_remove(dp, &err))
		fail_msg("%s", err.text);
	assert_int_equal(link_client_open(&links, NULL), 0);
	assert_int_equal(link_get(links, device, &info, NULL), -ERR_NOT_FOUND);
	link_client_close(links);
}

/* A process ends with its device. */
static int stop(void **state)
{
	static const char *const names[] = { "wgta", "wgtb", device };
	struct link_client *links;

	(void)state;
	if (link_client_open(&links, NULL))
		return -1;
	for (int i = 0; i < 3; i++)
		link_delete(links, names[i], NULL);
	link_client_close(links);
	return 0;
}

/* A namespace for the device, and a place of its own for the sockets. */
static const char *prepare(void)
{
	if (access("/usr/bin/wireguard-go", X_OK))
		return "wireguard-go is not installed";
	if (access("/dev/net/tun", R_OK | W_OK))
		return "/dev/net/tun cannot be used";
	if (unshare(CLONE_NEWNET | CLONE_NEWNS))
		return "needs root, for a network namespace of its own";
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", "/run", "tmpfs", 0, NULL) || mkdir("/run/wireguard", 0700))
		return "cannot make a place for sockets";
	return NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(device_is_started_and_configured),
		cmocka_unit_test(differences_are_applied),
		cmocka_unit_test(running_device_is_adopted),
		cmocka_unit_test(addresses_and_routes_are_the_wanted_ones),
		cmocka_unit_test(device_of_another_kind_is_refused),
		cmocka_unit_test(vanished_device_is_made_anew),
		cmocka_unit_test(device_of_somebody_else_is_refused),
		cmocka_unit_test(learnt_endpoint_survives_adoption),
		cmocka_unit_test(best_backend_is_chosen_and_explained),
		cmocka_unit_test(unknown_backends_and_names_are_refused),
		cmocka_unit_test(none_takes_everything_and_does_nothing),
		cmocka_unit_test(removal_takes_everything_down),
	};
	const char *missing = prepare();

	if (missing) {
		fprintf(stderr, "SKIP: %s\n", missing);
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, stop);
}
