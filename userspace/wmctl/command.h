/* SPDX-License-Identifier: Apache-2.0 */
/* The subcommands of wmctl: one table in main.c, one file and one *_main each. */
#ifndef WGMESH_WMCTL_COMMAND_H
#define WGMESH_WMCTL_COMMAND_H

#include "wmctl/session.h"

enum exit_code {
	EXIT_OK = 0,
	EXIT_ERROR = 1,
	EXIT_USAGE = 2,
	/* answered, but the mesh is not well: no leader, or no data plane */
	EXIT_DEGRADED = 3,
};

/* @argv[0] is the subcommand; the session is open.  Returns an exit code. */
int status_main(struct session *s, int argc, char **argv);
int get_main(struct session *s, int argc, char **argv);
int token_main(struct session *s, int argc, char **argv);
int raft_main(struct session *s, int argc, char **argv);
int snapshot_main(struct session *s, int argc, char **argv);
int node_main(struct session *s, int argc, char **argv);
int acl_main(struct session *s, int argc, char **argv);
int metrics_main(struct session *s, int argc, char **argv);
int port_forward_main(struct session *s, int argc, char **argv);
int gateway_main(struct session *s, int argc, char **argv);
int certificate_main(struct session *s, int argc, char **argv);

/* These open the session themselves, if at all. */
int config_main(struct session *s, int argc, char **argv);
int doctor_main(struct session *s, int argc, char **argv);
int completion_main(struct session *s, int argc, char **argv);
int complete_main(struct session *s, int argc, char **argv);

int connect_main(struct session *s, int argc, char **argv);
int bundle_main(struct session *s, int argc, char **argv);

/* What `wmctl -o json status`, `get nodes` and `raft peers` print; *ret is the caller's. */
int status_json(struct session *s, json_t **ret, struct error *err);
int nodes_json(struct session *s, json_t **ret, struct error *err);
int servers_json(struct session *s, json_t **ret, struct error *err);

/* What `wmctl get tokens` and `wmctl get acls [NAME]` do, too; @name NULL: all. */
int token_list(struct session *s);
int acl_show(struct session *s, char *name);

/* "wmctl: TEXT" on standard error; EXIT_ERROR. */
int command_fail(const struct error *err);
/* "usage: wmctl TEXT" on standard error; EXIT_USAGE. */
int command_usage(const char *text);

#endif
