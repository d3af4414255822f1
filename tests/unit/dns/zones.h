/* SPDX-License-Identifier: Apache-2.0 */
/* A mesh for the tests of dns/: n1 with all that a node can have, others with less. */
#ifndef WGMESH_TESTS_DNS_ZONES_H
#define WGMESH_TESTS_DNS_ZONES_H

#include "../cmocka.h"

#include <stdio.h>
#include <string.h>

#include "dns/zone.h"

static inline struct mesh test_mesh(const char *domain)
{
	struct mesh mesh;

	mesh_init(&mesh, (const uint8_t[MESH_ULA_RANDOM]){ 1, 2, 3, 4, 5 });
	snprintf(mesh.domain, sizeof(mesh.domain), "%s", domain);
	return mesh;
}

/* fd01:203:405:N::/64 and 172.16.0.N/12; 0: it has none. */
static inline struct node test_node(const char *id, uint8_t ipv4, uint8_t ipv6)
{
	struct node node = { .raft_port = 9443, .grpc_port = 8443, .wireguard_port = 51820 };
	char text[64];

	snprintf(node.id, sizeof(node.id), "%s", id);
	snprintf(text, sizeof(text), "172.16.0.%u/12", ipv4);
	if (ipv4)
		assert_true(prefix_parse(text, &node.ipv4));
	snprintf(text, sizeof(text), "fd01:203:405:%x::/64", ipv6);
	if (ipv6)
		assert_true(prefix_parse(text, &node.ipv6));
	return node;
}

static inline struct zone *test_zone_begin(const char *domain, const char *self)
{
	const struct mesh mesh = test_mesh(domain);
	const struct zone_config config = { .mesh = &mesh, .self = self, .serial = 4711 };
	struct zone *zone;

	assert_int_equal(zone_new(&config, &zone, NULL), 0);
	return zone;
}

static inline void test_zone_add(struct zone *zone, const char *id, uint8_t ipv4, uint8_t ipv6)
{
	struct node node = test_node(id, ipv4, ipv6);

	if (strcmp(id, "n1") == 0) {
		assert_true(ip_parse("192.0.2.1", &node.primary_endpoint));
		assert_true(ip_parse("192.0.2.2", &node.endpoints[0]));
		assert_true(ip_parse("2001:db8::1", &node.endpoints[1]));
		node.n_endpoints = 2;
	}
	assert_int_equal(zone_add(zone, &node, NULL), 0);
}

static inline struct zone *test_zone(void)
{
	struct zone *zone = test_zone_begin("webmesh.internal", "n1");

	test_zone_add(zone, "n2", 2, 0);
	test_zone_add(zone, "n1", 1, 1);
	test_zone_add(zone, "n3", 0, 3);
	test_zone_add(zone, "n4", 0, 0);
	test_zone_add(zone, "db.east", 77, 0x4d);
	test_zone_add(zone, "east1", 78, 0);
	assert_int_equal(zone_finish(zone, NULL), 0);
	return zone;
}

#endif
