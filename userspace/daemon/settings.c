// SPDX-License-Identifier: Apache-2.0
#include "daemon/settings.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/utf8.h"
#include "model/node.h"

#define NONE "none"	/* a list without values */

/* RFC 1918, RFC 6598, RFC 4193: what nobody has to himself, and nothing of the internet. */
#define PRIVATE "10.0.0.0/8, 100.64.0.0/10, 172.16.0.0/12, 192.168.0.0/16, fc00::/7"

/* ---- the table ---- */

#define FIELD(field) .offset = offsetof(struct settings, field), \
		     .size = sizeof(((struct settings *)0)->field)

const struct setting settings_table[SETTINGS_COUNT] = {
	{ "state-dir", SETTING_TEXT, FIELD(state_dir), .takes = "DIR",
	  .help = "where everything is kept" },
	{ "id", SETTING_ID, FIELD(id), .takes = "ID", .otherwise = "the host's name",
	  .help = "this node's name in the mesh" },
	{ "endpoint", SETTING_ENDPOINTS, FIELD(endpoints), .takes = "ADDRESS", .live = true,
	  .otherwise = "none: behind a NAT",
	  .help = "where others reach this node, the first being the primary one; may be "
		  "repeated" },
	{ "peer-endpoint", SETTING_PEER_ENDPOINTS, FIELD(peer_endpoints), .live = true,
	  .takes = "ID=ADDRESS:PORT",
	  .help = "where this node reaches the WireGuard of another one, whatever that one says; may "
		  "be repeated" },
	{ "device", SETTING_TEXT, FIELD(device), .takes = "NAME", .help = "the WireGuard device" },
	{ "backend", SETTING_WORD, FIELD(backend), .takes = "NAME",
	  .words = "auto, mesh, kernel, userspace, none",
	  .help = "what carries the traffic: auto, mesh, kernel, userspace or none" },
	{ "lazy", SETTING_WORD, FIELD(lazy), .takes = "WHEN", .words = "auto, on, off",
	  .help = "whether WireGuard holds only peers that are used: auto, on or off; auto: where "
		  "the backend can" },
	{ "wireguard-port", SETTING_NUMBER, FIELD(wireguard_port), .min = 1, .max = 65535,
	  .takes = "PORT", .help = "of WireGuard, UDP" },
	{ "raft-port", SETTING_NUMBER, FIELD(raft_port), .min = 1, .max = 65535,
	  .takes = "PORT", .help = "of Raft, TCP" },
	{ "grpc-port", SETTING_NUMBER, FIELD(grpc_port), .min = 1, .max = 65535,
	  .takes = "PORT", .help = "of the API, TCP" },
	{ "no-ipv4", SETTING_SWITCH, FIELD(no_ipv4), .takes = "on|off", .bare = true,
	  .help = "ask for no IPv4 address in the mesh" },
	{ "prefer-raft-ipv6", SETTING_SWITCH, FIELD(prefer_raft_ipv6), .takes = "on|off",
	  .bare = true, .help = "speak Raft over IPv6 though there is an IPv4 address" },
	{ "ipv4-prefix", SETTING_IPV4_PREFIX, FIELD(ipv4_prefix), .takes = "PREFIX",
	  .help = "of the whole mesh; init only" },
	{ "domain", SETTING_DOMAIN, FIELD(domain), .takes = "NAME",
	  .help = "in which all nodes of the mesh have names; init only" },
	{ "routes", SETTING_ROUTES, FIELD(routes), .takes = "PREFIX", .live = true,
	  .help = "networks behind this node that it carries for the mesh, or 0.0.0.0/0 and ::/0 as "
		  "an exit node; may be repeated" },
	{ "accept-routes", SETTING_ROUTES, FIELD(accept_routes), .takes = "PREFIX", .live = true,
	  .otherwise = "the private networks",
	  .help = "networks of which parts are taken as other nodes announce them; may be "
		  "repeated" },
	{ "exit-node", SETTING_NODE, FIELD(exit_node), .takes = "ID", .live = true,
	  .help = "node through which this one reaches all that is not routed otherwise, or none" },
	{ "masquerade", SETTING_WORD, FIELD(masquerade), .takes = "WHEN", .live = true,
	  .words = "auto, on, off",
	  .help = "whether what leaves the mesh by this node has its address: auto, on or off; auto: "
		  "as an exit node" },
	{ "log-keep", SETTING_NUMBER, FIELD(log_keep), .min = 16, .max = 100000000,
	  .takes = "ENTRIES", .live = true,
	  .help = "of the Raft log; who needs older ones gets a snapshot" },
	{ "followers-max", SETTING_NUMBER, FIELD(followers_max), .max = 100000, .takes = "N",
	  .live = true, .help = "nodes that follow this one; more are sent elsewhere" },
	{ "leader-proxy", SETTING_SWITCH, FIELD(leader_proxy), .takes = "on|off", .live = true,
	  .help = "whether this node, if it votes, passes on to the leader what only that one can "
		  "answer" },
	{ "webrtc", SETTING_SWITCH, FIELD(webrtc), .takes = "on|off", .live = true,
	  .help = "whether those with a certificate reach services by way of this node over data "
		  "channels of WebRTC" },
	{ "webrtc-destinations", SETTING_DESTINATIONS, FIELD(webrtc_destinations),
	  .takes = "ADDRESS", .live = true,
	  .help = "what they may reach: self, the loopback and this node's addresses in the mesh, or "
		  "networks, each with ports if wanted, as self:22 or 192.0.2.0/24:8000-8080; may be "
		  "repeated" },
	{ "stun-servers", SETTING_STUN_SERVERS, FIELD(stun_servers), .takes = "URL", .live = true,
	  .help = "that tell both sides of a data channel their addresses outside, as "
		  "stun:192.0.2.1:3478; may be repeated" },
	{ "turn-mode", SETTING_WORD, FIELD(turn_mode), .takes = "MODE",
	  .words = "off, managed, external",
	  .help = "whether data channels that find no other way pass a TURN server, and which: off, "
		  "managed, one that this node runs, or external, that of turn-server" },
	{ "turn-address", SETTING_ADDRESS, FIELD(turn_address), .takes = "ADDRESS",
	  .otherwise = "the first endpoint",
	  .help = "where all reach the managed TURN server; one that this machine does not have is "
		  "that of a NAT before it" },
	{ "turn-port", SETTING_NUMBER, FIELD(turn_port), .min = 1024, .max = 65535, .takes = "PORT",
	  .help = "of the managed TURN server, UDP" },
	{ "turn-relay-ports", SETTING_PORTS, FIELD(turn_relay_ports), .takes = "FIRST-LAST",
	  .help = "that the managed TURN server relays from, UDP" },
	{ "turn-realm", SETTING_NAME, FIELD(turn_realm), .takes = "NAME",
	  .help = "of the managed TURN server" },
	{ "turn-server", SETTING_TURN_SERVER, FIELD(turn_server), .takes = "URL",
	  .help = "the external TURN server, as turn:192.0.2.1:3478" },
	{ "turn-secret-file", SETTING_FILE, FIELD(turn_secret_file), .takes = "FILE",
	  .help = "with the secret that the external TURN server shares with those who make its "
		  "credentials (coturn: static-auth-secret), in one line" },
	{ "certificate-seconds", SETTING_NUMBER, FIELD(certificate_seconds), .min = 10,
	  .max = 10 * 365 * 86400, .takes = "SECONDS", .live = true,
	  .help = "that a certificate holds which this node issues while it leads" },
	{ "key-rotation-interval", SETTING_DURATION, FIELD(key_rotation_seconds), .min = 60,
	  .max = 10 * 365 * 86400, .takes = "TIME", .live = true,
	  .help = "after which this node changes its WireGuard key, as 168h, 30m or 90s; 0: "
		  "never" },
	{ "expire-after", SETTING_DURATION, FIELD(expire_after_seconds), .min = 5,
	  .max = 10 * 365 * 86400, .takes = "TIME", .live = true,
	  .help = "as a guest, to be taken out of the mesh when it was not heard of for so long, as "
		  "2m; 0: this node stays" },
	{ "tick-ms", SETTING_NUMBER, FIELD(tick_ms), .min = 10, .max = 1000, .takes = "MS",
	  .help = "Raft's clock, 10 to 1000" },
	{ "metrics-address", SETTING_LOCAL_ENDPOINT, FIELD(metrics_address),
	  .takes = "ADDRESS:PORT",
	  .help = "where this machine's programs read the metrics, on the loopback, or none" },
	{ "dns", SETTING_SWITCH, FIELD(dns), .takes = "on|off", .live = true,
	  .help = "whether this node answers for the names of the mesh" },
	{ "dns-address", SETTING_LISTEN, FIELD(dns_addresses), .takes = "ADDRESS", .live = true,
	  .help = "where it does: mesh, its addresses in the mesh, or others, each with a port if not "
		  "53, as mesh:5353 or 127.0.0.1; may be repeated" },
	{ "dns-resolved", SETTING_SWITCH, FIELD(dns_resolved), .takes = "on|off", .live = true,
	  .help = "whether systemd-resolved, where it runs, is told to ask this node for these names" },
	{ "dns-rate", SETTING_NUMBER, FIELD(dns_rate), .max = 1000000, .takes = "N", .live = true,
	  .help = "answers a second over UDP to one address; who asks more is sent to TCP; 0: no "
		  "limit" },
	{ "dns-keys", SETTING_FILE, FIELD(dns_keys), .takes = "FILE", .live = true,
	  .help = "file with the keys of those who may have all names at once (AXFR with TSIG), or "
		  "none" },
	{ "log-level", SETTING_WORD, FIELD(log_level), .takes = "LEVEL", .live = true,
	  .words = "error, warn, info, debug",
	  .help = "what is logged: error, warn, info or debug" },
};

