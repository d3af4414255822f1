// SPDX-License-Identifier: Apache-2.0
#include "daemon/converge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "daemon/carrying.h"
#include "daemon/floors.h"
#include "daemon/key_watch.h"
#include "daemon/plan_state.h"
#include "dataplane/dataplane.h"
#include "store/state_query.h"

enum {
	GATHER_MS = 20,		/* changes that come within this are one batch */
	/*
	 * To plan takes as long as the mesh is large, on the thread that all else needs. From
	 * LARGE_MS on it rests RESTS times as long, which while changes go on is its share.
	 */
	LARGE_MS = 10,
	RESTS = 19,
	COUNT_LARGE_MS = 2,	/* the same for counting peers: whoever asks all the time gets the last count */
	REST_MAX_MS = 5000,
	RETRY_MS = 2000,
	FLOORS_MS = 60000,	/* well below the time until an idle peer is evicted */
	SESSIONS_BYTES_MAX = 1024 * 1024 * sizeof(struct key),
};

static const uint64_t MS = 1000000;	/* ns */

struct converge {
	const struct settings *settings;
	struct state_store *state;
	struct local_store *local;
	struct dataplane *dataplane;
	uint64_t floors_at;	/* the loop's time when they were kept */
	bool floors_kept;	/* only those of today's peers */
	uv_timer_t timer;
	struct key_watch *keys;		/* of other nodes, that change */
	uv_timer_t watch;
	uint64_t rests_until;	/* ns, of uv_hrtime() */
	struct taken_routes routes;	/* since the last plan */
	struct plan_families families;	/* likewise */
	struct carrying carrying;
	struct error trouble;	/* kind ERR_NONE: the last attempt went well */
	struct dataplane_stats counts;
	struct error count_trouble;
	uint64_t counts_until;	/* ns, of uv_hrtime(): nobody counts again */
	void (*closed)(void *data);
	void *closed_data;
};

static enum dataplane_lazy lazy_of(const struct settings *settings)
{
	if (strcmp(settings->lazy, "auto") == 0)
		return DATAPLANE_LAZY_AUTO;
	return strcmp(settings->lazy, "on") == 0 ? DATAPLANE_LAZY_ON : DATAPLANE_LAZY_OFF;
}

int converge_new(uv_loop_t *loop, const struct settings *settings, struct state_store *state,
		 struct local_store *local, const struct key *private_key, struct converge **ret,
		 struct error *err)
{
	struct dataplane_config config = { .backend = settings->backend, .ifname = settings->device,
					   .lazy = lazy_of(settings),
					   .private_key = *private_key,
					   .listen_port = settings->wireguard_port,
					   .floor_of = floors_of, .floor_data = local };
	struct converge *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return error_set(err, ERR_MEMORY, "no memory for the data plane");
	c->settings = settings;
	c->state = state;
	c->local = local;
	c->floors_at = uv_now(loop);
	taken_routes_init(&c->routes);
	c->keys = key_watch_new();
	r = c->keys ? dataplane_open(&config, &c->dataplane, err)
		    : error_set(err, ERR_MEMORY, "no memory for the data plane");
	key_wipe(&config.private_key);
	if (r < 0) {
		key_watch_free(c->keys);
		free(c);
		return r;
	}
	uv_timer_init(loop, &c->timer);
	uv_timer_init(loop, &c->watch);
	c->timer.data = c->watch.data = c;
	log_info("dataplane", "backend=%s device=%s reason=\"%s\"", dataplane_backend(c->dataplane),
		 settings->device, log_text(dataplane_reason(c->dataplane)));
	converge_kick(c);
	*ret = c;
	return 0;
}

static void save_floors(struct converge *c)
{
	struct error err = { 0 };

	c->floors_at = uv_now(c->timer.loop);
	c->floors_kept = false;
	if (floors_save(c->dataplane, c->local, &err) < 0)
		log_warn("floors-not-kept", "device=%s reason=\"%s\"", c->settings->device,
			 log_text(err.text));
}

