// SPDX-License-Identifier: Apache-2.0
#include "dns/apex.h"

#include <libknot/dname.h>
#include <string.h>

#include "dns/lookup.h"

/* Without the labels before it: those of the bits behind the network's. */
static int tell_apex(const struct ip *ip, unsigned int labels, zone_apex_fn fn, void *data)
{
	char text[KNOT_DNAME_TXT_MAXLEN + 1];
	uint8_t wire[ZONE_NAME_MAX];
	const uint8_t *name = wire;

	zone_address_name(ip, wire);
	while (labels--)
		name += *name + 1;
	knot_dname_to_str(text, name, sizeof(text));
	text[strlen(text) - 1] = 0;
	return fn(text, data);
}

/* The bits of the last label that are not the network's take each value. */
static int each_apex_of(const struct prefix *network, unsigned int unit_bits, zone_apex_fn fn,
			void *data)
{
	unsigned int units = (network->len + unit_bits - 1) / unit_bits;
	unsigned int last = (units - 1) * unit_bits, count = 1u << (units * unit_bits - network->len);
	int r = 0;

	for (unsigned int i = 0; r == 0 && i < count; i++) {
		struct ip ip = network->ip;

		ip.bytes[last / 8] |= (uint8_t)(i << (8 - unit_bits - last % 8));
		r = tell_apex(&ip, ip_bits(&ip) / unit_bits - units, fn, data);
	}
	return r;
}

int zone_each_apex(const struct mesh *mesh, zone_apex_fn fn, void *data)
{
	int r = fn(mesh->domain, data);

	if (r == 0)
		r = each_apex_of(&mesh->ipv4, 8, fn, data);
	return r ? r : each_apex_of(&mesh->ula, 4, fn, data);
}
