// SPDX-License-Identifier: Apache-2.0
#include "daemon/settings.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/utf8.h"
#include "daemon/setting_kind.h"

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
	  .help = "where this machine reads metrics and status page, on the loopback, or none" },
	{ "web-address", SETTING_ENDPOINT, FIELD(web_address), .takes = "ADDRESS:PORT", .live = true,
	  .help = "where browsers with a certificate of the mesh are served, by HTTPS, or none" },
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

/* ---- who tells what ---- */

/* Before any error quotes it: the command line and the environment take all bytes. */
static int check_text(const char *value, struct error *err)
{
	size_t good = utf8_valid_bytes(value);

	return !value[good] ? 0
			    : error_set(err, ERR_INVALID,
					"byte %zu of the value, 0x%02x, is not UTF-8: write it in that",
					good + 1, (unsigned char)value[good]);
}

static void *field(struct settings *s, const struct setting *t)
{
	return (char *)s + t->offset;
}

int settings_tell(struct settings *s, int row, const char *value, enum settings_origin origin,
		  unsigned int line, struct error *err)
{
	const struct setting *t = &settings_table[row];
	struct settings ignored;
	int r = check_text(value, err);

	if (r < 0)
		return r;
	if (s->told[row].origin > origin) {
		settings_init(&ignored);
		return setting_parse(t, field(&ignored, t), false, value, err);
	}
	r = setting_parse(t, field(s, t), s->told[row].origin == origin, value, err);
	if (r == 0) {
		s->told[row].origin = origin;
		s->told[row].line = line;
	}
	return r;
}

bool settings_format(const struct settings *s, int row, struct buf *out)
{
	const struct setting *t = &settings_table[row];

	return setting_format(t, (const char *)s + t->offset, out);
}

void settings_copy(struct settings *s, const struct settings *from, int row)
{
	const struct setting *t = &settings_table[row];

	memcpy((char *)s + t->offset, (const char *)from + t->offset, t->size);
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
