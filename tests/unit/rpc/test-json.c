// SPDX-License-Identifier: Apache-2.0
/* rpc: messages as JSON, with every field and nothing that is no JSON. */
#include "../cmocka.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "rpc/json.h"
#include "v1/node_metrics.pb-c.h"
#include "v1/node_raft.pb-c.h"

static void assert_json(const ProtobufCMessage *m, const char *wanted)
{
	struct buf out = BUF_INIT(1 << 20);

	assert_true(rpc_json(m, &out));
	assert_string_equal(buf_text(&out), wanted);
	buf_fini(&out);
}

static void empty_fields_are_there_too(void **state)
{
	V1__PeerMetrics m = V1__PEER_METRICS__INIT;

	(void)state;
	assert_json(&m.base, "{\"public_key\":\"\",\"endpoint\":\"\",\"persistent_keep_alive\":\"\","
			     "\"last_handshake_time\":\"\",\"allowed_ips\":[],\"protocol_version\":0,"
			     "\"receive_bytes\":0,\"transmit_bytes\":0}");
}

static void numbers_of_any_width_are_numbers(void **state)
{
	V1__PeerMetrics m = V1__PEER_METRICS__INIT;
	V1__LoadAverage load = V1__LOAD_AVERAGE__INIT;
	char *ips[] = { (char *)"10.0.0.0/8", (char *)"::/0" };

	(void)state;
	m.allowed_ips = ips;
	m.n_allowed_ips = 2;
	m.protocol_version = INT64_MIN;
	m.receive_bytes = UINT64_MAX;
	assert_json(&m.base, "{\"public_key\":\"\",\"endpoint\":\"\",\"persistent_keep_alive\":\"\","
			     "\"last_handshake_time\":\"\",\"allowed_ips\":[\"10.0.0.0/8\",\"::/0\"],"
			     "\"protocol_version\":-9223372036854775808,"
			     "\"receive_bytes\":18446744073709551615,\"transmit_bytes\":0}");
	load.one = 0.25f;
	load.five = NAN;
	load.fifteen = INFINITY;
	assert_json(&load.base, "{\"one\":0.25,\"five\":null,\"fifteen\":null}");
}

static void text_of_others_cannot_leave_its_quotes(void **state)
{
	V1__DiskInfo m = V1__DISK_INFO__INIT;
	struct buf out = BUF_INIT(1 << 16);

	(void)state;
	m.filesystem_path = (char *)"a\"b\\c\n\x01\x7f é€😀 \xff\xc3(\xed\xa0\x80\xe2\x82";
	assert_true(rpc_json(&m.base, &out));
	assert_non_null(strstr(buf_text(&out),
		"{\"filesystem_path\":\"a\\\"b\\\\c\\u000a\\u0001\\u007f é€😀 \\ufffd\\ufffd("
		"\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\",\"device\":"));
	buf_fini(&out);
}

static void messages_are_objects_and_absent_ones_null(void **state)
{
	V1__HostMetrics m = V1__HOST_METRICS__INIT;
	V1__CPUTimes cpu = V1__CPUTIMES__INIT;

	(void)state;
	m.cpu = &cpu;
	assert_json(&m.base, "{\"host\":null,\"cpu\":{\"load_average\":null,\"user\":\"\",\"system\":\"\","
			     "\"idle\":\"\",\"io_wait\":\"\",\"irq\":\"\",\"nice\":\"\",\"soft_irq\":\"\","
			     "\"steal\":\"\"},\"memory\":null,\"disks\":[]}");
}

static void enums_have_names_and_bytes_are_base64(void **state)
{
	static const struct {
		const char *bytes, *text;
	} cases[] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" },
		      { "foobar", "Zm9vYmFy" }, { "\xff\xfe", "//4=" } };
	V1__SQLParameter m = V1__SQLPARAMETER__INIT;
	struct buf out = BUF_INIT(1 << 16);
	char wanted[64];

	(void)state;
	m.type = V1__SQLPARAMETER_TYPE__SQL_PARAM_BYTES;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		m.bytes.data = (uint8_t *)(size_t)cases[i].bytes;
		m.bytes.len = strlen(cases[i].bytes);
		buf_reset(&out);
		assert_true(rpc_json(&m.base, &out));
		snprintf(wanted, sizeof(wanted), "\"bytes\":\"%s\"", cases[i].text);
		assert_non_null(strstr(buf_text(&out), wanted));
		assert_non_null(strstr(buf_text(&out), "\"type\":\"SQL_PARAM_BYTES\""));
	}
	m.type = 99;
	buf_reset(&out);
	rpc_json(&m.base, &out);
	assert_non_null(strstr(buf_text(&out), "\"type\":99"));
	buf_fini(&out);
}

static void what_does_not_fit_is_told(void **state)
{
	V1__PeerMetrics m = V1__PEER_METRICS__INIT;
	struct buf out = BUF_INIT(20);

	(void)state;
	assert_false(rpc_json(&m.base, &out));
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_fields_are_there_too),
		cmocka_unit_test(numbers_of_any_width_are_numbers),
		cmocka_unit_test(text_of_others_cannot_leave_its_quotes),
		cmocka_unit_test(messages_are_objects_and_absent_ones_null),
		cmocka_unit_test(enums_have_names_and_bytes_are_base64),
		cmocka_unit_test(what_does_not_fit_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
