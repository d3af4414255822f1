// SPDX-License-Identifier: Apache-2.0
#include "daemon/raft_peers.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/directory.h"
#include "transport/transport.h"

enum {
	/* that a removed server is still heard: three of the shortest elections */
	GRACE_TICKS = 30,
	REFUSALS_MS = 60000,	/* of refused connections, this many are told in that time */
	REFUSALS_TOLD = 20,
};

struct raft_peers {
	struct raft_peers_config config;
	struct transport *transport;
	/* whose servers the transport knows, some of them removed */
	struct raft_configuration reached;
	/* uv_now() since when the configuration is committed; 0: it is not */
	uint64_t settled_at;
	uint64_t refusals_since;	/* uv_now() */
	unsigned int refusals;
	void (*closed)(void *data);
	void *closed_data;
};

/* A port scan must not write the journal full: a few lines a minute tell of it as well. */
static bool refusals_are_many(struct raft_peers *p)
{
	uint64_t now = uv_now(p->config.loop);

	if (now - p->refusals_since > REFUSALS_MS) {
		p->refusals_since = now;
		p->refusals = 0;
	}
	return ++p->refusals > REFUSALS_TOLD;
}

static void transport_happened(void *data, enum transport_event event, uint64_t server_id,
			       const struct endpoint *remote, const char *reason)
{
	static const char *const names[] = {
		[TRANSPORT_PEER_UP] = "raft-peer-up",
		[TRANSPORT_PEER_DOWN] = "raft-peer-down",
		[TRANSPORT_DIAL_FAILED] = "raft-dial-failed",
		[TRANSPORT_REFUSED] = "raft-connection-refused",
	};
	char address[ENDPOINT_TEXT_MAX];
	enum log_level level = LOG_LEVEL_INFO;

	if (event == TRANSPORT_DIAL_FAILED ||
	    (event == TRANSPORT_REFUSED && refusals_are_many(data)))
		level = LOG_LEVEL_DEBUG;
	log_line(level, names[event], "server=%lu address=%s reason=\"%s\"",
		 (unsigned long)server_id, endpoint_format(remote, address),
		 log_text(reason ? reason : ""));
}

/* More than one can be on its way out only when changes come faster than they are let go. */
static void note_reached(struct raft_peers *p, const struct raft_server *server)
{
	struct raft_configuration *c = &p->reached;

	if (raft_configuration_lookup(c, server->id))
		return;
	if (c->count == RAFT_SERVERS_MAX) {
		transport_remove_peer(p->transport, c->servers[0].id);
		raft_configuration_remove(c, c->servers[0].id);
	}
	c->servers[c->count++] = *server;
}

static void refresh_listeners(struct raft_peers *p)
{
	struct endpoint endpoints[TRANSPORT_LISTEN_MAX];
	struct error err;
	struct node node;
	size_t n;

	if (state_get_node(p->config.state, p->config.settings->id, &node, NULL) < 0)
		return;
	n = directory_raft_endpoints(p->config.state, &node, endpoints, TRANSPORT_LISTEN_MAX);
	if (transport_listen(p->transport, endpoints, n, &err) < 0)
		log_warn("raft-listen-failed", "reason=\"%s\"", log_text(err.text));
}


static void peers_message(void *data, uint64_t from, const struct raft_message *message)
{
	struct raft_peers *p = data;

	p->config.message(p->config.data, message);
}

int raft_peers_new(const struct raft_peers_config *config, struct raft_peers **ret,
		   struct error *err)
{
	static const struct transport_callbacks callbacks = { .message = peers_message,
							      .event = transport_happened };
	struct raft_peers *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return error_set(err, ERR_MEMORY, "no memory for the other servers");
	p->config = *config;
	r = transport_new(config->loop, config->server_id, config->identity, &callbacks, p,
			  &p->transport, err);
	if (r < 0)
		free(p);
	else
		*ret = p;
	return r;
}

static void transport_closed(void *data)
{
	struct raft_peers *p = data;

	if (p->closed)
		p->closed(p->closed_data);
	free(p);
}

void raft_peers_free(struct raft_peers *p, void (*closed)(void *data), void *data)
{
	p->closed = closed;
	p->closed_data = data;
	transport_free(p->transport, transport_closed, p);
}

int raft_peers_show_identity(struct raft_peers *p, struct error *err)
{
	return transport_set_identity(p->transport, p->config.identity, err);
}

void raft_peers_send(struct raft_peers *p, const struct raft_message *message)
{
	struct error err;

	if (transport_send(p->transport, message, &err) < 0)
		log_debug("raft-message-dropped", "to=%lu reason=\"%s\"",
			  (unsigned long)message->to, log_text(err.text));
}

static void reach(struct raft_peers *p, const struct raft_server *server)
{
	struct endpoint endpoints[TRANSPORT_ENDPOINTS_MAX];
	struct error err;
	struct node node;
	size_t n = 0;

	note_reached(p, server);
	if (state_get_node(p->config.state, server->name, &node, NULL) == 0)
		n = directory_raft_endpoints(p->config.state, &node, endpoints,
					     TRANSPORT_ENDPOINTS_MAX);
	if (transport_set_peer(p->transport, server->id, server->name, endpoints, n, &err) < 0)
		log_warn("raft-peer-unusable", "node=%s reason=\"%s\"", server->name,
			 log_text(err.text));
}

void raft_peers_refresh(struct raft_peers *p, const struct raft_configuration *now)
{
	refresh_listeners(p);
	for (unsigned int i = 0; i < now->count; i++)
		if (strcmp(now->servers[i].name, p->config.settings->id) != 0)
			reach(p, &now->servers[i]);
}

static void drop_removed(struct raft_peers *p, const struct raft_configuration *now)
{
	for (unsigned int i = p->reached.count; i-- > 0;) {
		uint64_t id = p->reached.servers[i].id;

		if (raft_configuration_lookup(now, id))
			continue;
		transport_remove_peer(p->transport, id);
		raft_configuration_remove(&p->reached, id);
	}
}

/*
 * One that is removed has still to hear that it is, and a leader that removes itself needs the
 * others' answers to commit that.
 */
void raft_peers_tidy(struct raft_peers *p, const struct raft_configuration *now, bool committed)
{
	uint64_t grace = (uint64_t)GRACE_TICKS * p->config.settings->tick_ms;

	if (!committed)
		p->settled_at = 0;
	else if (!p->settled_at)
		p->settled_at = uv_now(p->config.loop);
	else if (uv_now(p->config.loop) - p->settled_at > grace)
		drop_removed(p, now);
}
