/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where settings come from: the command line, before the environment, before the configuration
 * file, before what init or join was told by the first two and has kept in the state folder.
 * Blocking; owner thread.
 */
#ifndef WGMESH_DAEMON_SETTINGS_SOURCES_H
#define WGMESH_DAEMON_SETTINGS_SOURCES_H

#include <stdio.h>

#include "daemon/settings.h"

/* Read when it is there; --config and $WGMESH_CONFIG name another, which must be. */
#define SETTINGS_FILE "/etc/wgmesh/wgmeshd.yaml"

/*
 * Into @s, after settings_init(): options, environment and file.  @argv[0] is the subcommand, and
 * keeps its order of words but for those that are no options, which are left in @ret_rest (an index
 * into @argv).  ERR_INVALID with the option, the variable or FILE:LINE:COLUMN.
 */
int settings_parse(struct settings *s, int argc, char **argv, int *ret_rest, struct error *err);

/* One file alone, as if there was nothing else.  ERR_NOT_FOUND. */
int settings_read_file(struct settings *s, const char *path, struct error *err);

struct local_store;
/*
 * What was told by option or environment, and the name, into the state folder's settings.yaml,
 * which others may read while a daemon runs; and the role into @local.
 */
int settings_save(const struct settings *s, struct local_store *local, struct error *err);
/* Fills in what is told by nobody else.  ERR_NOT_FOUND: it is no node's folder. */
int settings_load_file(struct settings *s, struct error *err);
/* The same, with the role; what an older release has kept in @local is moved to the file. */
int settings_load(struct settings *s, struct local_store *local, struct error *err);

/* The lines about the options for --help. */
void settings_print_help(FILE *out);

/* The line "name: value" of a file that says row @row, without its end; false as buf_append(). */
bool settings_print(const struct settings *s, int row, struct buf *out);

enum { SETTINGS_ORIGIN_TEXT_MAX = PATH_MAX + 64 };

/* Who told row @row: "--grpc-port", "$WGMESH_GRPC_PORT", "FILE:LINE" or "default". */
char *settings_origin(const struct settings *s, int row, char out[SETTINGS_ORIGIN_TEXT_MAX]);

#endif
