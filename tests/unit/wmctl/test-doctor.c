// SPDX-License-Identifier: Apache-2.0
#include "../cmocka.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "wmctl/command.h"
#include "wmctl/doctor_host.h"
#include "wmctl/doctor_mesh.h"

#define SECOND INT64_C(1000000000)

typedef Webmesh__Ext__V1__DescribeResponse describe;

static char root[64];

static int setup(void **state)
{
	strcpy(root, "/tmp/wgmesh-doctor.XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int teardown(void **state)
{
	return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* A file below the root, with its folders. */
static void put(const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s%s", root, name);
	for (char *slash = strchr(path + strlen(root) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = 0;
		mkdir(path, 0700);
		*slash = '/';
	}
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	chmod(path, 0600);
}

static void expect(const struct findings *f, const char *check, enum verdict verdict,
		   const char *text)
{
	const struct finding *item = findings_of(f, check);

	if (!item)
		fail_msg("nothing is said of %s", check);
	if (item->verdict != verdict || !strstr(item->text, text))
		fail_msg("%s: verdict %d, \"%s\"", check, item->verdict, item->text);
	assert_true(verdict == VERDICT_OK ? !*item->remedy : *item->remedy != 0);
}

/* ---- findings ---- */

static void the_worst_verdict_is_the_exit_code(void **state)
{
	struct findings f = { 0 };

	assert_int_equal(findings_code(&f), EXIT_OK);
	findings_add(&f, VERDICT_OK, "a", "x", "fine");
	assert_int_equal(findings_code(&f), EXIT_OK);
	findings_add(&f, VERDICT_WARN, "b", "x", "hm");
	assert_int_equal(findings_code(&f), EXIT_DEGRADED);
	findings_add(&f, VERDICT_FAIL, "c", "x", "no");
	findings_add(&f, VERDICT_WARN, "d", "x", "hm");
	assert_int_equal(findings_code(&f), EXIT_ERROR);
	for (int i = 0; i < 2 * FINDINGS_MAX; i++)
		findings_add(&f, VERDICT_OK, "many", "", "%d", i);
	assert_int_equal(f.count, FINDINGS_MAX);
}

/* ---- this machine ---- */

static void a_module_is_missed_where_it_would_be_used(void **state)
{
	struct findings f = { 0 };

	host_check_module(&f, root, "0.1.0", false);
	expect(&f, "module", VERDICT_OK, "not loaded");
	host_check_module(&f, root, "0.1.0", true);
	expect(&f, "module", VERDICT_WARN, "not loaded");
	put("/sys/module/wgmesh/version", "0.1.0\n");
	host_check_module(&f, root, "0.1.0", true);
	expect(&f, "module", VERDICT_OK, "wgmesh 0.1.0");
	host_check_module(&f, root, "0.2.0", true);
	expect(&f, "module", VERDICT_WARN, "the daemon is 0.2.0");
}

/* The reasons differ, and so do the remedies. */
static void who_misses_the_module_is_told_why_it_is_not_there(void **state)
{
	struct utsname host;
	char path[256];
	struct findings f = { 0 };

	assert_int_equal(uname(&host), 0);
	put("/var/lib/dkms/wgmesh/0.1.0/source", "");
	host_check_module(&f, root, "0.1.0", true);
	expect(&f, "module", VERDICT_WARN, "not built for the running kernel");
	assert_non_null(strstr(findings_of(&f, "module")->remedy, "apt install linux-headers-$(uname -r)"));

	snprintf(path, sizeof(path), "/var/lib/dkms/wgmesh/kernel-%s-%s", host.release, host.machine);
	put(path, "");
	f.count = 0;
	put("/sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
	put("/sys/module/module/parameters/sig_enforce", "N\n");
	host_check_module(&f, root, "0.1.0", true);
	assert_non_null(strstr(findings_of(&f, "module")->remedy, "modprobe wgmesh"));
	assert_null(strstr(findings_of(&f, "module")->remedy, "mokutil"));

	f.count = 0;
	put("/sys/module/module/parameters/sig_enforce", "Y\n");
	host_check_module(&f, root, "0.1.0", true);
	assert_non_null(strstr(findings_of(&f, "module")->remedy, "mokutil --import"));
	f.count = 0;
	put("/sys/module/module/parameters/sig_enforce", "N\n");
	put("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	host_check_module(&f, root, "0.1.0", true);
	expect(&f, "module", VERDICT_WARN, "without a known signature");
}

#define ROUTES "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"

static void an_mtu_that_does_not_fit_the_way_out_is_found(void **state)
{
	struct findings f = { 0 };

	host_check_mtu(&f, root, "wg0");
	expect(&f, "mtu", VERDICT_FAIL, "no device wg0");
	put("/sys/class/net/wg0/mtu", "1420\n");
	host_check_mtu(&f, root, "wg0");
	expect(&f, "mtu", VERDICT_OK, "no default route");
	put("/sys/class/net/eth0/mtu", "1500\n");
	put("/proc/net/route", ROUTES "wg0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0\n"
	    "eth0\t000010AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
	    "eth0\t00000000\t010010AC\t0003\t0\t0\t0\t00000000\t0\t0\t0\n");
	host_check_mtu(&f, root, "wg0");
	expect(&f, "mtu", VERDICT_OK, "eth0 has 1500");
	put("/sys/class/net/eth0/mtu", "1499\n");
	host_check_mtu(&f, root, "wg0");
	expect(&f, "mtu", VERDICT_WARN, "1500 do not fit eth0 with 1499");
}

static void only_a_relay_must_forward(void **state)
{
	struct findings f = { 0 };

	put("/proc/sys/net/ipv4/ip_forward", "0\n");
	put("/proc/sys/net/ipv6/conf/all/forwarding", "0\n");
	host_check_forwarding(&f, root, false);
	expect(&f, "forwarding", VERDICT_OK, "nobody");
	host_check_forwarding(&f, root, true);
	expect(&f, "forwarding", VERDICT_WARN, "no packets");
	put("/proc/sys/net/ipv4/ip_forward", "1\n");
	host_check_forwarding(&f, root, true);
	expect(&f, "forwarding", VERDICT_WARN, "no IPv6");
	put("/proc/sys/net/ipv6/conf/all/forwarding", "1\n");
	host_check_forwarding(&f, root, true);
	expect(&f, "forwarding", VERDICT_OK, "on");
}

#define SOCKETS "  sl  local_address rem_address   st tx_queue rx_queue\n"

static void a_port_where_nobody_listens_is_found(void **state)
{
	const struct host_ports ports = { .raft = 9443, .grpc = 8443, .wireguard = 51820 };
	struct findings f = { 0 };
	unsigned int failed = 0;

	/* 8443 is 20FB, 9443 is 24E3, 51820 is CA6C; 0A listens, 01 is a connection */
	put("/proc/net/tcp",
	    SOCKETS "   0: 0100007F:20FB 00000000:0000 0A 0:0\n   1: 0100007F:24E3 "
	    "0100007F:20FB 01 0:0\n");
	put("/proc/net/udp6",
	    SOCKETS " 77: 00000000000000000000000000000000:CA6C "
	    "00000000000000000000000000000000:0000 07 0:0\n");
	host_check_ports(&f, root, &ports);
	assert_int_equal(f.count, 3);
	for (size_t i = 0; i < f.count; i++)
		failed += f.items[i].verdict == VERDICT_FAIL;
	assert_int_equal(failed, 1);
	assert_non_null(strstr(f.items[1].text, "Raft: nobody listens at TCP 9443"));
	put("/proc/net/tcp6",
	    SOCKETS "   0: 00000000000000000000000001000000:24E3 "
	    "00000000000000000000000000000000:0000 0A 0:0\n");
	f.count = 0;
	host_check_ports(&f, root, &ports);
	assert_int_equal(findings_code(&f), EXIT_OK);
}

static void secrets_that_others_may_read_are_found(void **state)
{
	char path[128];
	struct findings f = { 0 };

	put("/local.db", "");
	put("/identity/node.pem", "");
	host_check_state_dir(&f, root);
	expect(&f, "state-dir", VERDICT_OK, root);
	chmod(root, 0750);
	host_check_state_dir(&f, root);
	expect(&f, "state-dir", VERDICT_WARN, "0750");
	chmod(root, 0700);
	snprintf(path, sizeof(path), "%s/identity/node.pem", root);
	chmod(path, 0640);
	host_check_state_dir(&f, root);
	expect(&f, "state-dir", VERDICT_FAIL, "identity/node.pem");
	host_check_state_dir(&f, "/nonexistent");
	expect(&f, "state-dir", VERDICT_WARN, "No such file");
	host_check_disk(&f, "/nonexistent");
	assert_int_equal(findings_of(&f, "disk")->verdict, VERDICT_WARN);
	host_check_disk(&f, root);
	assert_non_null(strstr(findings_of(&f, "disk")->text, "MiB free"));
}

static void a_port_is_reached_while_somebody_listens(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	struct endpoint to = { 0 };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	assert_true(endpoint_from_sockaddr((struct sockaddr *)&at, len, &to));
	assert_false(host_reaches(&to, 1000));
	assert_int_equal(listen(fd, 1), 0);
	assert_true(host_reaches(&to, 10000));
	close(fd);
}

/* ---- the mesh ---- */

static void certificates_are_warned_of_before_they_expire(void **state)
{
	enum { DAY = 86400 };
	const int64_t now = 1000000000;
	struct cert_info info = { .not_before = now, .not_after = now + 80 * DAY };
	struct findings f = { 0 };

	mesh_check_certificate(&f, "it", &info, now + 59 * DAY, "renew");
	expect(&f, "certificate", VERDICT_OK, "21 days left");
	mesh_check_certificate(&f, "it", &info, now + 61 * DAY, "renew");
	expect(&f, "certificate", VERDICT_WARN, "19 days left");
	mesh_check_certificate(&f, "it", &info, now + 82 * DAY, "renew");
	expect(&f, "certificate", VERDICT_FAIL, "expired 2 days ago");
	info.not_after = now + 3650 * DAY;
	mesh_check_certificate(&f, "it", &info, now + 3000 * DAY, "renew");
	expect(&f, "certificate", VERDICT_OK, "650 days left");
	mesh_check_certificate(&f, "it", &info, now + 3621 * DAY, "renew");
	expect(&f, "certificate", VERDICT_WARN, "29 days left");
}

static void a_quorum_is_a_leader_that_hears_all(void **state)
{
	Webmesh__Ext__V1__Server a = WEBMESH__EXT__V1__SERVER__INIT, b = a, c = a;
	Webmesh__Ext__V1__Server *list[] = { &a, &b, &c };
	Webmesh__Ext__V1__ListServersResponse servers =
			WEBMESH__EXT__V1__LIST_SERVERS_RESPONSE__INIT;
	describe d = WEBMESH__EXT__V1__DESCRIBE_RESPONSE__INIT;
	struct findings f = { 0 };

	a.node_id = (char *)"n1", b.node_id = (char *)"n2", c.node_id = (char *)"n3";
	a.role = (char *)"leader", b.role = c.role = (char *)"voter";
	b.progress = c.progress = (char *)"replicate";
	servers.n_servers = 3;
	servers.servers = list;
	d.voters = 3;
	mesh_check_quorum(&f, &d, NULL);
	expect(&f, "quorum", VERDICT_FAIL, "2 of 3 voters");
	d.leader_id = (char *)"n1";
	mesh_check_quorum(&f, &d, &servers);
	expect(&f, "quorum", VERDICT_OK, "n1 leads 3 voters, 2 needed");
	c.silent_ms = 6000;
	mesh_check_quorum(&f, &d, &servers);
	expect(&f, "quorum", VERDICT_WARN, "nothing of n3");
	c.role = (char *)"learner";
	mesh_check_quorum(&f, &d, &servers);
	expect(&f, "quorum", VERDICT_OK, "n1");
	d.voters = 2;
	mesh_check_quorum(&f, &d, NULL);
	expect(&f, "quorum", VERDICT_WARN, "loss of one");
}

static void an_old_state_and_a_second_choice_of_data_plane_are_found(void **state)
{
	describe d = WEBMESH__EXT__V1__DESCRIBE_RESPONSE__INIT;
	struct findings f = { 0 };

	mesh_check_state(&f, &d);
	expect(&f, "state", VERDICT_OK, "current");
	d.state_age_ms = 11000;
	mesh_check_state(&f, &d);
	expect(&f, "state", VERDICT_WARN, "11 s old");
	d.state_age_ms = UINT64_MAX;
	mesh_check_state(&f, &d);
	expect(&f, "state", VERDICT_FAIL, "not current");
	d.backend = (char *)"mesh";
	mesh_check_dataplane(&f, &d);
	expect(&f, "dataplane", VERDICT_OK, "mesh");
	d.backend = (char *)"kernel";
	d.backend_reason = (char *)"mesh: no module";
	mesh_check_dataplane(&f, &d);
	expect(&f, "dataplane", VERDICT_WARN, "no module");
	assert_null(findings_of(&f, "daemon"));
	d.last_error = (char *)"it burns";
	mesh_check_dataplane(&f, &d);
	expect(&f, "daemon", VERDICT_FAIL, "it burns");
}

static void a_clock_that_differs_from_the_leaders_is_found(void **state)
{
	static const struct {
		int64_t off;
		enum verdict verdict;
		const char *text;
	} cases[] = {
		{ 0, VERDICT_OK, "n1" }, { 1, VERDICT_OK, "n1" }, { -2, VERDICT_OK, "n1" },
		{ 10, VERDICT_WARN, "9 s ahead" }, { -10, VERDICT_WARN, "9 s behind" },
		{ 100, VERDICT_FAIL, "99 s ahead" }, { -100, VERDICT_FAIL, "99 s behind" },
	};
	Google__Protobuf__Timestamp started = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
	V1__Status leader = V1__STATUS__INIT;
	int64_t now = 2000000000 * SECOND;

	leader.id = (char *)"n1";
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct findings f = { 0 };

		started.seconds = 2000000000 - 3723 + cases[i].off;
		leader.started_at = &started;
		leader.uptime = (char *)"1h2m3s";
		/* between the question and the answer lies a second */
		mesh_check_clock(&f, &leader, now, now + SECOND);
		expect(&f, "clock", cases[i].verdict, cases[i].text);
	}
}

#define with_root(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_worst_verdict_is_the_exit_code),
		with_root(a_module_is_missed_where_it_would_be_used),
		with_root(who_misses_the_module_is_told_why_it_is_not_there),
		with_root(an_mtu_that_does_not_fit_the_way_out_is_found),
		with_root(only_a_relay_must_forward),
		with_root(a_port_where_nobody_listens_is_found),
		with_root(secrets_that_others_may_read_are_found),
		cmocka_unit_test(a_port_is_reached_while_somebody_listens),
		cmocka_unit_test(certificates_are_warned_of_before_they_expire),
		cmocka_unit_test(a_quorum_is_a_leader_that_hears_all),
		cmocka_unit_test(an_old_state_and_a_second_choice_of_data_plane_are_found),
		cmocka_unit_test(a_clock_that_differs_from_the_leaders_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
