// SPDX-License-Identifier: Apache-2.0
/*
 * wmctl bundle [--anonymize] [--log FILE] FILE: what somebody who is to help wants to see, in one
 * archive.  What is not to be had is a line of missing.txt.
 */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "v1/node.pb-c.h"
#include "wmctl/capture.h"
#include "wmctl/command.h"
#include "wmctl/doctor.h"
#include "wmctl/pseudonyms.h"
#include "wmctl/tar.h"

#define USAGE "bundle [--anonymize] [--log FILE] FILE"
#define LOG_LINES "20000"

enum {
	ARCHIVE_MAX = 256 * 1024 * 1024,
	TEXT_MAX = 16 * 1024 * 1024,	/* of what a program prints */
	LOG_MAX = 4 * 1024 * 1024,
	MISSING_MAX = 16 * 1024,
};

struct bundle {
	struct session *session;
	bool anonymize;
	const char *log;		/* NULL: the journal's */
	bool names_known;		/* of all nodes */
	struct pseudonyms *pseudonyms;
	struct buf archive, missing;
	unsigned int files;
	time_t at;
};

/* ---- putting in ---- */

static void lacks(struct bundle *b, const char *name, const char *why)
{
	buf_printf(&b->missing, "%s: %s\n", name, why);
}

static void add_bytes(struct bundle *b, const char *name, const char *text)
{
	char path[TAR_NAME_MAX + 1];

	snprintf(path, sizeof(path), "wgmesh-bundle/%s", name);
	if (!tar_add(&b->archive, path, text, strlen(text), b->at))
		b->archive.failed = true;
	b->files++;
}

static void add_text(struct bundle *b, const char *name, const char *text)
{
	struct buf out = BUF_INIT(ARCHIVE_MAX);

	if (pseudonyms_apply(b->pseudonyms, text, &out))
		add_bytes(b, name, buf_text(&out));
	else
		b->archive.failed = true;
	buf_fini(&out);
}

/* Values only: a node may be called as a field is. */
static void replace_strings(struct bundle *b, json_t *value)
{
	struct buf out = BUF_INIT(TEXT_MAX);
	const char *key;
	json_t *item;
	size_t i;

	json_array_foreach(value, i, item)
		replace_strings(b, item);
	json_object_foreach(value, key, item)
		replace_strings(b, item);
	if (!json_is_string(value))
		return;
	if (!pseudonyms_apply(b->pseudonyms, json_string_value(value), &out) ||
	    json_string_set(value, buf_text(&out)) < 0)
		b->archive.failed = true;
	buf_fini(&out);
}

/* Takes @value. */
static void add_json(struct bundle *b, const char *name, json_t *value)
{
	char *text;

	if (!value) {
		b->archive.failed = true;
		return;
	}
	replace_strings(b, value);
	text = json_dumps(value, JSON_INDENT(2));
	if (text)
		add_bytes(b, name, text);
	else
		b->archive.failed = true;
	free(text);
	json_decref(value);
}

/* ---- who is who ---- */

static void know(struct bundle *b, const char *kind, const char *name)
{
	if (name && !pseudonyms_add(b->pseudonyms, kind, name))
		b->archive.failed = true;
}

/* Without a daemon there is still this node's certificate. */
static void know_self(struct bundle *b)
{
	struct buf pem = BUF_INIT(CERT_PEM_MAX);
	struct cert_info info;
	char path[PATH_MAX], host[64];

	snprintf(path, sizeof(path), "%s/identity/%s", b->session->state_dir, IDENTITY_NODE_FILE);
	if (file_read(path, &pem, NULL) == 0 && cert_inspect(buf_text(&pem), &info, NULL) == 0) {
		know(b, "node", info.subject.name);
		know(b, "mesh", info.subject.mesh_id);
	}
	buf_fini_secret(&pem);
	if (gethostname(host, sizeof(host)) == 0) {
		host[sizeof(host) - 1] = 0;
		know(b, "host", host);
	}
}

static void know_nodes(struct bundle *b, const json_t *nodes)
{
	json_t *node;
	size_t i;

	json_array_foreach((json_t *)nodes, i, node)
		know(b, "node", json_string_value(json_object_get(node, "id")));
	b->names_known = true;
}

/* People name devices after nodes; the usual name says nothing. */
static void know_device(struct bundle *b, const json_t *status)
{
	const char *device = json_string_value(json_object_get(status, "device"));

	if (device && strcmp(device, "wgmesh0") != 0)
		know(b, "device", device);
}

/* ---- what the daemon tells ---- */

static int versions_json(struct session *s, json_t **ret, struct error *err)
{
	V1__GetStatusRequest request = V1__GET_STATUS_REQUEST__INIT;
	ProtobufCMessage *reply;
	const V1__Status *m;
	int r = session_call(s, &v1__node__descriptor, "GetStatus", &request.base, &reply, err);

	if (r < 0)
		return r;
	m = (const V1__Status *)reply;
	*ret = json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", m->id, "version", m->version, "commit",
			 m->commit, "build_date", m->build_date, "uptime", m->uptime);
	protobuf_c_message_free_unpacked(reply, NULL);
	return *ret ? 0 : error_set(err, ERR_MEMORY, "no memory for the version");
}

