// SPDX-License-Identifier: Apache-2.0
#include "rtc/ice.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nice/agent.h>

enum {
	COMPONENT = 1,
	ADDRESSES_MAX = 16,
	SOCKET_BUFFER = 4 * 1024 * 1024,	/* bytes that come while the thread is busy */
	LEAVING_MAX = 64,
};

/* Agents that are over but for the relays that they give back: of the one thread that has all. */
static unsigned int leaving;

struct ice {
	NiceAgent *agent;
	guint stream;
	gchar *ufrag, *pwd;
	const struct ice_ops *ops;
	void *ctx;
	bool connected;
	bool relayed;			/* has asked for a relay, which is to be given back */
};

/* ---- addresses ---- */

static enum candidate_type type_of(NiceCandidateType type)
{
	switch (type) {
	case NICE_CANDIDATE_TYPE_SERVER_REFLEXIVE:
		return CANDIDATE_SRFLX;
	case NICE_CANDIDATE_TYPE_PEER_REFLEXIVE:
		return CANDIDATE_PRFLX;
	case NICE_CANDIDATE_TYPE_RELAYED:
		return CANDIDATE_RELAY;
	default:
		return CANDIDATE_HOST;
	}
}

static NiceCandidateType nice_type_of(enum candidate_type type)
{
	static const NiceCandidateType types[] = {
		[CANDIDATE_HOST] = NICE_CANDIDATE_TYPE_HOST,
		[CANDIDATE_SRFLX] = NICE_CANDIDATE_TYPE_SERVER_REFLEXIVE,
		[CANDIDATE_PRFLX] = NICE_CANDIDATE_TYPE_PEER_REFLEXIVE,
		[CANDIDATE_RELAY] = NICE_CANDIDATE_TYPE_RELAYED,
	};

	return types[type];
}

static struct endpoint endpoint_of(const NiceAddress *a)
{
	struct endpoint e = { 0 };
	struct sockaddr_storage sa = { 0 };

	nice_address_copy_to_sockaddr(a, (struct sockaddr *)&sa);
	endpoint_from_sockaddr((const struct sockaddr *)&sa, sizeof(sa), &e);
	return e;
}

static void address_of(const struct endpoint *e, NiceAddress *ret)
{
	struct sockaddr_in6 sa;

	endpoint_to_sockaddr(e, &sa);
	nice_address_set_from_sockaddr(ret, (const struct sockaddr *)&sa);
}

static bool is_excluded(const struct ice_config *config, const char *name)
{
	for (size_t i = 0; i < ICE_EXCLUDES_MAX && *config->exclude[i]; i++) {
		if (strcmp(config->exclude[i], name) == 0)
			return true;
	}
	return false;
}

/* Link-local addresses mean nothing to the other side without its name of the link. */
static bool is_usable(const struct ice_config *config, const struct ifaddrs *a)
{
	if (!a->ifa_addr || !(a->ifa_flags & IFF_UP) || is_excluded(config, a->ifa_name))
		return false;
	if ((a->ifa_flags & IFF_LOOPBACK) && !config->loopback)
		return false;
	if (a->ifa_addr->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)a->ifa_addr;

		return !IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr);
	}
	return a->ifa_addr->sa_family == AF_INET;
}

/* Told to the agent, or it takes those of all interfaces, the mesh's own among them. */
static int add_addresses(struct ice *ice, const struct ice_config *config, struct error *err)
{
	struct ifaddrs *all;
	unsigned int n = 0;

	if (getifaddrs(&all) < 0)
		return error_errno(err, errno, "cannot list this host's addresses");
	for (const struct ifaddrs *a = all; a && n < ADDRESSES_MAX; a = a->ifa_next) {
		NiceAddress address;

		if (!is_usable(config, a))
			continue;
		nice_address_init(&address);
		nice_address_set_from_sockaddr(&address, a->ifa_addr);
		nice_address_set_port(&address, 0);
		if (nice_agent_add_local_address(ice->agent, &address))
			n++;
	}
	freeifaddrs(all);
	return n ? 0 : error_set(err, ERR_UNAVAILABLE,
				 "this host has no address that could be told to the other side");
}

/* ---- what the agent tells ---- */

static void on_candidate(NiceAgent *agent, NiceCandidate *theirs, gpointer data)
{
	struct ice *ice = data;
	struct candidate c = {
		.priority = theirs->priority,
		.at = endpoint_of(&theirs->addr),
		.type = type_of(theirs->type),
	};

	snprintf(c.foundation, sizeof(c.foundation), "%.32s", theirs->foundation);
	if (theirs->type != NICE_CANDIDATE_TYPE_HOST)
		c.related = endpoint_of(&theirs->base_addr);
	ice->ops->candidate(&c, ice->ctx);
}

