/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the operator decided about this node.  One table is the source of every way to say it: a
 * flag, an environment variable, a line of the configuration file, and what --help tells
 * (settings_sources.h reads them).  Owner thread.
 */
#ifndef WGMESH_DAEMON_SETTINGS_H
#define WGMESH_DAEMON_SETTINGS_H

#include <limits.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/buf.h"
#include "base/error.h"
#include "model/destination.h"
#include "model/listen_list.h"
#include "model/mesh.h"
#include "model/override.h"
#include "model/route.h"
#include "model/stun_list.h"
#include "model/turn_server.h"

#define SETTINGS_STATE_DIR "/var/lib/wgmesh"

enum {
	SETTINGS_COUNT = 43,		/* rows of the table */
	SETTINGS_ENDPOINTS_MAX = 8,
	SETTINGS_ID_MAX = 64,		/* with the NUL */
	SETTINGS_WORD_MAX = 16,
	SETTINGS_VALUE_MAX = 8192,	/* bytes of a value as text */
};

/* Who told a value; a later one goes before an earlier one. */
enum settings_origin { ORIGIN_DEFAULT, ORIGIN_SAVED, ORIGIN_FILE, ORIGIN_ENVIRONMENT, ORIGIN_FLAG };

struct settings {
	char state_dir[PATH_MAX - 64];	/* room for the names of the files in it */
	char id[SETTINGS_ID_MAX];
	char device[IFNAMSIZ];
	char backend[SETTINGS_WORD_MAX];	/* auto, mesh, kernel, userspace or none */
	char lazy[SETTINGS_WORD_MAX];		/* auto, on or off: DATAPLANE_LAZY_* */
	char log_level[SETTINGS_WORD_MAX];	/* as log_level_parse() takes it */
	struct endpoint_ips {
		struct ip items[SETTINGS_ENDPOINTS_MAX];	/* the first is the primary one */
		unsigned int count;	/* 0: behind a NAT */
	} endpoints;
	uint16_t wireguard_port, raft_port, grpc_port;
	bool voter;			/* in no table: init, or what the token granted */
	bool no_ipv4;			/* ask for no IPv4 address in the mesh */
	bool prefer_raft_ipv6;
	struct prefix ipv4_prefix;	/* of the mesh; used by init alone */
	char domain[MESH_DOMAIN_MAX + 1];	/* the same */
	struct route_list routes;	/* that this node announces */
	struct route_list accept_routes;	/* networks whose parts it takes of others */
	struct override_list peer_endpoints;
	char exit_node[SETTINGS_ID_MAX];	/* the node for all else; "": none */
	char masquerade[SETTINGS_WORD_MAX];	/* auto, on or off */
	/* entries of the Raft log, 16 or more; older ones are compacted */
	uint64_t log_keep;
	/* observers that are served; those who are to vote always are */
	uint32_t followers_max;
	bool leader_proxy;		/* pass on what only the leader can answer */
	bool webrtc;			/* serve data channels */
	struct destination_list webrtc_destinations;	/* that they may lead to */
	struct stun_list stun_servers;	/* of them; no one: only addresses of our own are told */
	char turn_mode[SETTINGS_WORD_MAX];	/* off, managed or external */
	struct ip turn_address;		/* AF_UNSPEC: the first of the endpoints */
	uint16_t turn_port;
	struct turn_ports turn_relay_ports;
	char turn_realm[SETTINGS_ID_MAX];
	struct turn_server turn_server;	/* the external one, without user and password */
	char turn_secret_file[PATH_MAX - 64];	/* shared with it; "": none */
	/* of what this node certifies while it leads */
	uint32_t certificate_seconds;
	uint32_t key_rotation_seconds;	/* of this node's WireGuard key; 0: never */
	/* without a word, then the mesh takes this node out; 0: never */
	uint32_t expire_after_seconds;
	uint32_t tick_ms;		/* 10..1000; elections take 10 to 20 ticks */
	struct endpoint metrics_address;	/* on the loopback; AF_UNSPEC: there are no pages */
	struct endpoint web_address;	/* for browsers; AF_UNSPEC: none */
	bool dns;			/* answer for the names of the mesh */
	struct listen_list dns_addresses;	/* where */
	bool dns_resolved;		/* have the host's systemd-resolved ask there */
	char dns_keys[PATH_MAX - 64];	/* file of those who may have it whole; "": there is none */
	uint32_t dns_rate;		/* answers a second over UDP to one source; 0: no limit */

	char file[PATH_MAX - 64];	/* the configuration file that was read; "": none */
	/* by row of the table: who told it, and in which line of his file (0: in none) */
	struct {
		enum settings_origin origin;
		unsigned int line;
	} told[SETTINGS_COUNT];
};

enum setting_kind {
	SETTING_TEXT, SETTING_ID, SETTING_WORD, SETTING_NUMBER, SETTING_SWITCH,
	SETTING_ENDPOINTS, SETTING_IPV4_PREFIX, SETTING_ROUTES, SETTING_NODE, SETTING_DURATION,
	SETTING_PEER_ENDPOINTS, SETTING_DESTINATIONS, SETTING_STUN_SERVERS,
	SETTING_LOCAL_ENDPOINT, SETTING_DOMAIN, SETTING_LISTEN, SETTING_NAME, SETTING_ADDRESS,
	SETTING_PORTS, SETTING_TURN_SERVER, SETTING_FILE, SETTING_ENDPOINT,
};

struct setting {
	const char *name;	/* in the file; --NAME; $WGMESH_NAME in capitals with _ for - */
	enum setting_kind kind;
	size_t offset, size;	/* in struct settings */
	uint64_t min, max;	/* of a number; of a duration, in seconds, and 0 besides */
	const char *words;	/* of a word: those that it takes, with ", " between them */
	const char *takes, *help;	/* for --help: what its value is called, what it does */
	const char *otherwise;	/* the default in words, where it is not the same everywhere */
	bool live;		/* a running daemon can take another value */
	bool bare;		/* a switch whose flag needs no value */
};

extern const struct setting settings_table[SETTINGS_COUNT];

void settings_init(struct settings *s);	/* the defaults; the id is the host's name */

/* Index of a row, or -1. */
int settings_lookup(const char *name);

/*
 * @value for row @row, told by @origin; without effect, but checked all the same, when who goes
 * before @origin has told one.  A list takes some values with commas between them, or the word
 * none; more of the same origin are added to it.  Every value is UTF-8.  ERR_INVALID says what the row takes, and leaves
 * the name to the caller to put before it.
 */
int settings_tell(struct settings *s, int row, const char *value, enum settings_origin origin,
		  unsigned int line, struct error *err);

/* The value as it could be told, of a list with commas; false as buf_append(). */
bool settings_format(const struct settings *s, int row, struct buf *out);

/* Takes over row @row of @from, with its origin. */
void settings_copy(struct settings *s, const struct settings *from, int row);

/* "STATE_DIR/NAME" into @out (PATH_MAX bytes); returns @out. */
char *settings_path(const struct settings *s, const char *name, char *out);

/*
 * The command that starts the daemon, into @out (PATH_MAX bytes); returns @out.  The unit of the
 * package knows the default folder alone.
 */
char *settings_start_command(const struct settings *s, char *out);

#endif
