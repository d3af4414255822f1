// SPDX-License-Identifier: Apache-2.0
#include "dataplane/dataplane.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/announced.h"
#include "dataplane/backend.h"
#include "dataplane/device.h"
#include "dataplane/firewall.h"
#include "dataplane/forwarding.h"
#include "dataplane/found.h"

enum { REASON_MAX = ERROR_TEXT_MAX };

struct dataplane {
	const struct backend_ops *ops;
	struct backend *backend;
	struct link_client *link;	/* NULL: backend "none" */
	char ifname[IF_NAMESIZE];
	struct dataplane_config config;	/* to make the device anew; names the above */
	char reason[REASON_MAX];
	struct peer_set *current;	/* what the device has; NULL: to be read */
};

static const struct backend_ops *const all[] = {
	&backend_mesh, &backend_kernel, &backend_userspace, &backend_none,
};

/* Those that "auto" tries, best first: all but "none". */
enum { AUTO_COUNT = 3 };

static const struct backend_ops *find(const char *name)
{
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	return NULL;
}

static int open_with(struct dataplane *dp, const struct backend_ops *ops,
		     const struct dataplane_config *config, struct error *err)
{
	int r;

	if (config->lazy == DATAPLANE_LAZY_ON && !ops->lazy)
		return error_set(err, ERR_UNSUPPORTED, "WireGuard holds every peer with it: leave "
				 "--lazy at auto, or use the backend \"mesh\"");
	r = ops->open(config, dp->link, &dp->backend, err);
	if (!r)
		dp->ops = ops;
	return r;
}

/* What this host cannot is passed over; anything else is told, and would fail with the next too. */
static bool passable(int r)
{
	return r == -ERR_UNSUPPORTED || r == -ERR_PRECONDITION;
}

static int open_best(struct dataplane *dp, const struct dataplane_config *config,
		     struct error *err)
{
	struct error cause = { 0 };
	size_t len = 0;
	int r = -ERR_UNSUPPORTED;

	for (int i = 0; i < AUTO_COUNT && passable(r); i++) {
		r = open_with(dp, all[i], config, &cause);
		if (!r)
			break;
		len += (size_t)snprintf(dp->reason + len, sizeof(dp->reason) - len, "%snot %s: %s",
					len ? "; " : "", all[i]->name, cause.text);
		if (len >= sizeof(dp->reason))
			len = sizeof(dp->reason) - 1;
	}
	if (!r && !len)
		snprintf(dp->reason, sizeof(dp->reason), "the best that there is");
	if (passable(r))
		return error_set(err, ERR_UNSUPPORTED, "no data plane works on this host: %.300s",
				 dp->reason);
	return r ? error_set(err, cause.kind, "%s", cause.text) : 0;
}

static int open_named(struct dataplane *dp, const struct dataplane_config *config,
		      struct error *err)
{
	const struct backend_ops *ops = find(config->backend);

	if (!ops)
		return error_set(err, ERR_INVALID, "no data plane backend \"%s\": auto, mesh, "
				 "kernel, userspace, none", config->backend);
	snprintf(dp->reason, sizeof(dp->reason), "configured");
	return open_with(dp, ops, config, err);
}

static int check_config(const struct dataplane_config *config, struct error *err)
{
	size_t n = strlen(config->ifname);

	if (!n || n >= IF_NAMESIZE || strchr(config->ifname, '/') || strchr(config->ifname, ' '))
		return error_set(err, ERR_INVALID, "\"%s\" is not a device name: 1 to %d "
				 "characters, no spaces and slashes", config->ifname,
				 IF_NAMESIZE - 1);
	return 0;
}

int dataplane_open(const struct dataplane_config *config, struct dataplane **ret,
		   struct error *err)
{
	struct dataplane *dp;
	int r = check_config(config, err);

	if (r)
		return r;
	dp = calloc(1, sizeof(*dp));
	if (!dp)
		return error_set(err, ERR_MEMORY, "no memory for a data plane");
	strcpy(dp->ifname, config->ifname);
	dp->config = *config;
	dp->config.ifname = dp->ifname;
	dp->config.backend = NULL;	/* borrowed, and decided from here on */
	if (strcmp(config->backend, "none") != 0)
		r = link_client_open(&dp->link, err);
	if (!r)
		r = strcmp(config->backend, "auto") == 0 ? open_best(dp, config, err) :
							   open_named(dp, config, err);
	if (r)
		dataplane_close(dp);
	else
		*ret = dp;
	return r;
}

