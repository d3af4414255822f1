// SPDX-License-Identifier: Apache-2.0
#include "dns/zone.h"

#include <libknot/dname.h>
#include <stdlib.h>
#include <string.h>

#include "dns/lookup.h"

enum { HOSTS_FIRST = 64 };

/* ---- names ---- */

static void make_key(const char *id, struct zone_host *host)
{
	size_t end = strlen(id), start;
	char *out = host->key;

	for (;; end = start - 1) {
		for (start = end; start && id[start - 1] != '.'; start--)
			;
		out = mempcpy(out, id + start, end - start);
		*out++ = 0;
		if (!start)
			break;
	}
	host->key_len = (uint8_t)(out - host->key);
}

/* The labels come out from the last to the first, as they went in. */
char *zone_host_id(const struct zone_host *host, char ret[NODE_ID_MAX + 1])
{
	char *at = ret + host->key_len - 1;

	*at = 0;
	for (const char *label = host->key; label < host->key + host->key_len;) {
		size_t len = strlen(label);

		if (label != host->key)
			*--at = '.';
		at -= len;
		memcpy(at, label, len);
		label += len + 1;
	}
	return ret;
}

/* Without its dots an id is as long as its labels are on the wire, but for the first one's length. */
void zone_host_name(const struct zone *zone, const struct zone_host *host,
		    uint8_t ret[ZONE_NAME_MAX])
{
	uint8_t *at = ret + host->key_len;

	memcpy(at, zone->domain, knot_dname_size(zone->domain));
	for (const char *label = host->key; label < host->key + host->key_len;) {
		size_t len = strlen(label);

		at -= len;
		memcpy(at, label, len);
		*--at = (uint8_t)len;
		label += len + 1;
	}
}

static bool name_fits(const struct zone *zone, const char *id)
{
	return knot_dname_size(zone->domain) + strlen(id) + 1 <= ZONE_NAME_MAX;
}

static int name_self(struct zone *zone, const char *id, struct error *err)
{
	struct zone_host self = { 0 };

	if (!knot_dname_from_str(zone->domain, zone->mesh.domain, sizeof(zone->domain)))
		return error_set(err, ERR_INVALID, "\"%.64s\" is no domain", zone->mesh.domain);
	if (!node_id_valid(id) || !name_fits(zone, id))
		return error_set(err, ERR_INVALID, "%.64s.%.253s is too long for a name: only a mesh "
				 "with a shorter domain has names for all of its nodes", id,
				 zone->mesh.domain);
	make_key(id, &self);
	zone_host_name(zone, &self, zone->self);
	return 0;
}

/* ---- making ---- */

int zone_new(const struct zone_config *config, struct zone **ret, struct error *err)
{
	struct zone *zone = calloc(1, sizeof(*zone));
	int r;

	if (!zone)
		return error_set(err, ERR_MEMORY, "no memory for the names of the mesh");
	zone->holders = 1;
	zone->mesh = *config->mesh;
	zone->serial = config->serial;
	r = name_self(zone, config->self, err);
	if (r < 0)
		zone_unref(zone);
	else
		*ret = zone;
	return r;
}

/* Room for @more of @size bytes behind @n: doubled, so that all growing together is linear. */
static bool grow(void *items, size_t *cap, size_t n, size_t more, size_t size)
{
	size_t wanted = *cap ? *cap : HOSTS_FIRST;
	void *grown, **at = items;

	if (n + more <= *cap)
		return true;
	while (wanted < n + more)
		wanted *= 2;
	grown = reallocarray(*at, wanted, size);
	if (!grown)
		return false;
	*at = grown;
	*cap = wanted;
	return true;
}

static struct zone_host describe(const struct node *node)
{
	struct zone_host host = {
		.raft_port = node->raft_port, .grpc_port = node->grpc_port,
		.wireguard_port = node->wireguard_port, .primary_endpoint = node->primary_endpoint,
		.ipv4 = node->ipv4.ip, .n_endpoints = (uint8_t)node->n_endpoints,
	};

	if (node->ipv6.ip.family)
		host.ipv6 = node_ipv6_address(node);
	make_key(node->id, &host);
	return host;
}

int zone_add(struct zone *zone, const struct node *node, struct error *err)
{
	struct zone_host *host;

	if (!name_fits(zone, node->id))
		return 0;
	if (!grow(&zone->hosts, &zone->cap_hosts, zone->n_hosts, 1, sizeof(*zone->hosts)) ||
	    !grow(&zone->endpoints, &zone->cap_endpoints, zone->n_endpoints, NODE_ENDPOINTS_MAX,
		  sizeof(*zone->endpoints)))
		return error_set(err, ERR_MEMORY, "no memory for the names of the mesh");
	host = &zone->hosts[zone->n_hosts++];
	*host = describe(node);
	host->endpoints = (uint32_t)zone->n_endpoints;
	memcpy(zone->endpoints + zone->n_endpoints, node->endpoints,
	       node->n_endpoints * sizeof(*node->endpoints));
	zone->n_endpoints += node->n_endpoints;
	return 0;
}

static int compare_keys(const void *a, const void *b)
{
	const struct zone_host *x = a, *y = b;
	uint8_t shorter = x->key_len < y->key_len ? x->key_len : y->key_len;
	int order = memcmp(x->key, y->key, shorter);

	return order ? order : x->key_len - y->key_len;
}

/* Of one family both. */
static int compare_addresses(const void *a, const void *b, void *part)
{
	const struct zone_host *const *x = a, *const *y = b;
	const struct ip *ip = zone_host_address(*x, *(enum zone_part *)part);
	const struct ip *other = zone_host_address(*y, *(enum zone_part *)part);

	return memcmp(ip->bytes, other->bytes, sizeof(ip->bytes));
}

static int index_addresses(struct zone *zone, enum zone_part part, struct error *err)
{
	const struct zone_host **index = calloc(zone->n_hosts + 1, sizeof(*index));
	size_t n = 0;

	if (!index)
		return error_set(err, ERR_MEMORY, "no memory for the names of the mesh");
	for (size_t i = 0; i < zone->n_hosts; i++)
		if (zone_host_address(&zone->hosts[i], part)->family)
			index[n++] = &zone->hosts[i];
	qsort_r(index, n, sizeof(*index), compare_addresses, &part);
	zone->by_address[part] = index;
	zone->n_by_address[part] = n;
	return 0;
}

int zone_finish(struct zone *zone, struct error *err)
{
	int r;

	if (zone->n_hosts)
		qsort(zone->hosts, zone->n_hosts, sizeof(*zone->hosts), compare_keys);
	r = index_addresses(zone, ZONE_IPV4, err);
	return r < 0 ? r : index_addresses(zone, ZONE_IPV6, err);
}

/* ---- life ---- */

size_t zone_count(const struct zone *zone)
{
	return zone->n_hosts;
}

uint32_t zone_serial(const struct zone *zone)
{
	return zone->serial;
}

struct zone *zone_ref(struct zone *zone)
{
	__atomic_add_fetch(&zone->holders, 1, __ATOMIC_RELAXED);
	return zone;
}

void zone_unref(struct zone *zone)
{
	if (!zone || __atomic_sub_fetch(&zone->holders, 1, __ATOMIC_ACQ_REL))
		return;
	for (int part = 0; part < ZONE_PARTS; part++)
		free(zone->by_address[part]);
	free(zone->endpoints);
	free(zone->hosts);
	free(zone);
}
