// SPDX-License-Identifier: Apache-2.0
/* wmctl metrics [NODE]: a node's device, its peers and its machine, in numbers. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "ext/v1/metrics.pb-c.h"
#include "rpc/json.h"
#include "wmctl/command.h"

enum { COLUMNS = 5, JSON_MAX = 64 << 20, AMOUNT_MAX = 24 };

/* The same document as the node's own page /node-metrics. */
static int print_structured(struct session *s, const V1__NodeMetrics *m)
{
	struct buf text = BUF_INIT(JSON_MAX);
	json_t *value = NULL;

	if (rpc_json(&m->base, &text))
		value = json_loadb((const char *)text.data, text.len, 0, NULL);
	buf_fini(&text);
	return output_value(s->format, value);
}

static const char *amount(uint64_t bytes, char out[AMOUNT_MAX])
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double value = (double)bytes;
	int unit = 0;

	for (; value >= 1024; unit++)
		value /= 1024;
	snprintf(out, AMOUNT_MAX, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
	return out;
}

static void print_host(const V1__HostMetrics *h)
{
	char used[AMOUNT_MAX], total[AMOUNT_MAX];

	if (h->host && h->host->os)
		printf("host      %s: %s %s, Linux %s on %s, up %s\n", h->host->hostname,
		       h->host->os->name, h->host->os->version, h->host->kernel_version,
		       h->host->architecture, h->host->uptime);
	if (h->cpu && h->cpu->load_average)
		printf("load      %.2f %.2f %.2f\n", (double)h->cpu->load_average->one,
		       (double)h->cpu->load_average->five, (double)h->cpu->load_average->fifteen);
	if (h->memory)
		printf("memory    %s of %s used\n", amount(h->memory->used, used),
		       amount(h->memory->total, total));
	for (size_t i = 0; i < h->n_disks; i++)
		printf("disk      %s of %s used on %s\n", amount(h->disks[i]->used, used),
		       amount(h->disks[i]->total, total), h->disks[i]->filesystem_path);
}

/* Five texts per row, of which the amounts are in @amounts. */
static int print_peers(const V1__NodeMetrics *m)
{
	const char **cells = calloc((m->n_peers + 1) * COLUMNS, sizeof(*cells)), **row = cells;
	char (*amounts)[AMOUNT_MAX] = calloc(m->n_peers * 2 + 1, sizeof(*amounts));
	static const char *const head[COLUMNS] = { "PEER", "ENDPOINT", "LAST HANDSHAKE", "RECEIVED",
						   "SENT" };
	int code = EXIT_OK;

	if (!cells || !amounts) {
		code = command_fail(&(struct error){ ERR_MEMORY, "no memory for the peers" });
	} else {
		for (int i = 0; i < COLUMNS; i++)
			*row++ = head[i];
		for (size_t i = 0; i < m->n_peers; i++) {
			const V1__PeerMetrics *p = m->peers[i];

			*row++ = p->public_key;
			*row++ = p->endpoint;
			*row++ = p->last_handshake_time;
			*row++ = amount(p->receive_bytes, amounts[2 * i]);
			*row++ = amount(p->transmit_bytes, amounts[2 * i + 1]);
		}
		output_table(stdout, cells, m->n_peers + 1, COLUMNS);
	}
	free(cells);
	free(amounts);
	return code;
}

static int print_table(const char *node_id, const V1__NodeMetrics *m)
{
	char received[AMOUNT_MAX], sent[AMOUNT_MAX];

	printf("node      %s\n", node_id);
	printf("device    %s (%s), port %d, key %s\n", m->device_name, m->type, m->listen_port,
	       m->public_key);
	printf("address   %s  %s\n", *m->address_v4 ? m->address_v4 : "none",
	       *m->address_v6 ? m->address_v6 : "none");
	printf("traffic   %s received, %s sent\n", amount(m->total_receive_bytes, received),
	       amount(m->total_transmit_bytes, sent));
	if (m->system)
		print_host(m->system);
	return m->n_peers ? print_peers(m) : EXIT_OK;
}

static int print(struct session *s, const Webmesh__Ext__V1__GetMetricsResponse *m)
{
	int code = output_structured(s->format) ? print_structured(s, m->metrics)
						: print_table(m->node_id, m->metrics);

	if (m->peers_left_out)
		fprintf(stderr, "wmctl: %" PRIu32 " more peers do not fit into the answer\n",
			m->peers_left_out);
	if (*m->trouble)
		fprintf(stderr, "wmctl: the device could not be read: %s\n", m->trouble);
	return code == EXIT_OK && *m->trouble ? EXIT_DEGRADED : code;
}

int metrics_main(struct session *s, int argc, char **argv)
{
	Webmesh__Ext__V1__GetMetricsRequest request = WEBMESH__EXT__V1__GET_METRICS_REQUEST__INIT;
	const Webmesh__Ext__V1__GetMetricsResponse *m;
	ProtobufCMessage *reply;
	struct error err = { 0 };
	int code;

	if (argc > 2)
		return command_usage("metrics [NODE]");
	if (argc == 2)
		request.node_id = argv[1];
	if (session_call(s, &webmesh__ext__v1__metrics__descriptor, "Get", &request.base, &reply,
			 &err) < 0)
		return command_fail(&err);
	m = (const Webmesh__Ext__V1__GetMetricsResponse *)reply;
	if (m->metrics)
		code = print(s, m);
	else
		code = command_fail(&(struct error){ ERR_INTERNAL, "the answer has no metrics" });
	protobuf_c_message_free_unpacked(reply, NULL);
	return code;
}
