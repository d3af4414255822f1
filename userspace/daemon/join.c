// SPDX-License-Identifier: Apache-2.0
#include "daemon/join.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/announce.h"
#include "daemon/guests.h"
#include "daemon/node_channel.h"
#include "daemon/rotation.h"
#include "daemon/schema_gate.h"
#include "rpc/client.h"
#include "store/state_query.h"
#include "v1/node.pb-c.h"

enum {
	RETRY_MS = 500,
	RETRIES_QUICK = 4,	/* failures after which the pause doubles, and doubles again */
	DOUBLINGS_MAX = 5,
	LOST_MS = 3000,		/* without a leader: several elections */
	TIMEOUT_MS = 10000,
};

struct joining {
	struct daemon *daemon;
	uv_timer_t timer;
	struct rpc_channel *channel;
	struct rpc_client_call *call;	/* NULL: none under way */
	size_t turn;
	unsigned int failures;	/* in a row */
	char address[DIRECTORY_ADDRESS_MAX];
	uint64_t began;		/* uv_now() */
	uint64_t joined_at;	/* the same; 0: not since the start */
	char trouble[ERROR_TEXT_MAX];
	struct key announced;	/* by the call under way; zero: none is */
	bool closing;
	void (*closed)(void *data);
	void *closed_data;
};

void join_describe_self(const struct daemon *d, struct node *ret)
{
	const struct settings *s = &d->settings;
	struct node node = {
		.public_key = d->wireguard_public,
		.raft_port = s->raft_port,
		.grpc_port = s->grpc_port,
		.wireguard_port = s->wireguard_port,
		.role = s->voter ? NODE_VOTER : NODE_OBSERVER,
	};

	memcpy(node.id, s->id, sizeof(s->id));
	if (s->endpoints.count)
		node.primary_endpoint = s->endpoints.items[0];
	for (unsigned int i = 1; i < s->endpoints.count; i++)
		node.endpoints[node.n_endpoints++] = s->endpoints.items[i];
	*ret = node;
}

void join_describe_member(const struct node *node, bool prefer_ipv6, struct member *ret)
{
	bool ipv4 = node->ipv4.ip.family && !prefer_ipv6;
	struct endpoint at = { .ip = ipv4 ? node->ipv4.ip : node_ipv6_address(node),
			       .port = node->raft_port };

	*ret = (struct member){ .server_id = node->server_id };
	memcpy(ret->node_id, node->id, sizeof(node->id));
	endpoint_format(&at, ret->address);
}

bool join_revoked(const struct daemon *d)
{
	struct certificate cert;

	return state_get_certificate(d->state, d->identity.info.serial, &cert, NULL) == 0 &&
	       cert.revoked;
}

static bool same_endpoints(const struct node *a, const struct node *b)
{
	if (!ip_equal(&a->primary_endpoint, &b->primary_endpoint) ||
	    a->n_endpoints != b->n_endpoints)
		return false;
	for (unsigned int i = 0; i < a->n_endpoints; i++)
		if (!ip_equal(&a->endpoints[i], &b->endpoints[i]))
			return false;
	return true;
}

/* Whether the state says of us what we would say ourselves, or nothing can be done about it. */
static bool joined(const struct daemon *d)
{
	struct node want, have;
	struct mesh mesh;
	uint32_t schema;

	/* A founder's row comes with the mesh itself (founding.h). */
	if (d->founder && state_get_mesh(d->state, &mesh, NULL) < 0)
		return true;
	join_describe_self(d, &want);
	return !rotation_to_announce(d) && state_get_ability(d->state, want.id, &schema, NULL) == 0 &&
	       schema == state_schema_latest() &&
	       state_get_node(d->state, want.id, &have, NULL) == 0 &&
	       key_equal(&want.public_key, &have.public_key) && want.role == have.role &&
	       want.raft_port == have.raft_port && want.grpc_port == have.grpc_port &&
	       want.wireguard_port == have.wireguard_port && same_endpoints(&want, &have) &&
	       announce_told(d) && guests_told(d);
}

/* A guest is heard of by its Joins. */
static bool is_to_be_heard(const struct joining *j)
{
	uint64_t ms = j->daemon->settings.expire_after_seconds * 1000ULL;

	return ms && state_has_guests(j->daemon->state) &&
	       uv_now(&j->daemon->loop) - j->joined_at >= ms / 3;
}