static void widen_socket(gpointer data, gpointer user)
{
	const int fd = g_socket_get_fd(data), bytes = SOCKET_BUFFER;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

/*
 * What the kernel gives unasked is a hundred datagrams: a peer that speeds up on a line without
 * loss loses them here.  More than the host's limit (net.core.rmem_max) is for CAP_NET_ADMIN.
 * Only of the path that is used, for each may hold that much; with a relay it cannot be told.
 */
static void widen_path(struct ice *ice)
{
	GSocket *socket = nice_agent_get_selected_socket(ice->agent, ice->stream, COMPONENT);
	GPtrArray *all;

	if (socket) {
		widen_socket(socket, NULL);
		g_object_unref(socket);
		return;
	}
	all = nice_agent_get_sockets(ice->agent, ice->stream, COMPONENT);
	if (all) {
		g_ptr_array_foreach(all, widen_socket, NULL);
		g_ptr_array_unref(all);
	}
}

static void on_state(NiceAgent *agent, guint stream, guint component, guint state, gpointer data)
{
	struct ice *ice = data;

	if (state == NICE_COMPONENT_STATE_FAILED) {
		ice->ops->failed(ice->ctx);
		return;
	}
	if (state != NICE_COMPONENT_STATE_CONNECTED && state != NICE_COMPONENT_STATE_READY)
		return;
	widen_path(ice);
	if (!ice->connected) {
		ice->connected = true;
		ice->ops->connected(ice->ctx);
	}
}

static void on_datagram(NiceAgent *agent, guint stream, guint component, guint len, gchar *data,
			gpointer ctx)
{
	struct ice *ice = ctx;

	ice->ops->datagram(data, len, ice->ctx);
}

/* ---- the agent ---- */

static void set_stun(struct ice *ice, const struct endpoint *stun)
{
	char ip[IP_TEXT_MAX];

	if (stun->ip.family != AF_UNSPEC)
		g_object_set(ice->agent, "stun-server", ip_format(&stun->ip, ip),
			     "stun-server-port", (guint)stun->port, NULL);
}

static int set_relay(struct ice *ice, const struct turn_server *relay, struct error *err)
{
	char ip[IP_TEXT_MAX];

	if (relay->at.ip.family == AF_UNSPEC)
		return 0;
	return nice_agent_set_relay_info(ice->agent, ice->stream, COMPONENT,
					 ip_format(&relay->at.ip, ip), relay->at.port, relay->user,
					 relay->password, NICE_RELAY_TYPE_TURN_UDP)
		? 0 : error_set(err, ERR_INVALID, "ICE does not take the TURN server %s", ip);
}

static int set_up(struct ice *ice, const struct ice_config *config, struct error *err)
{
	ice->agent = nice_agent_new_full(config->context, NICE_COMPATIBILITY_RFC5245,
					 NICE_AGENT_OPTION_ICE_TRICKLE);
	if (!ice->agent)
		return error_set(err, ERR_MEMORY, "no memory for ICE");
	g_object_set(ice->agent, "controlling-mode", (gboolean)!config->controlled, "upnp", FALSE, "ice-tcp", FALSE,
		     "force-relay", (gboolean)config->relay_only, NULL);
	set_stun(ice, &config->servers.stun);
	g_signal_connect(ice->agent, "new-candidate-full", G_CALLBACK(on_candidate), ice);
	g_signal_connect(ice->agent, "component-state-changed", G_CALLBACK(on_state), ice);
	ice->stream = nice_agent_add_stream(ice->agent, COMPONENT);
	if (!ice->stream ||
	    !nice_agent_get_local_credentials(ice->agent, ice->stream, &ice->ufrag, &ice->pwd) ||
	    !nice_agent_attach_recv(ice->agent, ice->stream, COMPONENT, config->context,
				    on_datagram, ice))
		return error_set(err, ERR_INTERNAL, "ICE cannot be set up");
	ice->relayed = config->servers.relay.at.ip.family != AF_UNSPEC;
	return set_relay(ice, &config->servers.relay, err) < 0 ? -ERR_INVALID
							       : add_addresses(ice, config, err);
}

int ice_new(const struct ice_config *config, const struct ice_ops *ops, void *ctx,
	    struct ice **ret, struct error *err)
{
	struct ice *ice = calloc(1, sizeof(*ice));
	int r;

	if (!ice)
		return error_set(err, ERR_MEMORY, "no memory for ICE");
	ice->ops = ops;
	ice->ctx = ctx;
	r = set_up(ice, config, err);
	if (r < 0)
		ice_free(ice);
	else
		*ret = ice;
	return r;
}

static void on_left(GObject *agent, GAsyncResult *result, gpointer data)
{
	leaving--;
	g_object_unref(agent);
}

/*
 * A relay that nobody gives back is kept for ten minutes.  Where the server does not answer, that takes
 * seconds, and an agent has sockets: there is a bound.
 */
static void leave(struct ice *ice)
{
	if (ice->stream)
		nice_agent_remove_stream(ice->agent, ice->stream);
	if (ice->relayed && leaving < LEAVING_MAX) {
		leaving++;
		nice_agent_close_async(ice->agent, on_left, NULL);
	} else {
		g_object_unref(ice->agent);
	}
}

bool ice_is_leaving(void)
{
	return leaving;
}

void ice_free(struct ice *ice)
{
	if (!ice)
		return;
	if (ice->agent) {
		/* What the agent does of its own in the context from here on finds nobody. */
		g_signal_handlers_disconnect_by_data(ice->agent, ice);
		leave(ice);
	}
	g_free(ice->ufrag);
	g_free(ice->pwd);
	free(ice);
}

const char *ice_ufrag(const struct ice *ice)
{
	return ice->ufrag;
}

const char *ice_pwd(const struct ice *ice)
{
	return ice->pwd;
}

int ice_gather(struct ice *ice, struct error *err)
{
	return nice_agent_gather_candidates(ice->agent, ice->stream)
		? 0 : error_set(err, ERR_UNAVAILABLE, "ICE finds no address to be reached at");
}

int ice_set_remote(struct ice *ice, const char *ufrag, const char *pwd, struct error *err)
{
	return nice_agent_set_remote_credentials(ice->agent, ice->stream, ufrag, pwd)
		? 0 : error_set(err, ERR_INVALID, "ICE does not take the other side's credentials");
}

void ice_add_candidate(struct ice *ice, const struct candidate *c)
{
	NiceCandidate *theirs = nice_candidate_new(nice_type_of(c->type));
	GSList list = { .data = theirs };

	theirs->component_id = COMPONENT;
	theirs->stream_id = ice->stream;
	theirs->transport = NICE_CANDIDATE_TRANSPORT_UDP;
	theirs->priority = c->priority;
	snprintf(theirs->foundation, sizeof(theirs->foundation), "%s", c->foundation);
	address_of(&c->at, &theirs->addr);
	if (c->related.ip.family != AF_UNSPEC)
		address_of(&c->related, &theirs->base_addr);
	/* More than the agent has room for are dropped by it. */
	nice_agent_set_remote_candidates(ice->agent, ice->stream, COMPONENT, &list);
	nice_candidate_free(theirs);
}

void ice_send(struct ice *ice, const void *data, size_t len)
{
	nice_agent_send(ice->agent, ice->stream, COMPONENT, (guint)len, data);
}

char *ice_path(const struct ice *ice, char out[ICE_PATH_MAX])
{
	char near[ENDPOINT_TEXT_MAX], far[ENDPOINT_TEXT_MAX];
	NiceCandidate *local, *remote;
	struct endpoint here, there;

	*out = 0;
	if (!nice_agent_get_selected_pair(ice->agent, ice->stream, COMPONENT, &local, &remote))
		return out;
	here = endpoint_of(&local->addr);
	there = endpoint_of(&remote->addr);
	snprintf(out, ICE_PATH_MAX, "%s %s - %s %s", candidate_type_name(type_of(local->type)),
		 endpoint_format(&here, near), candidate_type_name(type_of(remote->type)),
		 endpoint_format(&there, far));
	return out;
}

static bool has_address(const struct ifaddrs *all, const NiceAddress *wanted)
{
	NiceAddress address;

	for (const struct ifaddrs *a = all; a; a = a->ifa_next) {
		if (!a->ifa_addr || (a->ifa_addr->sa_family != AF_INET &&
				     a->ifa_addr->sa_family != AF_INET6))
			continue;
		nice_address_init(&address);
		nice_address_set_from_sockaddr(&address, a->ifa_addr);
		if (nice_address_equal_no_port(&address, wanted))
			return true;
	}
	return false;
}

bool ice_is_homeless(const struct ice *ice)
{
	NiceCandidate *local, *remote;
	struct ifaddrs *all;
	bool has;

	if (!nice_agent_get_selected_pair(ice->agent, ice->stream, COMPONENT, &local, &remote) ||
	    getifaddrs(&all) < 0)
		return false;
	has = has_address(all, &local->base_addr);
	freeifaddrs(all);
	/* Where the relay is all that is known of the beginning, the peer's silence tells. */
	return !has && !(local->type == NICE_CANDIDATE_TYPE_RELAYED &&
			 nice_address_equal(&local->addr, &local->base_addr));
}
