// SPDX-License-Identifier: Apache-2.0
#include "daemon/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/api.h"
#include "daemon/board.h"
#include "daemon/channels.h"
#include "daemon/daemon.h"
#include "daemon/dns.h"
#include "daemon/now.h"
#include "daemon/turns.h"
#include "daemon/version.h"
#include "http/server.h"
#include "metrics/exposition.h"
#include "metrics/node.h"
#include "metrics/page.h"
#include "raft/status.h"
#include "rpc/json.h"
#include "store/state_query.h"

enum {
	METHOD_MAX = 128,	/* "webmesh.ext.v1.Replication/Follow" */
	RETRY_EVERY = 60,		/* refreshes between two attempts to serve */
};

struct metrics {
	struct daemon *daemon;
	struct http_server *server;	/* NULL: not served */
	unsigned int tries_in;		/* refreshes */
	bool told;			/* why it is not served */

	struct turns turns;

	char leader[NODE_ID_MAX + 1];	/* the last one; "": none was yet */
	uint64_t leader_changes;
	uint64_t counted_at;		/* applied index at which nodes were counted */
	uint64_t nodes;
	char methods[METRICS_CALLS_MAX][METHOD_MAX];
	size_t method_count;

	struct metrics_snapshot next;	/* the owner's */
	uv_mutex_t lock;		/* guards the next one */
	struct metrics_snapshot snapshot;	/* taken_at 0: none */
};

/* ---- the copy ---- */

static void fill_replica(const struct metrics *m, struct metrics_snapshot *s)
{
	const struct daemon *d = m->daemon;
	struct raft_peer_status peers[RAFT_SERVERS_MAX + 1];
	struct replica_status replica;
	struct raft_status raft;
	size_t count;

	replica_status(d->replica, &replica);
	s->role = replica_role_name(replica.role);
	s->has_leader = *replica.leader;
	s->term = replica.term;
	s->commit_index = replica.commit_index;
	s->applied_index = replica.applied_index;
	s->state_age_ms = replica.state_age_ms;
	s->voters = replica.voters;
	s->voters_reachable = replica.voters_reachable;
	s->replica_well = !*replica.trouble;
	s->leader_changes = m->leader_changes;
	s->log_writes = *replica_log_writes(d->replica);
	s->followers = api_follow_count(d);
	s->is_server = replica_server_status(d->replica, &raft, peers, RAFT_SERVERS_MAX + 1, &count);
	if (!s->is_server)
		return;
	s->log_first = raft.first_index;
	s->log_last = raft.last_index;
	s->log_stored = raft.stored_index;
}

/* They are rows: counted again only when the state is another. */
static uint64_t count_nodes(struct metrics *m, uint64_t applied)
{
	if (m->counted_at != applied && state_count_nodes(m->daemon->state, &m->nodes, NULL) == 0)
		m->counted_at = applied;
	return m->nodes;
}

static void fill_self(const struct daemon *d, struct metrics_snapshot *s)
{
	int64_t now = daemon_now() / 1000000000;
	struct node self;

	snprintf(s->node_id, sizeof(s->node_id), "%s", d->settings.id);
	snprintf(s->state_dir, sizeof(s->state_dir), "%s", d->settings.state_dir);
	snprintf(s->device, sizeof(s->device), "%s", d->settings.device);
	s->version = WGMESH_VERSION;
	s->commit = WGMESH_COMMIT;
	s->started_at = d->started_at;
	s->certificate_ends_at = (now + identity_expires_in(&d->identity, now)) * 1000000000;
	s->key_ends_at = d->rotation.expires_at;
	s->public_key = d->wireguard_public;
	s->backend = converge_backend(d->converge);
	s->dataplane_well = converge_is_well(d->converge);
	if (state_get_node(d->state, d->settings.id, &self, NULL) < 0)
		return;
	if (self.ipv4.ip.family)
		prefix_format(&self.ipv4, s->ipv4);
	if (self.ipv6.ip.family)
		prefix_format(&self.ipv6, s->ipv6);
}

static void fill_channels(const struct daemon *d, struct metrics_snapshot *s)
{
	struct engine_counts counts;

	if (!d->channels)
		return;
	counts = engine_counts(channels_engine(d->channels));
	s->channels = counts.sessions;
	s->channel_connections = counts.connections;
}

static void fill_calls(const struct metrics *m, struct metrics_snapshot *s)
{
	const struct rpc_server *server = m->daemon->server;

	if (!server)
		return;
	s->calls_alive = rpc_server_calls(server);
	s->calls_count = m->method_count;
	for (size_t i = 0; i < m->method_count; i++) {
		s->calls[i].method = m->methods[i];
		for (int code = 0; code < METRICS_CODES; code++)
			s->calls[i].ended[code] = rpc_server_ended(server, i, code);
	}
}

