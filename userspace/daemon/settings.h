/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the operator decided about this node: flags of `wgmeshd init|join|run`,
 * kept in the local database by the first two so that `run` needs only the
 * state folder.  Owner thread.
 */
#ifndef WGMESH_DAEMON_SETTINGS_H
#define WGMESH_DAEMON_SETTINGS_H

#include <limits.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/error.h"

#define SETTINGS_STATE_DIR "/var/lib/wgmesh"

enum {
	SETTINGS_ENDPOINTS_MAX = 8,
	SETTINGS_ID_MAX = 64,		/* with the NUL */
	SETTINGS_BACKEND_MAX = 16,
	SETTINGS_LAZY_MAX = 8,
};

struct settings {
	char state_dir[PATH_MAX - 64];	/* room for the names of the files in it */
	char id[SETTINGS_ID_MAX];
	char device[IFNAMSIZ];
	char backend[SETTINGS_BACKEND_MAX];	/* auto, mesh, kernel, userspace or none */
	char lazy[SETTINGS_LAZY_MAX];		/* auto, on or off: DATAPLANE_LAZY_* */
	struct ip endpoints[SETTINGS_ENDPOINTS_MAX];	/* the first is the primary one */
	unsigned int endpoint_count;	/* 0: behind a NAT */
	uint16_t wireguard_port, raft_port, grpc_port;
	bool voter;			/* not an option: init, or what the token granted */
	bool assign_ipv4;
	bool prefer_raft_ipv6;
	struct prefix ipv4_prefix;	/* of the mesh; used by init alone */
	/* entries of the Raft log, 16 or more; older ones are compacted */
	uint64_t log_keep;
	/* observers that are served; those who are to vote always are */
	uint32_t followers_max;
	bool leader_proxy;		/* pass on what only the leader can answer */
	uint32_t tick_ms;		/* 10..1000; elections take 10 to 20 ticks */
};

void settings_init(struct settings *s);	/* the defaults; the id is the host's name */

/*
 * Options common to init, join and run; @argv[0] is the subcommand.  What is
 * no option is left in @ret_rest (an index into @argv).  ERR_INVALID with the
 * option's name and what it takes.
 */
int settings_parse(struct settings *s, int argc, char **argv, int *ret_rest, struct error *err);
/* The lines about these options for --help. */
extern const char settings_help[];

struct local_store;
int settings_save(const struct settings *s, struct local_store *local, struct error *err);
int settings_load(struct settings *s, struct local_store *local, struct error *err);

/* "STATE_DIR/NAME" into @out (PATH_MAX bytes); returns @out. */
char *settings_path(const struct settings *s, const char *name, char *out);

#endif
