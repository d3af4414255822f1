// SPDX-License-Identifier: Apache-2.0
/* metrics: the page's format, its values, and that nobody can make it longer. */
#include "../cmocka.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "metrics/exposition.h"
#include "metrics/page.h"

enum { PAGE_MAX = 256 * 1024 };

static struct metrics_snapshot *snapshot(void)
{
	struct metrics_snapshot *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->taken_at = 5000000000;
	s->version = "1.2.3";
	s->commit = "abc";
	s->role = "voter";
	s->backend = "mesh";
	strcpy(s->device, "wgmesh0");
	s->started_at = 1700000000500000000;
	s->certificate_ends_at = 1800000000000000000;
	s->state_age_ms = 1500;
	s->channels = 3;
	s->channel_connections = 70;
	s->names.served = true;
	s->names.udp = 1234;
	s->names.tcp = 5;
	s->names.limited = 6;
	s->calls[0].method = "v1.Node/Join";
	s->calls[1].method = "unknown";
	s->calls_count = 2;
	return s;
}

static struct metrics_readings readings(void)
{
	return (struct metrics_readings){ .now = 5250000000, .has_dataplane = true,
					  .dataplane = { .has_module = true } };
}

/* NULL when there is no such line. */
static const char *line_of(const char *page, const char *name)
{
	size_t len = strlen(name);

	for (; page; page = strchr(page, '\n')) {
		page += *page == '\n';
		if (strncmp(page, name, len) == 0 && page[len] == ' ')
			return page + len + 1;
	}
	return NULL;
}

static void assert_value(const char *page, const char *name, double wanted)
{
	const char *line = line_of(page, name);

	if (!line)
		fail_msg("there is no %s in\n%s", name, page);
	assert_true(fabs(strtod(line, NULL) - wanted) < 1e-9);
}

static void labels_and_help_are_escaped(void **state)
{
	const struct exposition_label labels[] = { { "a", "x\"y\\z\nw" }, { "b", "é{}," } };
	struct buf out = BUF_INIT(PAGE_MAX);

	(void)state;
	exposition_family(&out, "n", EXPOSITION_GAUGE, "one \"two\"\nthree\\");
	exposition_integer(&out, "n", labels, 2, UINT64_MAX);
	assert_string_equal(buf_text(&out),
			    "# HELP n one \"two\"\\nthree\\\\\n# TYPE n gauge\n"
			    "n{a=\"x\\\"y\\\\z\\nw\",b=\"é{},\"} 18446744073709551615\n");
	buf_fini(&out);
}

static void numbers_are_as_prometheus_reads_them(void **state)
{
	static const struct {
		double value;
		const char *text;
	} cases[] = {
		{ 0, "n 0\n" }, { 1.5, "n 1.5\n" }, { -2, "n -2\n" }, { 1e300, "n 1e+300\n" },
		{ NAN, "n NaN\n" }, { INFINITY, "n +Inf\n" }, { -INFINITY, "n -Inf\n" },
		{ 1795451518.25, "n 1795451518.25\n" },
	};
	struct buf out = BUF_INIT(PAGE_MAX);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_reset(&out);
		exposition_real(&out, "n", NULL, 0, cases[i].value);
		assert_string_equal(buf_text(&out), cases[i].text);
	}
	buf_fini(&out);
}