/* The names of the nodes first: what comes before them would still have them. */
static void add_answers(struct bundle *b)
{
	static const struct {
		const char *name;
		int (*get)(struct session *s, json_t **ret, struct error *err);
	} answers[] = {
		{ "nodes.json", nodes_json }, { "status.json", status_json },
		{ "servers.json", servers_json }, { "version.json", versions_json },
	};
	struct error err = { 0 };
	json_t *value;

	if (session_open(b->session, &err) < 0) {
		lacks(b, "what daemons tell", err.text);
		return;
	}
	know(b, "mesh", b->session->identity.info.subject.mesh_id);
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		if (answers[i].get(b->session, &value, &err) < 0) {
			lacks(b, answers[i].name, err.text);
			continue;
		}
		if (answers[i].get == nodes_json)
			know_nodes(b, value);
		if (answers[i].get == status_json)
			know_device(b, value);
		add_json(b, answers[i].name, value);
	}
	session_close(b->session);
}

static void add_doctor(struct bundle *b)
{
	struct findings f = { 0 };

	doctor_run(b->session, &f);
	add_json(b, "doctor.json", findings_json(&f));
}

/* ---- what the machine tells ---- */

static void add_machine(struct bundle *b)
{
	struct buf text = BUF_INIT(TEXT_MAX);
	struct utsname name;

	if (uname(&name) == 0)
		buf_printf(&text, "kernel %s %s %s\nprocessors %ld\n", name.sysname, name.release,
			   name.machine, sysconf(_SC_NPROCESSORS_ONLN));
	file_read("/etc/os-release", &text, NULL);
	buf_append_text(&text, "module wgmesh: ");
	if (file_read("/sys/module/wgmesh/version", &text, NULL) < 0)
		buf_append_text(&text, "not loaded\n");
	add_text(b, "machine.txt", buf_text(&text));
	buf_fini(&text);
}

static void add_config(struct bundle *b)
{
	const char *const argv[] = { "wgmeshd", "config", "show", "--state-dir",
				     b->session->state_dir, NULL };
	struct buf text = BUF_INIT(TEXT_MAX);
	struct error err = { 0 };

	if (capture_command(argv, &text, &err) < 0)
		lacks(b, "config.yaml", err.text);
	else
		add_text(b, "config.yaml", buf_text(&text));
	buf_fini(&text);
}

/* A log speaks of nodes by their names: whose list is not known cannot be made anonymous. */
static void add_log(struct bundle *b)
{
	static const char *const journal[] = { "journalctl", "--quiet", "--no-pager", "--unit",
					       "wgmeshd", "--lines", LOG_LINES, "--output",
					       "short-iso-precise", NULL };
	struct buf text = BUF_INIT(TEXT_MAX);
	struct error err = { 0 };
	int r;

	if (b->anonymize && !b->names_known) {
		lacks(b, "wgmeshd.log",
		      "the names in it cannot be replaced while no daemon tells them");
		return;
	}
	r = b->log ? capture_tail(b->log, LOG_MAX, &text, &err)
		   : capture_command(journal, &text, &err);
	for (size_t i = 0; i < text.len; i++)
		if (!text.data[i])
			text.data[i] = ' ';
	if (r < 0)
		lacks(b, "wgmeshd.log", err.text);
	else
		add_text(b, "wgmeshd.log", buf_text(&text));
	buf_fini(&text);
}

/* ---- the command ---- */

static int write_bundle(struct bundle *b, const char *file, struct error *err)
{
	if (b->missing.len)
		add_text(b, "missing.txt", buf_text(&b->missing));
	if (b->archive.failed || b->missing.failed || !tar_finish(&b->archive))
		return error_set(err, ERR_EXHAUSTED, "%s: no memory, or more than %d MiB", file,
				 ARCHIVE_MAX / 1024 / 1024);
	return file_write_atomic(file, b->archive.data, b->archive.len, 0600, err);
}

static int make(struct bundle *b, const char *file)
{
	struct error err = { 0 };
	int r;

	know_self(b);
	add_answers(b);
	add_doctor(b);
	add_machine(b);
	add_config(b);
	add_log(b);
	r = write_bundle(b, file, &err);
	if (r < 0)
		return command_fail(&err);
	if (!output_structured(b->session->format))
		printf("%s: %u files%s; read them before you give them away\n%s", file, b->files,
		       b->anonymize ? ", anonymous" : "", buf_text(&b->missing));
	return b->missing.len ? EXIT_DEGRADED : EXIT_OK;
}

static bool parse(struct bundle *b, int argc, char **argv)
{
	static const struct option options[] = {
		{ "anonymize", no_argument, NULL, 'a' },
		{ "log", required_argument, NULL, 'l' },
		{ 0 },
	};
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'a')
			b->anonymize = true;
		else if (option == 'l')
			b->log = optarg;
		else
			return false;
	}
	return optind == argc - 1;
}

int bundle_main(struct session *s, int argc, char **argv)
{
	struct bundle b = { .session = s, .archive = BUF_INIT(ARCHIVE_MAX),
			    .missing = BUF_INIT(MISSING_MAX), .at = time(NULL) };
	struct error err = { 0 };
	int code;

	if (!parse(&b, argc, argv))
		return command_usage(USAGE);
	if (session_choose(s, &err) < 0)
		return command_fail(&err);
	b.pseudonyms = pseudonyms_new(b.anonymize);
	if (b.pseudonyms)
		code = make(&b, argv[optind]);
	else
		code = command_fail(&(struct error){ .text = "no memory for a bundle" });
	pseudonyms_free(b.pseudonyms);
	buf_fini(&b.archive);
	buf_fini(&b.missing);
	return code;
}