void settings_init(struct settings *s)
{
	*s = (struct settings){
		.state_dir = SETTINGS_STATE_DIR,
		.device = "wgmesh0",
		.backend = "auto",
		.lazy = "auto",
		.log_level = "info",
		.masquerade = "auto",
		.wireguard_port = 51820,
		.raft_port = 9443,
		.grpc_port = 8443,
		.log_keep = 16384,
		.followers_max = 256,
		.leader_proxy = true,
		.webrtc = true,
		.turn_mode = "off",
		.turn_port = TURN_PORT,
		.turn_relay_ports = { 49152, 65535 },
		.turn_realm = "wgmesh",
		.certificate_seconds = 90 * 86400,
		.key_rotation_seconds = 168 * 3600,
		.tick_ms = 50,
		.domain = MESH_DOMAIN_DEFAULT,
		.dns = true,
		.dns_resolved = true,
		.dns_rate = 1000,
	};
	prefix_parse("172.16.0.0/12", &s->ipv4_prefix);
	endpoint_parse("127.0.0.1:8444", &s->metrics_address);
	route_list_parse(PRIVATE, &s->accept_routes, NULL);
	destination_list_add(&s->webrtc_destinations, "self", NULL);
	listen_list_add(&s->dns_addresses, "mesh", NULL);
	if (gethostname(s->id, sizeof(s->id)) < 0)
		s->id[0] = 0;
	s->id[sizeof(s->id) - 1] = 0;
}