static void values_are_the_snapshots_in_base_units(void **state)
{
	struct metrics_snapshot *s = snapshot();
	struct metrics_readings r = readings();
	struct buf out = BUF_INIT(PAGE_MAX);
	const char *page;

	(void)state;
	s->term = 7;
	s->leader_changes = 3;
	s->calls[0].ended[7] = 9;
	r.dataplane.peers_known = 100000;
	r.dataplane.module.value[WGMESH_A_STATS_HELD_SENT] = 11;
	r.dataplane.module.value[WGMESH_A_STATS_MEMORY] = 4096;
	r.files[0].known = true;
	r.files[0].bytes = 512;
	metrics_page(s, &r, &out);
	page = buf_text(&out);
	assert_value(page, "wgmesh_data_channels", 3);
	assert_value(page, "wgmesh_data_channel_connections", 70);
	assert_value(page, "wgmesh_dns_served", 1);
	assert_value(page, "wgmesh_dns_queries_total{protocol=\"udp\"}", 1234);
	assert_value(page, "wgmesh_dns_queries_total{protocol=\"tcp\"}", 5);
	assert_value(page, "wgmesh_dns_limited_total", 6);
	assert_value(page, "wgmesh_build_info{version=\"1.2.3\",commit=\"abc\"}", 1);
	assert_value(page, "wgmesh_start_time_seconds", 1700000000.5);
	assert_value(page, "wgmesh_snapshot_age_seconds", 0.25);
	assert_value(page, "wgmesh_raft_role{role=\"voter\"}", 1);
	assert_value(page, "wgmesh_raft_role{role=\"leader\"}", 0);
	assert_value(page, "wgmesh_raft_term", 7);
	assert_value(page, "wgmesh_raft_leader_changes_total", 3);
	assert_value(page, "wgmesh_state_age_seconds", 1.5);
	assert_value(page, "wgmesh_peers_known", 100000);
	assert_value(page, "wgmesh_module_held_sent_total", 11);
	assert_value(page, "wgmesh_module_memory_bytes", 4096);
	assert_value(page, "wgmesh_store_bytes{file=\"raft.db\"}", 512);
	assert_value(page,
		     "wgmesh_grpc_requests_total{method=\"v1.Node/Join\",code=\"PERMISSION_DENIED\"}",
		     9);
	assert_value(page, "wgmesh_grpc_requests_total{method=\"v1.Node/Join\",code=\"OK\"}", 0);
	assert_null(line_of(page, "wgmesh_log_last_index"));
	assert_null(line_of(page, "wgmesh_wireguard_key_end_time_seconds"));
	buf_fini(&out);
	free(s);
}

static void what_could_not_be_read_is_absent_and_not_zero(void **state)
{
	struct metrics_snapshot *s = snapshot();
	struct metrics_readings r = { 0 };
	struct buf out = BUF_INIT(PAGE_MAX);

	(void)state;
	s->state_age_ms = UINT64_MAX;
	s->dataplane_well = true;
	metrics_page(s, &r, &out);
	assert_null(line_of(buf_text(&out), "wgmesh_peers_known"));
	assert_null(line_of(buf_text(&out), "wgmesh_module_batches_total"));
	assert_null(line_of(buf_text(&out), "wgmesh_device_receive_bytes_total"));
	assert_null(line_of(buf_text(&out), "wgmesh_state_age_seconds"));
	assert_null(line_of(buf_text(&out), "wgmesh_store_free_bytes"));
	assert_value(buf_text(&out), "wgmesh_dataplane_well", 0);
	buf_fini(&out);
	free(s);
}

/* As Prometheus has it: of "name_bucket" and the like the family is "name". */
static void each_family_is_there_once_with_its_samples_behind_it(void **state)
{
	struct metrics_snapshot *s = snapshot();
	struct metrics_readings r = readings();
	struct buf out = BUF_INIT(PAGE_MAX);
	char *rest, *line, family[128] = "", seen[PAGE_MAX] = " ", name[160];

	(void)state;
	metrics_page(s, &r, &out);
	buf_text(&out);
	rest = (char *)out.data;
	while ((line = strsep(&rest, "\n")) && *line) {
		if (sscanf(line, "# HELP %127s", family) == 1) {
			snprintf(name, sizeof(name), " %s ", family);
			assert_null(strstr(seen, name));
			strcat(seen, name);
		} else if (*line != '#') {
			assert_int_equal(strncmp(line, family, strlen(family)), 0);
			assert_non_null(strchr("{ _", line[strlen(family)]));
		}
	}
	buf_fini(&out);
	free(s);
}

static void the_page_is_bounded_whatever_was_counted(void **state)
{
	struct metrics_snapshot *s = snapshot();
	struct metrics_readings r;
	struct buf out = BUF_INIT(PAGE_MAX);

	(void)state;
	memset(&r, 0xff, sizeof(r));
	r.has_process = r.has_dataplane = r.has_traffic = r.has_disk = r.dataplane.has_module = true;
	for (int i = 0; i < 3; i++)
		r.files[i].known = true;
	s->is_server = s->has_leader = true;
	s->calls_count = METRICS_CALLS_MAX;
	for (size_t i = 0; i < METRICS_CALLS_MAX; i++) {
		s->calls[i].method = "webmesh.ext.v1.Replication/Follow";
		memset(s->calls[i].ended, 0xff, sizeof(s->calls[i].ended));
	}
	metrics_page(s, &r, &out);
	assert_false(out.failed);
	assert_in_range(out.len, 1, 192 * 1024);
	buf_fini(&out);
	free(s);
}