static void take(struct metrics *m)
{
	struct metrics_snapshot *s = &m->next;

	*s = (struct metrics_snapshot){ 0 };
	fill_self(m->daemon, s);
	fill_replica(m, s);
	s->nodes = count_nodes(m, s->applied_index);
	fill_calls(m, s);
	fill_channels(m->daemon, s);
	dns_measure(m->daemon->dns, s);
	s->turns = m->turns.durations;
	s->taken_at = uv_hrtime();
	uv_mutex_lock(&m->lock);
	m->snapshot = *s;
	uv_mutex_unlock(&m->lock);
}

int metrics_copy(struct metrics *m, struct metrics_snapshot *ret, struct error *err)
{
	int r = 0;

	uv_mutex_lock(&m->lock);
	if (m->snapshot.taken_at)
		*ret = m->snapshot;
	else
		r = error_set(err, ERR_UNAVAILABLE, "the daemon is starting: ask again");
	uv_mutex_unlock(&m->lock);
	return r;
}

void metrics_note_leader(struct metrics *m, const char *node_id)
{
	if (!*node_id || strcmp(node_id, m->leader) == 0)
		return;
	m->leader_changes += *m->leader != 0;
	snprintf(m->leader, sizeof(m->leader), "%s", node_id);
}

/* ---- the pages, on their thread ---- */

static int make_page(void *data, struct buf *ret, struct error *err)
{
	struct metrics_snapshot snapshot;
	struct metrics_readings readings;
	int r = metrics_copy(data, &snapshot, err);

	if (r < 0)
		return r;
	metrics_read(&snapshot, &readings);
	metrics_page(&snapshot, &readings, ret);
	return 0;
}

static int make_node_metrics(void *data, struct buf *ret, struct error *err)
{
	struct metrics_snapshot snapshot;
	V1__NodeMetrics *metrics;
	struct error trouble;
	uint32_t left_out;
	int r = metrics_copy(data, &snapshot, err);

	if (r == 0)
		r = node_metrics_read(&snapshot, &metrics, &left_out, &trouble, err);
	if (r < 0)
		return r;
	rpc_json(&metrics->base, ret);
	buf_append_text(ret, "\n");
	v1__node_metrics__free_unpacked(metrics, NULL);
	return 0;
}

static const struct http_page pages[] = {
	{ .path = "/metrics", .type = EXPOSITION_TYPE, .make = make_page },
	{ .path = "/node-metrics", .type = "application/json", .make = make_node_metrics },
};

struct http_site metrics_site(struct metrics *m)
{
	return (struct http_site){ .pages = pages, .page_count = sizeof(pages) / sizeof(pages[0]),
				   .data = m };
}

static void notify(void *data)
{
	http_server_notify(data);
}

static void serve(struct metrics *m)
{
	const struct http_config config = {
		.address = m->daemon->settings.metrics_address,
		.sites = { metrics_site(m), board_site(m->daemon->board) },
		.site_count = 2,
	};
	char address[ENDPOINT_TEXT_MAX];
	struct error err = { 0 };

	if (http_server_start(&config, &m->server, &err) == 0) {
		m->told = false;
		board_set_listener(m->daemon->board, notify, m->server);
		log_info("metrics", "address=%s", endpoint_format(&config.address, address));
		return;
	}
	if (!m->told)
		log_warn("metrics-not-served",
			 "reason=\"%s\" remedy=\"--metrics-address takes another address, or none\"",
			 log_text(err.text));
	m->told = true;
	m->tries_in = RETRY_EVERY;
}

void metrics_refresh(struct metrics *m)
{
	take(m);
	if (m->server || !m->daemon->settings.metrics_address.ip.family)
		return;
	if (m->tries_in)
		m->tries_in--;
	else
		serve(m);
}

bool metrics_served(const struct metrics *m)
{
	return m->server;
}

/* ---- life ---- */

static void name_methods(struct metrics *m)
{
	const struct rpc_method *methods;
	size_t count = api_methods(&methods);

	for (size_t i = 0; i < count && i < METRICS_CALLS_MAX - 1; i++)
		snprintf(m->methods[m->method_count++], METHOD_MAX, "%s/%s",
			 methods[i].service->name, methods[i].name);
	snprintf(m->methods[m->method_count++], METHOD_MAX, "unknown");
}

int metrics_new(struct daemon *d, struct metrics **ret, struct error *err)
{
	struct metrics *m = calloc(1, sizeof(*m));

	if (!m || uv_mutex_init(&m->lock) < 0) {
		free(m);
		return error_set(err, ERR_MEMORY, "no memory for the metrics");
	}
	m->daemon = d;
	m->counted_at = UINT64_MAX;
	name_methods(m);
	turns_start(&m->turns, &d->loop);
	*ret = m;
	return 0;
}

void metrics_stop(struct metrics *m)
{
	board_set_listener(m->daemon->board, NULL, NULL);
	http_server_stop(m->server);
	m->server = NULL;
	turns_stop(&m->turns);
}

void metrics_free(struct metrics *m)
{
	if (!m)
		return;
	uv_mutex_destroy(&m->lock);
	free(m);
}