int settings_lookup(const char *name)
{
	for (int i = 0; i < SETTINGS_COUNT; i++)
		if (strcmp(settings_table[i].name, name) == 0)
			return i;
	return -1;
}

/* ---- texts to values, by kind ---- */

static int set_text(const struct setting *t, char *out, const char *value, struct error *err)
{
	if (!*value || strlen(value) >= t->size)
		return error_set(err, ERR_INVALID, "\"%s\" must have 1 to %zu characters", value,
				 t->size - 1);
	memcpy(out, value, strlen(value) + 1);
	return 0;
}

static int set_id(const struct setting *t, char *out, const char *value, struct error *err)
{
	if (!node_id_valid(value))
		return error_set(err, ERR_INVALID,
				 "\"%s\" must be 1 to 63 characters of a-z 0-9 - .",
				 value);
	return set_text(t, out, value, err);
}

static bool is_word(const char *words, const char *value)
{
	size_t len = strlen(value);

	for (; words; words = strchr(words, ' ')) {
		words += strspn(words, " ");
		if (len && strncmp(words, value, len) == 0 && (!words[len] || words[len] == ','))
			return true;
	}
	return false;
}

static int set_word(const struct setting *t, char *out, const char *value, struct error *err)
{
	if (!is_word(t->words, value))
		return error_set(err, ERR_INVALID, "\"%s\" is none of %s", value, t->words);
	return set_text(t, out, value, err);
}

