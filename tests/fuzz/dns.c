// SPDX-License-Identifier: Apache-2.0
/* dns: a message of anybody's, over UDP and TCP, and what is answered. */
#include "fuzz.h"

#include "dns/answer.h"

static struct zone *make_zone(void)
{
	static const uint8_t random[MESH_ULA_RANDOM] = { 1, 2, 3, 4, 5 };
	struct node node = { .raft_port = 9443, .wireguard_port = 51820 };
	struct zone_config config = { .self = "n1", .serial = 1 };
	struct mesh mesh;
	struct zone *zone;

	mesh_init(&mesh, random);
	config.mesh = &mesh;
	must(!zone_new(&config, &zone, NULL));
	must(prefix_parse("172.16.0.1/12", &node.ipv4) &&
	     prefix_parse("fd01:203:405:1::/64", &node.ipv6));
	strcpy(node.id, "n1");
	must(!zone_add(zone, &node, NULL));
	strcpy(node.id, "db.east");
	node.ipv4.ip.bytes[3]++;
	node.ipv6.ip.bytes[7]++;
	must(!zone_add(zone, &node, NULL));
	must(!zone_finish(zone, NULL));
	return zone;
}

/* An answer is one to this question, within bounds, and is none to itself. */
static void ask(const struct dns_source *source, const uint8_t *data, size_t size, bool tcp)
{
	uint8_t *copy = fuzz_copy(data, size);
	struct dns_query query = { .data = copy, .len = size, .tcp = tcp };
	size_t max = tcp ? DNS_MESSAGE_MAX : DNS_UDP_MAX, len;
	struct transfer *transfer = NULL;
	uint8_t *out = malloc(max);

	must(out);
	len = dns_answer(source, &query, out, &transfer);
	must(!transfer || tcp);
	must(len == 0 || (len >= DNS_HEADER && len <= max));
	if (len) {
		must(memcmp(out, data, 2) == 0 && (out[2] & 0x80) && !(out[3] & 0x80));
		must(size >= DNS_HEADER);
		query = (struct dns_query){ .data = out, .len = len, .tcp = tcp };
		must(dns_answer(source, &query, out, &transfer) == 0);
	}
	transfer_free(transfer);
	free(out);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_source source = { .zone = make_zone() };
	struct dns_keys *keys;

	must(!dns_keys_parse("hmac-sha256:k:c2VjcmV0", &keys, NULL));
	source.keys = keys;
	if (size <= DNS_MESSAGE_MAX) {
		ask(&source, data, size, false);
		ask(&source, data, size, true);
	}
	dns_keys_free(keys);
	zone_unref(source.zone);
	return 0;
}