void dataplane_close(struct dataplane *dp)
{
	if (!dp)
		return;
	if (dp->ops)
		dp->ops->close(dp->backend);
	link_client_close(dp->link);
	peer_set_free(dp->current);
	key_wipe(&dp->config.private_key);
	free(dp);
}

/* Without nftables there is no table of ours, either. */
static int remove_routing(struct dataplane *dp, struct error *err)
{
	int r = announced_settle(dp->link, err);

	if (!r)
		r = firewall_set(dp->ifname, NULL, err);
	return r == -ERR_UNSUPPORTED ? 0 : r;
}

int dataplane_remove(struct dataplane *dp, struct error *err)
{
	int r = dp->ops->remove(dp->backend, err);

	if (!r && dp->link)
		r = remove_routing(dp, err);
	dataplane_close(dp);
	return r;
}

const char *dataplane_backend(const struct dataplane *dp)
{
	return dp->ops->name;
}

const char *dataplane_reason(const struct dataplane *dp)
{
	return dp->reason;
}

void dataplane_forget(struct dataplane *dp)
{
	peer_set_free(dp->current);
	dp->current = NULL;
}

int dataplane_check(struct dataplane *dp, struct error *err)
{
	struct link_info info;

	return dp->link ? link_get(dp->link, dp->ifname, &info, err) : 0;
}

/* Makes a device that vanished anew; the old backend stays in use until that has worked. */
static int revive(struct dataplane *dp, struct error *err)
{
	struct backend *old = dp->backend;
	int r = dataplane_check(dp, err);

	if (r != -ERR_NOT_FOUND)
		return r;
	r = open_with(dp, dp->ops, &dp->config, err);
	if (r)
		return r;
	dp->ops->close(old);
	dataplane_forget(dp);
	return 0;
}

static void count(const struct peer_diff *diff, const struct peer_set *wanted,
		  struct dataplane_changes *ret)
{
	struct dataplane_changes c = { .removed = diff->n_removals };

	for (size_t i = 0; i < diff->n_upserts; i++) {
		if (diff->upserts[i].changes & PEER_IS_NEW)
			c.added++;
		else
			c.changed++;
	}
	c.kept = peer_set_count(wanted) - c.added - c.changed;
	*ret = c;
}

static int apply_diff(struct dataplane *dp, const struct peer_set *wanted, bool replace,
		      struct dataplane_changes *ret, struct error *err)
{
	struct peer_diff diff;
	int r = peer_set_diff(dp->current, wanted, &diff, err);

	if (r)
		return r;
	r = dp->ops->apply(dp->backend, &diff, wanted, replace, err);
	if (!r && ret)
		count(&diff, wanted, ret);
	peer_diff_fini(&diff);
	return r;
}

/* One try: reads what the device has unless that is known, and applies the difference. */
static int try_apply(struct dataplane *dp, const struct peer_set *wanted,
		     struct dataplane_changes *ret, struct error *err)
{
	bool replace = false;
	int r = 0;

	if (!dp->current)
		r = found_read(dp->ops, dp->backend, wanted, &dp->current, err);
	if (r == -ERR_EXISTS) {
		replace = true;	/* somebody put into the table what we cannot compare with */
		r = 0;
	}
	if (!r)
		r = apply_diff(dp, wanted, replace, ret, err);
	if (r)
		dataplane_forget(dp);
	return r;
}

static int apply_set(struct dataplane *dp, const struct peer_set *wanted,
		     struct dataplane_changes *ret, struct error *err)
{
	int r = try_apply(dp, wanted, ret, err);

	/* Somebody else changed the table, or it changed while we read it: look once more. */
	if (r == -ERR_PRECONDITION || r == -ERR_UNAVAILABLE)
		r = try_apply(dp, wanted, ret, err);
	return r;
}

int dataplane_apply(struct dataplane *dp, struct peer_set *wanted, struct dataplane_changes *ret,
		    struct error *err)
{
	struct peer_set *flat;
	int r = revive(dp, err);

	if (!r && dp->ops->flat) {
		r = found_flatten(wanted, &flat, err);
		if (!r) {
			peer_set_free(wanted);
			wanted = flat;
		}
	}
	if (!r)
		r = apply_set(dp, wanted, ret, err);
	if (r) {
		peer_set_free(wanted);
		return r;
	}
	peer_set_free(dp->current);
	dp->current = wanted;
	return 0;
}

int dataplane_set_addresses(struct dataplane *dp, const struct prefix *addresses, size_t n,
			    struct error *err)
{
	int r = revive(dp, err);

	if (r || !dp->link)
		return r;
	return device_set_prefixes(dp->link, dp->ifname, &device_addresses, addresses, n, err);
}

