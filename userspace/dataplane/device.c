// SPDX-License-Identifier: Apache-2.0
#include "dataplane/device.h"

#include <string.h>

#include "base/buf.h"

int device_ensure(struct link_client *link, const char *ifname, const char *kind,
		  struct error *err)
{
	struct link_info info;
	int r = link_get(link, ifname, &info, err);

	if (r == -ERR_NOT_FOUND)
		return link_add(link, ifname, kind, err);
	if (r)
		return r;
	if (strcmp(info.kind, kind) == 0)
		return 0;
	return error_set(err, ERR_PRECONDITION,
			 "device %s is of kind \"%s\", not \"%s\": delete it, or choose another "
			 "name", ifname, info.kind, kind);
}

int device_set_up(struct link_client *link, const struct dataplane_config *config,
		  struct error *err)
{
	int r = link_set_up(link, config->ifname, true, config->mtu, err);

	if (r == -ERR_EXISTS)
		return error_set(err, ERR_EXISTS, "device %s: UDP port %u is in use by another "
				 "program: stop it, or choose another port", config->ifname,
				 config->listen_port);
	return r;
}

/* Setting the key costs a curve25519 per peer and ends every session: only if it differs. */
static int configure_keys(struct wg_client *wg, const struct dataplane_config *config,
			  struct error *err)
{
	struct wg_device now = { 0 }, set = { 0 };
	int r = wg_device_get(wg, config->ifname, &now, err);

	if (r)
		return r;
	if (!key_equal(&now.private_key, &config->private_key)) {
		set.fields |= WG_DEVICE_PRIVATE_KEY;
		set.private_key = config->private_key;
	}
	if (config->listen_port && now.listen_port != config->listen_port) {
		set.fields |= WG_DEVICE_LISTEN_PORT;
		set.listen_port = config->listen_port;
	}
	if (set.fields)
		r = wg_device_set(wg, config->ifname, &set, err);
	key_wipe(&now.private_key);
	key_wipe(&set.private_key);
	return r;
}

int device_configure(struct link_client *link, struct wg_client *wg,
		     const struct dataplane_config *config, struct error *err)
{
	int r = device_ensure(link, config->ifname, "wireguard", err);

	if (!r)
		r = configure_keys(wg, config, err);
	if (r == -ERR_EXISTS)
		return error_set(err, ERR_EXISTS, "device %s: UDP port %u is in use by another "
				 "program: stop it, or choose another port", config->ifname,
				 config->listen_port);
	return r ? r : device_set_up(link, config, err);
}

int device_set_key(struct wg_client *wg, const char *ifname, const struct key *private_key,
		   struct error *err)
{
	struct wg_device set = { .fields = WG_DEVICE_PRIVATE_KEY, .private_key = *private_key };
	int r = wg_device_set(wg, ifname, &set, err);

	key_wipe(&set.private_key);
	return r;
}

int device_listen_port(struct wg_client *wg, const char *ifname, uint16_t *ret, struct error *err)
{
	struct wg_device device;
	int r = wg_device_get(wg, ifname, &device, err);

	if (r)
		return r;
	key_wipe(&device.private_key);
	*ret = device.listen_port;
	return 0;
}

int device_set_mark(struct wg_client *wg, const char *ifname, struct error *err)
{
	const struct wg_device mark = { .fields = WG_DEVICE_FWMARK, .fwmark = LINK_ANNOUNCED_MARK };

	return wg_device_set(wg, ifname, &mark, err);
}

int device_delete(struct link_client *link, struct wg_client *wg, const char *ifname,
		  struct error *err)
{
	int r = wg_peers_clear(wg, ifname, err);

	if (r == -ERR_NOT_FOUND)
		return 0;
	return r ? r : link_delete(link, ifname, err);
}

const struct prefix_ops device_addresses = {
	.list = link_address_list, .add = link_address_add, .delete = link_address_delete,
};

static int list_networks(struct link_client *c, uint32_t ifindex, link_prefix_fn *fn, void *data,
			 struct error *err)
{
	return link_route_list(c, ifindex, LINK_TABLE_MAIN, fn, data, err);
}

static int add_network(struct link_client *c, uint32_t ifindex, const struct prefix *p,
		       struct error *err)
{
	return link_route_add(c, ifindex, LINK_TABLE_MAIN, p, err);
}

static int delete_network(struct link_client *c, uint32_t ifindex, const struct prefix *p,
			  struct error *err)
{
	return link_route_delete(c, ifindex, LINK_TABLE_MAIN, p, err);
}

const struct prefix_ops device_routes = {
	.list = list_networks, .add = add_network, .delete = delete_network,
};

/* What a device may have before we think that something else manages it. */
enum { PREFIXES_MAX = 4096 };

static int collect(void *data, const struct prefix *p)
{
	return buf_append(data, p, sizeof(*p)) ? 0 : -ERR_EXHAUSTED;
}

static bool contains(const struct prefix *list, size_t count, const struct prefix *p)
{
	for (size_t i = 0; i < count; i++)
		if (prefix_equal(&list[i], p))
			return true;
	return false;
}

/* New ones before old ones go: there is an address and a route at every moment. */
static int reconcile(struct link_client *link, uint32_t ifindex, const struct prefix_ops *ops,
		     const struct prefix *wanted, size_t n_wanted, const struct prefix *found,
		     size_t n_found, struct error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < n_wanted; i++)
		if (!contains(found, n_found, &wanted[i]))
			r = ops->add(link, ifindex, &wanted[i], err);
	for (size_t i = 0; !r && i < n_found; i++)
		if (!contains(wanted, n_wanted, &found[i]))
			r = ops->delete(link, ifindex, &found[i], err);
	return r;
}

int device_set_prefixes(struct link_client *link, const char *ifname,
			const struct prefix_ops *ops, const struct prefix *wanted, size_t count,
			struct error *err)
{
	struct buf found = BUF_INIT(PREFIXES_MAX * sizeof(struct prefix));
	struct link_info info;
	int r = link_get(link, ifname, &info, err);

	if (!r)
		r = ops->list(link, info.ifindex, collect, &found, err);
	if (r == -ERR_EXHAUSTED && found.failed)
		error_set(err, ERR_EXHAUSTED, "device %s has more than %d addresses or routes",
			  ifname, PREFIXES_MAX);
	if (!r)
		r = reconcile(link, info.ifindex, ops, wanted, count,
			      (const struct prefix *)found.data,
			      found.len / sizeof(struct prefix), err);
	buf_fini(&found);
	return r;
}