static int set_number(const struct setting *t, void *out, const char *value, struct error *err)
{
	char *end;
	unsigned long v = strtoul(value, &end, 10);

	if (*value < '0' || *value > '9' || *end || v < t->min || v > t->max)
		return error_set(err, ERR_INVALID, "\"%s\" is no number from %lu to %lu", value,
				 (unsigned long)t->min, (unsigned long)t->max);
	if (t->size == sizeof(uint16_t))
		*(uint16_t *)out = (uint16_t)v;
	else if (t->size == sizeof(uint32_t))
		*(uint32_t *)out = (uint32_t)v;
	else
		*(uint64_t *)out = v;
	return 0;
}

static const struct {
	char name;
	uint32_t seconds;
} units[] = { { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };

enum { N_UNITS = sizeof(units) / sizeof(units[0]) };

static int set_duration(const struct setting *t, uint32_t *out, const char *value,
			struct error *err)
{
	char *end;
	unsigned long v = strtoul(value, &end, 10);
	uint64_t seconds = UINT64_MAX;

	if (*value < '0' || *value > '9' || v > UINT32_MAX)
		end = "";
	else if (v == 0 && !*end)
		seconds = 0;
	for (int i = 0; *end && i < N_UNITS; i++)
		if (*end == units[i].name && !end[1])
			seconds = v * units[i].seconds;
	if (seconds && (seconds < t->min || seconds > t->max))
		return error_set(err, ERR_INVALID,
				 "\"%s\" is no time from %lus to %luh, as 168h, 30m or 90s, nor 0",
				 value, (unsigned long)t->min, (unsigned long)t->max / 3600);
	*out = (uint32_t)seconds;
	return 0;
}

/* In the largest unit that needs no fraction. */
static bool format_duration(uint32_t seconds, struct buf *out)
{
	int i = 0;

	while (seconds && seconds % units[i].seconds)
		i++;
	return seconds ? buf_printf(out, "%u%c", seconds / units[i].seconds, units[i].name) :
			 buf_append_text(out, "0");
}

/* YAML has two ways to say so, and editors put in either. */
static int set_switch(bool *out, const char *value, struct error *err)
{
	bool on = strcmp(value, "on") == 0 || strcmp(value, "true") == 0;

	if (!on && strcmp(value, "off") != 0 && strcmp(value, "false") != 0)
		return error_set(err, ERR_INVALID, "\"%s\" is neither on nor off", value);
	*out = on;
	return 0;
}

/* Each of the words of @value, without the spaces before it, to @add; the word none to nobody. */
static int add_words(const char *value, int (*add)(void *out, const char *word, struct error *err),
		     void *out, struct error *err)
{
	char *copy = strdup(value), *rest = copy, *one;
	int r = 0;

	if (!copy)
		return error_set(err, ERR_MEMORY, "no memory for a setting");
	if (strcmp(value, NONE) != 0)
		while (r == 0 && (one = strsep(&rest, ",")))
			r = add(out, one + strspn(one, " "), err);
	free(copy);
	return r;
}

static int add_endpoint(void *out, const char *value, struct error *err)
{
	struct settings *s = out;

	if (s->endpoint_count == SETTINGS_ENDPOINTS_MAX)
		return error_set(err, ERR_INVALID, "more than %d addresses",
				 SETTINGS_ENDPOINTS_MAX);
	if (!ip_parse(value, &s->endpoints[s->endpoint_count]))
		return error_set(err, ERR_INVALID, "\"%s\" is no IP address, nor none", value);
	s->endpoint_count++;
	return 0;
}

static int add_endpoints(struct settings *s, bool more, const char *value, struct error *err)
{
	if (!more) {
		memset(s->endpoints, 0, sizeof(s->endpoints));
		s->endpoint_count = 0;
	}
	return add_words(value, add_endpoint, s, err);
}

static int add_routes(struct route_list *out, bool more, const char *value, struct error *err)
{
	struct route_list list;
	int r = route_list_parse(value, &list, err);

	if (r < 0)
		return r;
	if (!more || !list.count)
		out->count = 0;
	for (unsigned int i = 0; r == 0 && i < list.count; i++)
		r = route_list_add(out, &list.items[i], err);
	return r;
}

static int add_peer_endpoint(void *out, const char *word, struct error *err)
{
	return override_list_add(out, word, err);
}

static int add_peer_endpoints(struct override_list *out, bool more, const char *value,
			      struct error *err)
{
	if (!more || strcmp(value, NONE) == 0)
		*out = (struct override_list){ 0 };
	return add_words(value, add_peer_endpoint, out, err);
}

static int add_destination(void *out, const char *word, struct error *err)
{
	return destination_list_add(out, word, err);
}

static int add_destinations(struct destination_list *out, bool more, const char *value,
			    struct error *err)
{
	if (!more || strcmp(value, NONE) == 0)
		*out = (struct destination_list){ 0 };
	return add_words(value, add_destination, out, err);
}

static int add_stun_server(void *out, const char *word, struct error *err)
{
	return stun_list_add(out, word, err);
}

static int add_stun_servers(struct stun_list *out, bool more, const char *value,
			    struct error *err)
{
	if (!more || strcmp(value, NONE) == 0)
		*out = (struct stun_list){ 0 };
	return add_words(value, add_stun_server, out, err);
}

static int add_listen_address(void *out, const char *word, struct error *err)
{
	return listen_list_add(out, word, err);
}

static int add_listen_addresses(struct listen_list *out, bool more, const char *value,
				struct error *err)
{
	if (!more || strcmp(value, NONE) == 0)
		*out = (struct listen_list){ 0 };
	return add_words(value, add_listen_address, out, err);
}

static int set_domain(const struct setting *t, char *out, const char *value, struct error *err)
{
	if (!mesh_domain_valid(value))
		return error_set(err, ERR_INVALID,
				 "\"%.64s\" is no domain name in lower case, as "
				 MESH_DOMAIN_DEFAULT, value);
	return set_text(t, out, value, err);
}

static int set_node(const struct setting *t, char *out, const char *value, struct error *err)
{
	if (strcmp(value, NONE) != 0)
		return set_id(t, out, value, err);
	*out = 0;
	return 0;
}

/* From where it is read later on: a relative one would be another by then. */
static int set_file(const struct setting *t, char *out, const char *value, struct error *err)
{
	if (strcmp(value, NONE) == 0) {
		*out = 0;
		return 0;
	}
	if (*value != '/')
		return error_set(err, ERR_INVALID, "\"%s\" does not begin with /, nor is it none",
				 value);
	return set_text(t, out, value, err);
}

static int set_ipv4_prefix(struct prefix *out, const char *value, struct error *err)
{
	struct prefix p;

	if (!prefix_parse(value, &p) || p.ip.family != AF_INET || p.len < 8 || p.len > 30)
		return error_set(err, ERR_INVALID, "\"%s\" is no IPv4 prefix of /8 to /30", value);
	*out = prefix_masked(&p);
	return 0;
}

/*
 * Who reads these pages shows no certificate, so that who is not on this machine may not read
 * them.
 */
static int set_local_endpoint(struct endpoint *out, const char *value, struct error *err)
{
	struct endpoint e = { 0 };

	if (strcmp(value, NONE) != 0 && (!endpoint_parse(value, &e) || !e.port))
		return error_set(err, ERR_INVALID,
				 "\"%s\" is no address with a port, as 127.0.0.1:8444 or "
				 "[::1]:8444, nor none", value);
	if (e.ip.family && !ip_is_loopback(&e.ip))
		return error_set(err, ERR_INVALID,
				 "\"%s\" is not on the loopback, and these pages ask nobody who he "
				 "is: keep 127.0.0.1, and have a proxy that asks for certificates "
				 "before it, or ask by \"wmctl metrics NODE\"", value);
	*out = e;
	return 0;
}

static int set_address(struct ip *out, const char *value, struct error *err)
{
	struct ip ip = { 0 };

	if (strcmp(value, NONE) != 0 && !ip_parse(value, &ip))
		return error_set(err, ERR_INVALID, "\"%s\" is no IP address, nor none", value);
	*out = ip;
	return 0;
}

/* What would be a secret in it is not repeated in the error. */
static int set_turn_server(struct turn_server *out, const char *value, struct error *err)
{
	struct turn_server server = { 0 };
	int r = strcmp(value, NONE) == 0 ? 0 : turn_server_parse(value, &server, err);

	if (r == 0 && *server.user)
		r = error_set(err, ERR_INVALID,
			      "takes no user: credentials are made with the secret of "
			      "turn-secret-file");
	else if (r == -ERR_UNSUPPORTED)
		r = error_set(err, ERR_INVALID, "TURN is spoken by UDP alone");
	if (r == 0)
		*out = server;
	wipe(&server, sizeof(server));
	return r;
}

static int set_value(struct settings *s, int row, const char *value, bool more, struct error *err)
{
	const struct setting *t = &settings_table[row];
	void *out = (char *)s + t->offset;

	switch (t->kind) {
	case SETTING_ID:
	case SETTING_NAME:
		return set_id(t, out, value, err);
	case SETTING_ADDRESS:
		return set_address(out, value, err);
	case SETTING_PORTS:
		return turn_ports_parse(value, out, err);
	case SETTING_TURN_SERVER:
		return set_turn_server(out, value, err);
	case SETTING_FILE:
		return set_file(t, out, value, err);
	case SETTING_WORD:
		return set_word(t, out, value, err);
	case SETTING_NUMBER:
		return set_number(t, out, value, err);
	case SETTING_SWITCH:
		return set_switch(out, value, err);
	case SETTING_ENDPOINTS:
		return add_endpoints(s, more, value, err);
	case SETTING_DURATION:
		return set_duration(t, out, value, err);
	case SETTING_IPV4_PREFIX:
		return set_ipv4_prefix(out, value, err);
	case SETTING_ROUTES:
		return add_routes(out, more, value, err);
	case SETTING_PEER_ENDPOINTS:
		return add_peer_endpoints(out, more, value, err);
	case SETTING_DESTINATIONS:
		return add_destinations(out, more, value, err);
	case SETTING_STUN_SERVERS:
		return add_stun_servers(out, more, value, err);
	case SETTING_NODE:
		return set_node(t, out, value, err);
	case SETTING_LOCAL_ENDPOINT:
		return set_local_endpoint(out, value, err);
	case SETTING_DOMAIN:
		return set_domain(t, out, value, err);
	case SETTING_LISTEN:
		return add_listen_addresses(out, more, value, err);
	default:
		return set_text(t, out, value, err);
	}
}

/* Before any error quotes it: the command line and the environment take all bytes. */
static int check_text(const char *value, struct error *err)
{
	size_t good = utf8_valid_bytes(value);

	return !value[good] ? 0
			    : error_set(err, ERR_INVALID,
					"byte %zu of the value, 0x%02x, is not UTF-8: write it in that",
					good + 1, (unsigned char)value[good]);
}

int settings_tell(struct settings *s, int row, const char *value, enum settings_origin origin,
		  unsigned int line, struct error *err)
{
	struct settings ignored;
	int r = check_text(value, err);

	if (r < 0)
		return r;
	if (s->told[row].origin > origin) {
		settings_init(&ignored);
		return set_value(&ignored, row, value, false, err);
	}
	r = set_value(s, row, value, s->told[row].origin == origin, err);
	if (r == 0) {
		s->told[row].origin = origin;
		s->told[row].line = line;
	}
	return r;
}

/* ---- values to texts ---- */

static uint64_t number(const struct setting *t, const void *at)
{
	if (t->size == sizeof(uint16_t))
		return *(const uint16_t *)at;
	return t->size == sizeof(uint32_t) ? *(const uint32_t *)at : *(const uint64_t *)at;
}

static bool format_endpoints(const struct settings *s, struct buf *out)
{
	char ip[IP_TEXT_MAX];

	if (!s->endpoint_count)
		return buf_append_text(out, NONE);
	for (unsigned int i = 0; i < s->endpoint_count; i++)
		buf_printf(out, "%s%s", i ? "," : "", ip_format(&s->endpoints[i], ip));
	return !out->failed;
}

static bool format_address(const struct ip *ip, struct buf *out)
{
	char text[IP_TEXT_MAX];

	return buf_append_text(out, ip->family ? ip_format(ip, text) : NONE);
}

static bool format_turn_server(const struct turn_server *server, struct buf *out)
{
	char url[TURN_URL_MAX];

	return buf_append_text(out, server->at.ip.family ? turn_server_format(server, url) : NONE);
}

static bool format_endpoint(const struct endpoint *e, struct buf *out)
{
	char text[ENDPOINT_TEXT_MAX];

	return buf_append_text(out, e->ip.family ? endpoint_format(e, text) : NONE);
}

bool settings_format(const struct settings *s, int row, struct buf *out)
{
	const struct setting *t = &settings_table[row];
	const void *at = (const char *)s + t->offset;
	char prefix[PREFIX_TEXT_MAX], routes[ROUTES_TEXT_MAX], overrides[OVERRIDES_TEXT_MAX];
	char destinations[DESTINATIONS_TEXT_MAX], servers[STUN_LIST_TEXT_MAX];
	char listen[LISTEN_LIST_TEXT_MAX], ports[TURN_PORTS_TEXT_MAX];

	switch (t->kind) {
	case SETTING_NUMBER:
		return buf_printf(out, "%lu", (unsigned long)number(t, at));
	case SETTING_DURATION:
		return format_duration(*(const uint32_t *)at, out);
	case SETTING_SWITCH:
		return buf_append_text(out, *(const bool *)at ? "on" : "off");
	case SETTING_ENDPOINTS:
		return format_endpoints(s, out);
	case SETTING_IPV4_PREFIX:
		return buf_append_text(out, prefix_format(at, prefix));
	case SETTING_ROUTES:
		return buf_append_text(out, route_list_format(at, routes));
	case SETTING_PEER_ENDPOINTS:
		return buf_append_text(out, override_list_format(at, overrides));
	case SETTING_DESTINATIONS:
		return buf_append_text(out, destination_list_format(at, destinations));
	case SETTING_STUN_SERVERS:
		return buf_append_text(out, stun_list_format(at, servers));
	case SETTING_NODE:
	case SETTING_FILE:
		return buf_append_text(out, *(const char *)at ? at : NONE);
	case SETTING_ADDRESS:
		return format_address(at, out);
	case SETTING_PORTS:
		return buf_append_text(out, turn_ports_format(at, ports));
	case SETTING_TURN_SERVER:
		return format_turn_server(at, out);
	case SETTING_LOCAL_ENDPOINT:
		return format_endpoint(at, out);
	case SETTING_LISTEN:
		return buf_append_text(out, listen_list_format(at, listen));
	default:
		return buf_append_text(out, at);
	}
}

void settings_copy(struct settings *s, const struct settings *from, int row)
{
	const struct setting *t = &settings_table[row];

	memcpy((char *)s + t->offset, (const char *)from + t->offset, t->size);
	if (t->kind == SETTING_ENDPOINTS)
		s->endpoint_count = from->endpoint_count;
	s->told[row] = from->told[row];
}

char *settings_path(const struct settings *s, const char *name, char *out)
{
	snprintf(out, PATH_MAX, "%s/%s", s->state_dir, name);
	return out;
}

char *settings_start_command(const struct settings *s, char *out)
{
	if (strcmp(s->state_dir, SETTINGS_STATE_DIR) == 0)
		snprintf(out, PATH_MAX, "systemctl start wgmeshd");
	else
		snprintf(out, PATH_MAX, "wgmeshd run --state-dir %s", s->state_dir);
	return out;
}