static void timer_closed(uv_handle_t *handle)
{
	struct converge *c = handle->data;

	if (c->closed)
		c->closed(c->closed_data);
	taken_routes_fini(&c->routes);
	key_watch_free(c->keys);
	free(c);
}

/* One after the other: the last one frees both. */
static void watch_closed(uv_handle_t *handle)
{
	struct converge *c = handle->data;

	uv_close((uv_handle_t *)&c->timer, timer_closed);
}

void converge_free(struct converge *c, void (*closed)(void *data), void *data)
{
	c->closed = closed;
	c->closed_data = data;
	save_floors(c);
	dataplane_close(c->dataplane);
	uv_timer_stop(&c->timer);	/* the one that is closed later would still come */
	uv_close((uv_handle_t *)&c->watch, watch_closed);
}

static int set_addresses(struct converge *c, const struct node *self, struct error *err)
{
	struct ip own = node_ipv6_address(self);
	struct prefix addresses[2], routes[2];
	struct mesh mesh;
	size_t n = 0;
	int r = state_get_mesh(c->state, &mesh, err);

	if (r < 0)
		return r;
	if (self->ipv6.ip.family) {
		addresses[n] = prefix_host(&own);
		routes[n++] = mesh.ula;
	}
	if (self->ipv4.ip.family) {
		addresses[n] = prefix_host(&self->ipv4.ip);
		routes[n++] = mesh.ipv4;
	}
	r = dataplane_set_addresses(c->dataplane, addresses, n, err);
	return r < 0 ? r : dataplane_set_routes(c->dataplane, routes, n, err);
}

static void update_carrying(struct converge *c)
{
	carrying_update(&c->carrying, c->settings, c->families.bridges, c->dataplane, c->local);
}

/* Not often: keys change seldom. */
static void forget_floors(struct converge *c, const struct peer_set *wanted)
{
	struct error err;

	if (c->floors_kept)
		return;
	c->floors_kept = true;
	if (floors_keep(c->local, wanted, &err) < 0)
		log_warn("floors-not-forgotten", "reason=\"%s\"", log_text(err.text));
}

static int plan(struct converge *c, const struct node *self, struct taken_routes *routes,
		struct plan_families *ret_families, struct peer_set **ret_wanted,
		struct error *err)
{
	uint64_t began = uv_hrtime(), ended;
	int r = key_watch_refresh(c->keys, c->state, err);
	uint64_t pause;

	if (r == 0)
		r = plan_from_state(c->state, self, c->keys, c->settings, routes, ret_families,
				    ret_wanted, err);
	ended = uv_hrtime();
	pause = (ended - began) * RESTS;
	if (ended - began >= LARGE_MS * MS)
		c->rests_until = ended + (pause < REST_MAX_MS * MS ? pause : REST_MAX_MS * MS);
	return r;
}

/* What is taken, and what is not and why, is told when it is another. */
static void keep_routes(struct converge *c, struct taken_routes *routes)
{
	struct taken_routes old = c->routes;

	c->routes = *routes;
	*routes = old;
	if (!taken_routes_equal(&c->routes, &old))
		log_info("routes", "taken=\"%s\" not-taken=\"%s\"",
			 log_text(buf_text(&c->routes.taken)),
			 log_text(buf_text(&c->routes.refused)));
}

/* Told when they are others; a mesh with a family that all have never hears of them. */
static void keep_families(struct converge *c, const struct plan_families *families)
{
	struct plan_families old = c->families;

	c->families = *families;
	if (families->relayed != old.relayed || families->bridges != old.bridges)
		log_info("families", "relayed=%zu bridges=%s", families->relayed,
			 families->bridges ? "yes" : "no");
	if (families->stranded && families->stranded != old.stranded)
		log_warn("families-apart", "nodes=%zu reason=\"no address family in common, and no "
			 "public node with both\"", families->stranded);
}

