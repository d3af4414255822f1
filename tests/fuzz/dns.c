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
static void ask(const struct zone *zone, const uint8_t *data, size_t size, bool tcp)
{
	uint8_t *copy = fuzz_copy(data, size);
	struct dns_query query = { .data = copy, .len = size, .tcp = tcp };
	size_t max = tcp ? DNS_MESSAGE_MAX : DNS_UDP_MAX, len;
	uint8_t *out = malloc(max);

	must(out);
	len = dns_answer(zone, &query, out);
	must(len == 0 || (len >= DNS_HEADER && len <= max));
	if (len) {
		must(memcmp(out, data, 2) == 0 && (out[2] & 0x80) && !(out[3] & 0x80));
		must(size >= DNS_HEADER);
		query = (struct dns_query){ .data = out, .len = len, .tcp = tcp };
		must(dns_answer(zone, &query, out) == 0);
	}
	free(out);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zone *zone = make_zone();

	if (size <= DNS_MESSAGE_MAX) {
		ask(zone, data, size, false);
		ask(zone, data, size, true);
	}
	zone_unref(zone);
	return 0;
}
