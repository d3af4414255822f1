// SPDX-License-Identifier: Apache-2.0
/* wgmesh apply: a batch from a file, all or nothing. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "wgmesh/apply_file.h"
#include "wgmesh/json.h"
#include "wgmesh/tool.h"

struct apply {
	struct mesh_client *client;
	const char *ifname;
	const char *name;	/* of the file, for messages */
	FILE *file;
	struct apply_parser *parser;
	struct mesh_apply *batch;	/* NULL until the headers are complete */
	char *line;		/* APPLY_LINE_MAX, a newline and a NUL */
	unsigned long line_number;
};

/* A key file as wg(8) takes it: base64 and a newline. */
static int read_psk(const char *path, struct key *ret, struct error *err)
{
	struct buf text = BUF_INIT(256);
	int r = file_read(path, &text, err);
	char *end;

	if (!r) {
		buf_append_u8(&text, 0);
		end = (char *)text.data;
		if (end)
			end[strcspn(end, " \t\r\n")] = 0;
		if (!end || !key_parse(end, ret))
			r = error_set(err, ERR_INVALID,
				      "%s does not hold a preshared key: make one with "
				      "\"wg genpsk\"", path);
	}
	buf_fini_secret(&text);
	return r;
}

static int begin(struct apply *a, struct error *err)
{
	if (a->batch)
		return 0;
	return mesh_apply_begin(a->client, a->ifname, apply_parser_options(a->parser), &a->batch,
				err);
}

static int apply_line(struct apply *a, struct error *err)
{
	struct apply_change change = { 0 };
	enum apply_line_kind kind;
	int r = apply_parse_line(a->parser, a->line, &kind, &change, err);

	if (!r && kind == APPLY_LINE_CHANGE) {
		if (change.psk_path)
			r = read_psk(change.psk_path, &change.peer.preshared_key, err);
		if (!r)
			r = begin(a, err);
		if (!r)
			r = mesh_apply_peer(a->batch, &change.peer, err);
		key_wipe(&change.peer.preshared_key);
	}
	if (r)
		error_prefix(err, "%s:%lu", a->name, a->line_number);
	return r;
}

/* 1: a line is there; 0: the end. */
static int read_line(struct apply *a, struct error *err)
{
	size_t n;

	if (!fgets(a->line, APPLY_LINE_MAX + 2, a->file)) {
		if (ferror(a->file))
			return error_errno(err, errno, "cannot read %s", a->name);
		return 0;
	}
	a->line_number++;
	n = strlen(a->line);
	if (n && a->line[n - 1] == '\n')
		a->line[n - 1] = 0;
	else if (!feof(a->file))
		return error_set(err, ERR_INVALID,
				 "%s:%lu: longer than %d bytes, or not text (a NUL byte)", a->name,
				 a->line_number, APPLY_LINE_MAX);
	return 1;
}

static int apply_all(struct apply *a, struct mesh_apply_result *ret, struct error *err)
{
	int r;

	while ((r = read_line(a, err)) > 0) {
		r = apply_line(a, err);
		if (r)
			return r;
	}
	if (!r)
		r = begin(a, err);
	if (!r) {
		r = mesh_apply_commit(a->batch, ret, err);
		a->batch = NULL;
	}
	return r;
}

static int open_input(struct apply *a, const char *path, struct error *err)
{
	a->name = strcmp(path, "-") == 0 ? "standard input" : path;
	a->file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	if (!a->file)
		return error_errno(err, errno, "cannot open %s", path);
	a->parser = apply_parser_new();
	a->line = malloc(APPLY_LINE_MAX + 2);
	if (!a->parser || !a->line)
		return error_set(err, ERR_MEMORY, "no memory for a batch");
	return mesh_client_open(&a->client, err);
}

static void close_input(struct apply *a)
{
	mesh_apply_abort(a->batch);
	mesh_client_close(a->client);
	apply_parser_free(a->parser);
	if (a->file && a->file != stdin)
		fclose(a->file);
	free(a->line);
}

static int print_result(const struct mesh_apply_result *result, bool json, struct error *err)
{
	int r;

	if (!json) {
		printf("generation %llu: %u upserted, %u removed\n",
		       (unsigned long long)result->generation, result->upserted, result->removed);
		return 0;
	}
	r = json_write(json_pack("{s:I, s:i, s:i}", "generation", (json_int_t)result->generation,
				 "upserted", (int)result->upserted, "removed",
				 (int)result->removed), err);
	printf("\n");
	return r;
}

int apply_main(const struct command *self, int argc, char **argv)
{
	struct mesh_apply_result result;
	struct apply a = { 0 };
	struct error err;
	bool json = false;
	char **args;
	int count, r = tool_options(self, argc, argv, &json, &args, &count);

	if (r)
		return r;
	if (count != 2)
		return tool_usage(self, "a device and a file are needed");
	a.ifname = args[0];
	r = open_input(&a, args[1], &err);
	if (!r)
		r = apply_all(&a, &result, &err);
	close_input(&a);
	if (!r)
		r = print_result(&result, json, &err);
	return tool_finish(r ? tool_fail(&err) : TOOL_OK);
}
