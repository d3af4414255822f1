// SPDX-License-Identifier: Apache-2.0
/* metrics: what Linux says of itself is understood, and every field of v1.NodeMetrics is filled. */
#include "../cmocka.h"

#include <string.h>

#include "metrics/host.h"
#include "metrics/node.h"

static void processor_times_are_seconds_in_the_order_of_the_line(void **state)
{
	V1__CPUTimes *t = draft_new(&(struct draft){ 0 }, &v1__cputimes__descriptor);
	struct draft d = { 0 };

	(void)state;
	/* Of 100 ticks a second, as everywhere on Linux. */
	host_parse_stat(&d, "cpu  100 250 300 400 500 600 700 800 900 1000\ncpu0 1 2\n", t);
	assert_string_equal(t->user, "1.00s");
	assert_string_equal(t->nice, "2.50s");
	assert_string_equal(t->system, "3.00s");
	assert_string_equal(t->idle, "4.00s");
	assert_string_equal(t->io_wait, "5.00s");
	assert_string_equal(t->irq, "6.00s");
	assert_string_equal(t->soft_irq, "7.00s");
	assert_string_equal(t->steal, "8.00s");
	assert_false(d.failed);
	v1__cputimes__free_unpacked(t, NULL);
}

static void half_a_line_fills_half_of_it(void **state)
{
	V1__CPUTimes *t = draft_new(&(struct draft){ 0 }, &v1__cputimes__descriptor);
	struct draft d = { 0 };

	(void)state;
	host_parse_stat(&d, "intr 5", t);
	assert_string_equal(t->user, "");
	host_parse_stat(&d, "cpu 100", t);
	assert_string_equal(t->user, "1.00s");
	assert_string_equal(t->nice, "");
	v1__cputimes__free_unpacked(t, NULL);
}

static void memory_is_bytes(void **state)
{
	V1__MemoryInfo m = V1__MEMORY_INFO__INIT;

	(void)state;
	host_parse_meminfo("MemTotal:  1000 kB\nMemFree:   100 kB\nMemAvailable: 400 kB\n"
			   "SwapCached: 7 kB\nSwapTotal: 50 kB\nSwapFree: 20 kB\n", &m);
	assert_int_equal(m.total, 1000 * 1024);
	assert_int_equal(m.free, 100 * 1024);
	assert_int_equal(m.available, 400 * 1024);
	assert_int_equal(m.used, 600 * 1024);
	assert_int_equal(m.virtual_total, 50 * 1024);
	assert_int_equal(m.virtual_used, 30 * 1024);
	assert_int_equal(m.virtual_free, 20 * 1024);
}

static V1__OSInfo *os_of(const char *text, const char *debian)
{
	V1__OSInfo *os = draft_new(&(struct draft){ 0 }, &v1__osinfo__descriptor);
	struct draft d = { 0 };

	host_parse_os_release(&d, text, debian, os);
	assert_false(d.failed);
	return os;
}

static void a_system_is_known_by_its_os_release(void **state)
{
	V1__OSInfo *os = os_of("NAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\n"
			       "VERSION=\"12 (bookworm)\"\nVERSION_CODENAME=bookworm\nID=debian\n",
			       "12.11\n");

	(void)state;
	assert_string_equal(os->type, "linux");
	assert_string_equal(os->family, "debian");
	assert_string_equal(os->platform, "debian");
	assert_string_equal(os->name, "Debian GNU/Linux");
	assert_string_equal(os->version, "12 (bookworm)");
	assert_string_equal(os->codename, "bookworm");
	assert_int_equal(os->major, 12);
	assert_int_equal(os->minor, 11);
	v1__osinfo__free_unpacked(os, NULL);

	os = os_of("ID=ubuntu\nID_LIKE='debian'\nVERSION_ID=22.04.3\nBUILD_ID=x", "bookworm/sid\n");
	assert_string_equal(os->family, "debian");
	assert_string_equal(os->platform, "ubuntu");
	assert_string_equal(os->build, "x");
	assert_int_equal(os->major, 22);
	assert_int_equal(os->minor, 4);
	assert_int_equal(os->patch, 3);
	v1__osinfo__free_unpacked(os, NULL);

	os = os_of("", "");
	assert_string_equal(os->name, "");
	v1__osinfo__free_unpacked(os, NULL);
	os = os_of("NAME=\"never closed", "");
	assert_string_equal(os->name, "never closed");
	v1__osinfo__free_unpacked(os, NULL);
}

/* Those that a machine may lack, or that are 0 on a good day, but no text of every Linux. */
static bool may_be_empty(const char *name)
{
	static const char *const names[] = { "ips", "macs", "disks", "peers", "codename", "virtual_total",
					     "endpoint", "family" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static void assert_filled(const ProtobufCMessage *m)
{
	for (unsigned int i = 0; i < m->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
		const char *at = (const char *)m + f->offset;

		if (may_be_empty(f->name) || f->label == PROTOBUF_C_LABEL_REPEATED)
			continue;
		if (f->type == PROTOBUF_C_TYPE_STRING && !**(char *const *)(const void *)at)
			fail_msg("%s.%s is empty", m->descriptor->name, f->name);
		if (f->type == PROTOBUF_C_TYPE_MESSAGE) {
			assert_non_null(*(ProtobufCMessage *const *)(const void *)at);
			assert_filled(*(ProtobufCMessage *const *)(const void *)at);
		}
	}
}

static void every_field_of_this_machine_is_filled(void **state)
{
	struct metrics_snapshot s = { .backend = "none", .device = "wgmesh-none", .ipv4 = "172.16.0.1/12",
				      .ipv6 = "fd00::/64", .public_key = { { 1 } } };
	struct error trouble, err;
	V1__NodeMetrics *m;
	uint32_t left_out;

	(void)state;
	assert_int_equal(node_metrics_read(&s, &m, &left_out, &trouble, &err), 0);
	assert_filled(&m->base);
	assert_int_equal(trouble.kind, ERR_NONE);
	assert_int_equal(left_out, 0);
	assert_true(m->system->memory->total > m->system->memory->free);
	assert_non_null(strstr(m->system->host->boot_time, "T"));
	for (size_t i = 0; i < m->system->n_disks; i++) {
		assert_filled(&m->system->disks[i]->base);
		assert_true(m->system->disks[i]->total >= m->system->disks[i]->used);
	}
	v1__node_metrics__free_unpacked(m, NULL);
}

static void a_device_that_cannot_be_read_is_told_and_the_rest_is_there(void **state)
{
	struct metrics_snapshot s = { .backend = "userspace", .device = "wgmesh-gone" };
	struct error trouble, err;
	V1__NodeMetrics *m;
	uint32_t left_out;

	(void)state;
	assert_int_equal(node_metrics_read(&s, &m, &left_out, &trouble, &err), 0);
	assert_int_equal(trouble.kind, ERR_NOT_FOUND);
	assert_int_equal(m->n_peers, 0);
	assert_filled(&m->system->base);
	v1__node_metrics__free_unpacked(m, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(processor_times_are_seconds_in_the_order_of_the_line),
		cmocka_unit_test(half_a_line_fills_half_of_it),
		cmocka_unit_test(memory_is_bytes),
		cmocka_unit_test(a_system_is_known_by_its_os_release),
		cmocka_unit_test(every_field_of_this_machine_is_filled),
		cmocka_unit_test(a_device_that_cannot_be_read_is_told_and_the_rest_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