/* Peers go before routes when these are added, so that no packet meets a device that knows nobody. */
static int apply(struct converge *c, struct peer_set *wanted, struct dataplane_changes *changes,
		 struct error *err)
{
	int r;

	forget_floors(c, wanted);
	r = dataplane_apply(c->dataplane, wanted, changes, err);
	if (r == 0)
		r = dataplane_set_announced(c->dataplane,
					    (const struct prefix *)c->routes.prefixes.data,
					    taken_routes_count(&c->routes), err);
	return r;
}

static int converge_peers(struct converge *c, const struct node *self,
			  struct dataplane_changes *changes, struct error *err)
{
	struct plan_families families;
	struct taken_routes routes;
	struct peer_set *wanted;
	int r;

	taken_routes_init(&routes);
	r = plan(c, self, &routes, &families, &wanted, err);
	if (r == 0) {
		keep_routes(c, &routes);
		keep_families(c, &families);
	}
	taken_routes_fini(&routes);
	return r < 0 ? r : apply(c, wanted, changes, err);
}

static int converge_now(struct converge *c, struct dataplane_changes *changes, struct error *err)
{
	struct node self;
	int r;

	/* Not joined yet, or removed: what runs is left alone until there is word of us. */
	if (state_get_node(c->state, c->settings->id, &self, NULL) < 0)
		return 0;
	r = set_addresses(c, &self, err);
	if (r == 0)
		r = converge_peers(c, &self, changes, err);
	if (r == 0)
		update_carrying(c);
	return r;
}

/* ---- keys of others that change ---- */

static void watch_keys(struct converge *c);

/* Both sides hold packets meanwhile: the peers alone, and what else there is to do comes later. */
static int move_and_call(struct converge *c, bool *ret_spoken, struct error *err)
{
	struct dataplane_changes changes;
	struct node self;
	int r = state_get_node(c->state, c->settings->id, &self, err);

	if (r == 0)
		r = converge_peers(c, &self, &changes, err);
	if (r == 0)
		r = key_watch_look(c->keys, c->dataplane, ret_spoken, err);
	converge_kick(c);
	return r;
}

static void on_watch(uv_timer_t *timer)
{
	struct converge *c = timer->data;
	bool spoken = false;
	struct error err;
	int r = key_watch_look(c->keys, c->dataplane, &spoken, &err);

	if (r == 0 && spoken)
		r = move_and_call(c, &spoken, &err);
	if (r < 0)
		log_warn("key-watch-failed", "device=%s reason=\"%s\"", c->settings->device,
			 log_text(err.text));
	watch_keys(c);
}

static void watch_keys(struct converge *c)
{
	unsigned int pause = key_watch_pause(c->keys);

	if (pause)
		uv_timer_start(&c->watch, on_watch, pause, 0);
}

/* ---- all that the state asks for ---- */

static void on_timer(uv_timer_t *timer)
{
	struct dataplane_changes changes = { 0 };
	struct converge *c = timer->data;
	struct error err = { 0 };

	if (converge_now(c, &changes, &err) < 0) {
		log_warn("dataplane-failed", "device=%s reason=\"%s\"", c->settings->device,
			 log_text(err.text));
		uv_timer_start(&c->timer, on_timer, RETRY_MS, 0);
	} else if (changes.added || changes.changed || changes.removed) {
		log_info("dataplane-applied", "added=%zu changed=%zu removed=%zu kept=%zu",
			 changes.added, changes.changed, changes.removed, changes.kept);
	}
	c->trouble = err;
	watch_keys(c);
}

void converge_begin(struct converge *c)
{
	uv_timer_stop(&c->timer);	/* a failure starts it again */
	on_timer(&c->timer);
}

