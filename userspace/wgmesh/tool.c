// SPDX-License-Identifier: Apache-2.0
#include "wgmesh/tool.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"

int tool_fail(const struct error *err)
{
	fflush(stdout);
	fprintf(stderr, "wgmesh: %s\n", err->text);
	return TOOL_FAILED;
}

int tool_usage(const struct command *self, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "wgmesh %s: ", self->name);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\nusage: wgmesh %s %s\n", self->name, self->usage);
	return TOOL_USAGE;
}

int tool_options(const struct command *self, int argc, char **argv, bool *json, char ***ret_args,
		 int *ret_count)
{
	int c;

	opterr = 0;
	optind = 1;
	while ((c = getopt(argc, argv, json ? "j" : "")) != -1) {
		if (c != 'j')
			return tool_usage(self, "no option -%c", optopt);
		*json = true;
	}
	*ret_args = argv + optind;
	*ret_count = argc - optind;
	return 0;
}

int tool_formats(const struct command *self, int argc, char **argv, int *ret_format,
		 char ***ret_args, int *ret_count)
{
	int c, format = 0;

	opterr = 0;
	optind = 1;
	while ((c = getopt(argc, argv, "jd")) != -1) {
		if (c == '?')
			return tool_usage(self, "no option -%c", optopt);
		if (format && format != c)
			return tool_usage(self, "-j and -d exclude each other");
		format = c;
	}
	*ret_format = format;
	*ret_args = argv + optind;
	*ret_count = argc - optind;
	return 0;
}

int tool_finish(int code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	if (errno != EPIPE)
		fprintf(stderr, "wgmesh: cannot write the output: %s\n", strerror(errno));
	return TOOL_FAILED;
}

/* A host has a handful of meshes; the bound is there for the day when that is wrong. */
enum { MESHES_MAX = 4096 };

static int collect(void *data, const struct mesh_info *info)
{
	return buf_append(data, info, sizeof(*info)) ? 0 : -ERR_EXHAUSTED;
}

int tool_each_mesh(struct mesh_client *client, const char *ifname, mesh_info_fn *fn, void *data,
		   struct error *err)
{
	struct buf found = BUF_INIT(MESHES_MAX * sizeof(struct mesh_info));
	struct mesh_info one;
	int r;

	if (ifname) {
		r = mesh_get(client, ifname, &one, err);
		return r ? r : fn(data, &one);
	}
	r = mesh_list(client, collect, &found, err);
	if (r == -ERR_EXHAUSTED && found.failed)
		error_set(err, ERR_EXHAUSTED, "more than %d meshes; name a device", MESHES_MAX);
	for (size_t at = 0; !r && at < found.len; at += sizeof(one)) {
		memcpy(&one, found.data + at, sizeof(one));
		r = fn(data, &one);
	}
	buf_fini(&found);
	return r;
}