static void turns_are_counted_up_to_their_bounds(void **state)
{
	struct metrics_snapshot *s = snapshot();
	struct metrics_readings r = { 0 };
	struct buf out = BUF_INIT(PAGE_MAX);

	(void)state;
	durations_add(&s->turns, 100000);		/* the first bound itself */
	durations_add(&s->turns, 100001);
	durations_add(&s->turns, 9000000000);
	metrics_page(s, &r, &out);
	assert_value(buf_text(&out), "wgmesh_loop_turn_seconds_bucket{le=\"0.0001\"}", 1);
	assert_value(buf_text(&out), "wgmesh_loop_turn_seconds_bucket{le=\"0.0005\"}", 2);
	assert_value(buf_text(&out), "wgmesh_loop_turn_seconds_bucket{le=\"5\"}", 2);
	assert_value(buf_text(&out), "wgmesh_loop_turn_seconds_bucket{le=\"+Inf\"}", 3);
	assert_value(buf_text(&out), "wgmesh_loop_turn_seconds_count", 3);
	assert_value(buf_text(&out), "wgmesh_loop_longest_turn_seconds", 9);
	assert_value(buf_text(&out), "wgmesh_loop_turn_seconds_sum", 9.000200001);
	buf_fini(&out);
	free(s);
}

static void what_the_process_takes_is_read_behind_its_name(void **state)
{
	struct metrics_process p = { 0 };
	struct error err;

	(void)state;
	assert_int_equal(metrics_process_parse("7 (a) b) (c) S 1 2 3 4 -1 5 6 7 8 9 150 50 10 11 20 0 13 0 "
					       "99 4096 3 18446744073709551615", &p, &err), 0);
	assert_true(p.cpu_seconds == 200.0 / (double)sysconf(_SC_CLK_TCK));
	assert_int_equal(p.threads, 13);
	assert_int_equal(p.virtual_bytes, 4096);
	assert_int_equal(p.resident_bytes, 3 * sysconf(_SC_PAGESIZE));
	assert_int_equal(metrics_process_parse("", &p, &err), -ERR_INVALID);
	assert_int_equal(metrics_process_parse("7 (a) S 1 2", &p, &err), -ERR_INVALID);
	assert_int_equal(metrics_process_read(&p, &err), 0);
	assert_true(p.resident_bytes > 0 && p.descriptors >= 3 && p.descriptors_max >= p.descriptors);
}

static void a_devices_traffic_is_its_own(void **state)
{
	static const char lines[] =
		"Inter-|   Receive  |  Transmit\n"
		" face |bytes packets errs drop fifo frame compressed multicast|bytes\n"
		"    lo:     1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n"
		"wgmesh01: 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9\n"
		"wgmesh0: 18446744073709551615 2 3 4 5 6 7 8 11 12 13 14 15 16 17 18\n";
	struct metrics_traffic t = { 0 };
	struct error err;

	(void)state;
	assert_int_equal(metrics_traffic_parse(lines, "wgmesh0", &t, &err), 0);
	assert_true(t.rx_bytes == UINT64_MAX);
	assert_int_equal(t.rx_packets + t.rx_errors + t.rx_dropped, 2 + 3 + 4);
	assert_int_equal(t.tx_bytes + t.tx_packets + t.tx_errors + t.tx_dropped, 11 + 12 + 13 + 14);
	assert_int_equal(metrics_traffic_parse(lines, "wgmesh", &t, &err), -ERR_NOT_FOUND);
	assert_int_equal(metrics_traffic_parse("", "wgmesh0", &t, &err), -ERR_NOT_FOUND);
	assert_int_equal(metrics_traffic_parse("wgmesh0: 1 2", "wgmesh0", &t, &err), -ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(labels_and_help_are_escaped),
		cmocka_unit_test(numbers_are_as_prometheus_reads_them),
		cmocka_unit_test(values_are_the_snapshots_in_base_units),
		cmocka_unit_test(what_could_not_be_read_is_absent_and_not_zero),
		cmocka_unit_test(each_family_is_there_once_with_its_samples_behind_it),
		cmocka_unit_test(the_page_is_bounded_whatever_was_counted),
		cmocka_unit_test(turns_are_counted_up_to_their_bounds),
		cmocka_unit_test(what_the_process_takes_is_read_behind_its_name),
		cmocka_unit_test(a_devices_traffic_is_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