void converge_kick(struct converge *c)
{
	uint64_t now = uv_hrtime(), left = c->rests_until > now ? c->rests_until - now : 0;
	uint64_t delay = left > GATHER_MS * MS ? left / MS : GATHER_MS;

	if (!uv_is_active((uv_handle_t *)&c->timer) || c->trouble.kind != ERR_NONE)
		uv_timer_start(&c->timer, on_timer, delay, 0);
}

static int gather_session(void *data, const struct wg_peer *peer)
{
	if (peer->last_handshake)
		buf_append(data, &peer->public_key, sizeof(peer->public_key));
	return 0;
}

/* They learn of the new key by this, and what either side holds goes out. */
static void call_sessions(struct converge *c)
{
	struct buf keys = BUF_INIT(SESSIONS_BYTES_MAX);
	struct error err;
	int r = dataplane_list_sessions(c->dataplane, gather_session, &keys, &err);

	for (size_t i = 0; r == 0 && i < keys.len / sizeof(struct key); i++)
		r = dataplane_call(c->dataplane, (const struct key *)keys.data + i, &err);
	if (r < 0)
		log_warn("peers-not-called", "device=%s reason=\"%s\"", c->settings->device,
			 log_text(err.text));
	buf_fini(&keys);
}

int converge_change_key(struct converge *c, const struct key *private_key, struct error *err)
{
	int r = dataplane_set_key(c->dataplane, private_key, err);

	if (r == 0)
		call_sessions(c);
	return r;
}

void converge_check(struct converge *c)
{
	struct error err = { 0 };

	if (uv_now(c->timer.loop) - c->floors_at >= FLOORS_MS)
		save_floors(c);
	if (*c->carrying.trouble)
		update_carrying(c);
	if (dataplane_check(c->dataplane, &err) != -ERR_NOT_FOUND)
		return;
	log_warn("dataplane-lost", "device=%s reason=\"%s\"", c->settings->device,
		 log_text(err.text));
	converge_kick(c);
}

const char *converge_backend(const struct converge *c)
{
	return dataplane_backend(c->dataplane);
}

bool converge_is_well(const struct converge *c)
{
	return !*converge_trouble(c);
}

const char *converge_trouble(const struct converge *c)
{
	return c->trouble.kind != ERR_NONE ? c->trouble.text : c->carrying.trouble;
}

static void tell_stranded(const struct converge *c, char out[ERROR_TEXT_MAX])
{
	snprintf(out, ERROR_TEXT_MAX, "no address family in common with %zu of the nodes, and no "
		 "public node has both to relay: give one an --endpoint of each family",
		 c->families.stranded);
}

/* WireGuard tells all of its peers to tell how many they are. */
static void count_peers(struct converge *c)
{
	uint64_t began = uv_hrtime(), took;

	if (began < c->counts_until)
		return;
	c->counts = (struct dataplane_stats){ 0 };
	c->count_trouble = (struct error){ 0 };
	dataplane_stats(c->dataplane, &c->counts, &c->count_trouble);
	took = uv_hrtime() - began;
	if (took >= COUNT_LARGE_MS * MS)
		c->counts_until = began + took + RESTS * took;
}

void converge_status(struct converge *c, struct converge_status *ret)
{
	count_peers(c);
	*ret = (struct converge_status){ .backend = dataplane_backend(c->dataplane),
					 .reason = dataplane_reason(c->dataplane),
					 .routes = buf_text(&c->routes.taken),
					 .routes_not_taken = buf_text(&c->routes.refused) };
	if (c->count_trouble.kind != ERR_NONE)
		snprintf(ret->trouble, sizeof(ret->trouble), "%s", c->count_trouble.text);
	else if (!converge_is_well(c))
		snprintf(ret->trouble, sizeof(ret->trouble), "%s", converge_trouble(c));
	else if (c->families.stranded)
		tell_stranded(c, ret->trouble);
	ret->peers_known = c->counts.peers_known;
	ret->peers_active = c->counts.peers_active;
}
