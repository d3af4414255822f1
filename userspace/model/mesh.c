// SPDX-License-Identifier: Apache-2.0
#include "model/mesh.h"

#include <string.h>

enum { ULA_LEN = 48 };

void mesh_init(struct mesh *mesh, const uint8_t random[MESH_ULA_RANDOM])
{
	*mesh = (struct mesh){ .ula = { .ip.family = AF_INET6, .len = ULA_LEN } };
	mesh->ula.ip.bytes[0] = 0xfd;
	memcpy(mesh->ula.ip.bytes + 1, random, MESH_ULA_RANDOM);
	prefix_parse(MESH_IPV4_DEFAULT, &mesh->ipv4);
	strcpy(mesh->domain, MESH_DOMAIN_DEFAULT);
}

/* RFC 1123 2.1, lower case: labels of at most 63 characters. */
bool mesh_domain_valid(const char *domain)
{
	size_t label = 0;

	if (strnlen(domain, MESH_DOMAIN_MAX + 1) > MESH_DOMAIN_MAX)
		return false;
	for (const char *p = domain;; p++) {
		bool end = *p == '\0' || *p == '.';

		if (end && (label == 0 || label > 63 || p[-1] == '-'))
			return false;
		if (*p == '\0')
			return true;
		if (!end && !(*p >= 'a' && *p <= 'z') && !(*p >= '0' && *p <= '9') &&
		    !(*p == '-' && label > 0))
			return false;
		label = end ? 0 : label + 1;
	}
}

static bool is_network(const struct prefix *p, sa_family_t family, uint8_t min, uint8_t max)
{
	struct prefix masked = prefix_masked(p);

	return p->ip.family == family && p->len >= min && p->len <= max && prefix_equal(p, &masked);
}

int mesh_validate(const struct mesh *mesh, struct error *err)
{
	char text[PREFIX_TEXT_MAX];

	if (!is_network(&mesh->ula, AF_INET6, 32, 56) || (mesh->ula.ip.bytes[0] & 0xfe) != 0xfc)
		return error_set(err, ERR_INVALID,
				 "the mesh's ULA %s is no network of 32 to 56 bits in fc00::/7; "
				 "leave it out to get a random /48",
				 prefix_format(&mesh->ula, text));
	if (!is_network(&mesh->ipv4, AF_INET, 8, 30))
		return error_set(err, ERR_INVALID,
				 "the mesh's IPv4 prefix %s is no IPv4 network of 8 to 30 bits "
				 "without host bits; use one such as " MESH_IPV4_DEFAULT,
				 prefix_format(&mesh->ipv4, text));
	if (!mesh_domain_valid(mesh->domain))
		return error_set(err, ERR_INVALID,
				 "the mesh's domain \"%.64s\" is no domain name in lower case; "
				 "use one such as " MESH_DOMAIN_DEFAULT, mesh->domain);
	return 0;
}