int dataplane_set_routes(struct dataplane *dp, const struct prefix *routes, size_t n,
			 struct error *err)
{
	int r = revive(dp, err);

	if (r || !dp->link)
		return r;
	return device_set_prefixes(dp->link, dp->ifname, &device_routes, routes, n, err);
}

/* The mark comes first: WireGuard's own packets must never take such a route. */
int dataplane_set_announced(struct dataplane *dp, const struct prefix *routes, size_t n,
			    struct error *err)
{
	int r = revive(dp, err);

	if (!r && n && dp->ops->set_mark)
		r = dp->ops->set_mark(dp->backend, err);
	if (r || !dp->link)
		return r;
	return announced_set(dp->link, dp->ifname, routes, n, err);
}

static bool carries(const struct dataplane_forwarding *forwarding, sa_family_t family)
{
	for (size_t i = 0; i < forwarding->count; i++)
		if (forwarding->routes[i].ip.family == family)
			return true;
	return forwarding->bridges;
}

/* The table first: at no moment does more pass than what is announced. */
int dataplane_set_forwarding(struct dataplane *dp, const struct dataplane_forwarding *forwarding,
			     struct error *err)
{
	int r = dp->link ? firewall_set(dp->ifname, forwarding, err) : 0;

	if (r || !dp->link || !forwarding)
		return r;
	if (carries(forwarding, AF_INET))
		r = forwarding_enable(AF_INET, err);
	if (!r && carries(forwarding, AF_INET6))
		r = forwarding_enable(AF_INET6, err);
	return r;
}

struct tally {
	struct dataplane_stats stats;
	uint64_t now;
};

static int count_peer(void *data, const struct wg_peer *peer)
{
	struct tally *t = data;

	t->stats.peers_known++;
	found_count(&t->stats, peer, t->now);
	return 0;
}

int dataplane_stats(struct dataplane *dp, struct dataplane_stats *ret, struct error *err)
{
	struct tally t = { .now = found_now() };
	int r;

	if (dp->ops->stats)
		r = dp->ops->stats(dp->backend, &t.stats, err);
	else
		r = dp->ops->list(dp->backend, count_peer, &t, err);
	if (!r && dp->ops->listen_port)
		r = dp->ops->listen_port(dp->backend, &t.stats.listen_port, err);
	if (!r)
		*ret = t.stats;
	return r;
}

struct listing {
	wg_peer_fn *fn;
	void *data;
};

static int tell_without_secret(void *data, const struct wg_peer *peer)
{
	struct listing *l = data;
	struct wg_peer copy = *peer;

	key_wipe(&copy.preshared_key);
	copy.fields &= ~(uint32_t)WG_PEER_PRESHARED_KEY;
	return l->fn(l->data, &copy);
}

int dataplane_list(struct dataplane *dp, wg_peer_fn *fn, void *data, struct error *err)
{
	struct listing l = { .fn = fn, .data = data };

	return dp->ops->list(dp->backend, tell_without_secret, &l, err);
}

int dataplane_list_active(struct dataplane *dp, wg_peer_fn *fn, void *data, struct error *err)
{
	struct listing l = { .fn = fn, .data = data };

	if (!dp->ops->list_active)
		return dataplane_list(dp, fn, data, err);
	return dp->ops->list_active(dp->backend, tell_without_secret, &l, err);
}

int dataplane_list_sessions(struct dataplane *dp, wg_peer_fn *fn, void *data, struct error *err)
{
	struct listing l = { .fn = fn, .data = data };

	if (!dp->ops->list_sessions)
		return 0;
	return dp->ops->list_sessions(dp->backend, tell_without_secret, &l, err);
}

int dataplane_set_key(struct dataplane *dp, const struct key *private_key, struct error *err)
{
	int r = dp->ops->set_key ? dp->ops->set_key(dp->backend, private_key, err) : 0;

	if (!r)
		dp->config.private_key = *private_key;
	return r;
}

/* WireGuard sends a keepalive, for which it needs a session, at once when they are turned on. */
int dataplane_call(struct dataplane *dp, const struct key *public_key, struct error *err)
{
	const struct peer *known = dp->current ? peer_set_lookup(dp->current, public_key) : NULL;
	struct wg_peer steps[3];

	for (int i = 0; i < 3; i++)
		steps[i] = (struct wg_peer){ .public_key = *public_key, .fields = WG_PEER_KEEPALIVE,
					     .flags = WGMESH_PEER_FLAGS_UPDATE_ONLY };
	steps[1].keepalive = 1;
	steps[2].keepalive = known ? known->keepalive : 0;
	return dp->ops->call ? dp->ops->call(dp->backend, steps, 3, err) : 0;
}