static bool lost(const struct joining *j)
{
	struct replica_status status;

	replica_status(j->daemon->replica, &status);
	return status.role != REPLICA_OBSERVER && status.state_age_ms > LOST_MS &&
	       uv_now(&j->daemon->loop) - j->began > LOST_MS;
}

static bool idle(struct joining *j)
{
	bool revoked = join_revoked(j->daemon);

	if (!revoked && (!joined(j->daemon) || lost(j) || is_to_be_heard(j)))
		return false;
	j->trouble[0] = 0;
	if (revoked)
		snprintf(j->trouble, sizeof(j->trouble),
			 "the certificate is revoked: %s was taken out of the mesh, or enrolled anew; "
			 "join with a new token in an empty --state-dir", j->daemon->settings.id);
	return true;
}

static void on_timer(uv_timer_t *timer);

static void finish_close(struct joining *j)
{
	if (j->closed)
		j->closed(j->closed_data);
	free(j);
}

static void timer_closed(uv_handle_t *handle)
{
	struct joining *j = handle->data;

	handle->data = NULL;
	if (!j->call)
		finish_close(j);
}

/* Quick at first, since a leader is elected in seconds; slow for those whom nobody wants. */
static void try_later(struct joining *j)
{
	unsigned int doublings = j->failures++ / RETRIES_QUICK;

	if (doublings > DOUBLINGS_MAX)
		doublings = DOUBLINGS_MAX;
	uv_timer_start(&j->timer, on_timer, (uint64_t)RETRY_MS << doublings, 0);
}

/* Said by the leader, and not a matter of waiting or of asking elsewhere. */
static bool is_refusal(enum error_kind kind)
{
	return kind == ERR_DENIED || kind == ERR_INVALID || kind == ERR_EXISTS ||
	       kind == ERR_EXHAUSTED;
}

/*
 * A leader has answered, whatever it said, or the state has this node's removal, and this server
 * hears of no leader: it may be none any more, and nobody tells it.  The log does.
 */
static void doubt_membership(struct joining *j)
{
	if (lost(j))
		replica_follow_first(j->daemon->replica);
}

static void on_reply(const ProtobufCMessage *reply, const struct error *err, void *ctx)
{
	struct joining *j = ctx;

	j->call = NULL;
	rpc_channel_free(j->channel);
	j->channel = NULL;
	if (j->closing) {
		if (!j->timer.data)
			finish_close(j);
		return;
	}
	if (!reply) {
		log_info("join-failed", "at=%s reason=\"%s\"", j->address, log_text(err->text));
		if (is_refusal(err->kind)) {
			memcpy(j->trouble, err->text, sizeof(j->trouble));
			doubt_membership(j);
		}
		try_later(j);
		return;
	}
	j->trouble[0] = 0;
	j->joined_at = uv_now(&j->daemon->loop);
	rotation_announced(j->daemon, &j->announced);
	log_info("joined", "node=%s ipv4=%s ipv6=%s at=%s", j->daemon->settings.id,
		 ((const V1__JoinResponse *)reply)->address_ipv4,
		 ((const V1__JoinResponse *)reply)->network_ipv6, j->address);
	if (lost(j))
		doubt_membership(j);
	else
		j->failures = 0;
	try_later(j);
}

static int send_join(struct joining *j, struct error *err)
{
	const struct key *next = rotation_to_announce(j->daemon);
	char schema[16], routes[ROUTES_TEXT_MAX], expire_after[16], next_key[KEY_TEXT_MAX];
	const struct rpc_metadata metadata[] = {
		{ SCHEMA_METADATA, schema }, { ROUTES_METADATA, routes },
		{ GUEST_METADATA, expire_after }, { NEXT_KEY_METADATA, next_key },
	};
	const struct rpc_target target = { .service = &v1__node__descriptor, .method = "Join",
					   .timeout_ms = TIMEOUT_MS, .metadata = metadata,
					   .metadata_count = next ? 4 : 3 };
	char key[KEY_TEXT_MAX], addresses[SETTINGS_ENDPOINTS_MAX][IP_TEXT_MAX];
	const struct settings *s = &j->daemon->settings;
	V1__JoinRequest q = V1__JOIN_REQUEST__INIT;
	char *endpoints[SETTINGS_ENDPOINTS_MAX];

	snprintf(schema, sizeof(schema), "%u", state_schema_latest());
	route_list_format(&s->routes, routes);
	snprintf(expire_after, sizeof(expire_after), "%u", s->expire_after_seconds);
	j->announced = next ? *next : (struct key){ 0 };
	key_format(&j->announced, next_key);
	for (unsigned int i = 0; i < s->endpoints.count; i++)
		endpoints[i] = ip_format(&s->endpoints.items[i], addresses[i]);
	q.id = (char *)s->id;
	q.public_key = key_format(&j->daemon->wireguard_public, key);
	q.raft_port = s->raft_port;
	q.grpc_port = s->grpc_port;
	q.wireguard_port = s->wireguard_port;
	if (s->endpoints.count) {
		q.primary_endpoint = endpoints[0];
		q.n_endpoints = s->endpoints.count - 1;
		q.endpoints = endpoints + 1;
	}
	q.assign_ipv4 = !s->no_ipv4;
	q.prefer_raft_ipv6 = s->prefer_raft_ipv6;
	q.as_voter = s->voter;
	return rpc_client_call(j->daemon->pump, j->channel, &target, &q.base, on_reply, j, &j->call,
			       err);
}

static int try_next(struct joining *j, struct error *err)
{
	struct daemon *d = j->daemon;
	const struct directory_entry *at;
	struct directory dir;
	int r;

	/* A leader whose settings changed asks itself, so nobody is left out of the list. */
	r = directory_fill(&dir, d->state, d->local, replica_configuration(d->replica), "", err);
	if (r < 0)
		return r;
	if (!dir.count)
		return error_set(err, ERR_UNAVAILABLE, "no member of the mesh is known here");
	at = &dir.entries[j->turn++ % dir.count];
	memcpy(j->address, at->address, sizeof(j->address));
	r = node_channel_open(&d->identity, at, 1, &j->channel, err);
	if (r < 0)
		return r;
	r = send_join(j, err);
	if (r < 0) {
		rpc_channel_free(j->channel);
		j->channel = NULL;
	}
	return r;
}

static void on_timer(uv_timer_t *timer)
{
	struct joining *j = timer->data;
	struct error err = { 0 };

	if (j->call || idle(j))
		return;
	if (try_next(j, &err) < 0) {
		log_info("join-failed", "reason=\"%s\"", log_text(err.text));
		try_later(j);
	}
}

/* The mesh may have decided otherwise than this node was set up: promoted, or demoted. */
static void adopt_role(struct daemon *d)
{
	struct node own;
	struct error err;
	bool voter;

	if (state_get_node(d->state, d->settings.id, &own, NULL) < 0 ||
	    !key_equal(&own.public_key, &d->wireguard_public))
		return;		/* the row of another that had this name */
	voter = own.role == NODE_VOTER;
	if (voter == d->settings.voter)
		return;
	if (local_store_set_text(d->local, LOCAL_ROLE, voter ? "voter" : "observer", &err) < 0) {
		log_warn("role-not-kept", "reason=\"%s\"", log_text(err.text));
		return;
	}
	d->settings.voter = voter;
	log_info("role-decided", "role=%s", voter ? "voter" : "observer");
}

void join_consider(struct joining *j)
{
	adopt_role(j->daemon);
	if (join_revoked(j->daemon))
		doubt_membership(j);
	if (!j->call && !uv_is_active((uv_handle_t *)&j->timer) && !idle(j))
		uv_timer_start(&j->timer, on_timer, RETRY_MS, 0);
}

int join_new(struct daemon *d, struct joining **ret, struct error *err)
{
	struct joining *j = calloc(1, sizeof(*j));

	if (!j)
		return error_set(err, ERR_MEMORY, "no memory to join");
	j->daemon = d;
	uv_timer_init(&d->loop, &j->timer);
	j->timer.data = j;
	j->began = uv_now(&d->loop);
	join_consider(j);
	*ret = j;
	return 0;
}

void join_free(struct joining *j, void (*closed)(void *data), void *data)
{
	j->closing = true;
	j->closed = closed;
	j->closed_data = data;
	if (j->call)
		rpc_client_cancel(j->call);
	uv_close((uv_handle_t *)&j->timer, timer_closed);
}

const char *join_trouble(const struct joining *j)
{
	return j->trouble;
}
