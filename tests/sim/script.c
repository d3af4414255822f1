// SPDX-License-Identifier: Apache-2.0
#include "script.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster.h"

typedef unsigned long long ull;

enum { ARGS_MAX = 8, LINE_BYTES_MAX = 256, SETTLE_MAX = 10000 };

struct script {
	struct cluster cluster;
	bool running;
	const char *file;
	unsigned int line;
};

struct command {
	const char *name;
	int args;	/* at least so many */
	void (*run)(struct script *s, char *args[], int count);
	bool own;	/* makes the cluster itself */
};

static void __attribute__((noreturn)) bad(const struct script *s, const char *what,
					  const char *word)
{
	errx(2, "%s:%u: %s: %s", s->file, s->line, what, word);
}

/* 0 for "*". */
static uint64_t parse_id(const struct script *s, const char *text)
{
	uint64_t id = strcmp(text, "*") ? strtoull(text, NULL, 10) : 0;

	if (id > s->cluster.count || (id == 0 && strcmp(text, "*")))
		bad(s, "no such server", text);
	return id;
}

static struct server *parse_server(struct script *s, const char *text)
{
	uint64_t id = parse_id(s, text);

	if (!id)
		bad(s, "one server is wanted", text);
	return &s->cluster.servers[id];
}

static struct server *parse_running(struct script *s, const char *text)
{
	struct server *server = parse_server(s, text);

	if (!server->raft)
		bad(s, "this server is down", text);
	return server;
}

static void run_servers(struct script *s, char *args[], int count)
{
	unsigned int n = (unsigned int)strtoul(args[0], NULL, 10);
	unsigned int voters = count > 1 ? (unsigned int)strtoul(args[1], NULL, 10) : n;

	if (n == 0 || n > SERVERS_MAX || voters > n || s->running)
		bad(s, "servers", args[0]);
	cluster_init(&s->cluster, 1, n, voters);
	if (count > 2)
		s->cluster.config.message_entries_max = (unsigned int)strtoul(args[2], NULL, 10);
	s->running = true;
}

static void run_start(struct script *s, char *args[], int count)
{
	uint64_t id = parse_id(s, args[0]);

	if (id)
		server_start(&s->cluster.servers[id]);
	else
		cluster_start(&s->cluster);
}

static void run_crash(struct script *s, char *args[], int count)
{
	struct server *server = parse_running(s, args[0]);
	bool held = server->disk_held;

	server->disk_held = true;	/* what is under way is lost, always */
	server_crash(server);
	server->disk_held = held;
}

static void run_tick(struct script *s, char *args[], int count)
{
	struct server *server = parse_running(s, args[0]);

	for (unsigned long n = strtoul(args[1], NULL, 10); n > 0; n--)
		server_tick(server);
}

/* Let a follower's patience run out, and say how long that took only by what it does. */
static void run_timeout(struct script *s, char *args[], int count)
{
	struct server *server = parse_running(s, args[0]);
	unsigned int ticks = 2 * s->cluster.config.election_ticks;

	while (ticks-- && (server->seen.role == RAFT_FOLLOWER))
		server_tick(server);
}

static void deliver(struct cluster *c, struct raft_message *m)
{
	if (c->servers[m->to].raft) {
		trace_message(c, "arrives", m);
		server_step(&c->servers[m->to], m);
	}
	network_release(m);
}

static void run_deliver(struct script *s, char *args[], int count)
{
	uint64_t from = parse_id(s, args[0]), to = parse_id(s, args[1]);
	uint64_t n = count > 2 ? strtoull(args[2], NULL, 10) : s->cluster.network.count;
	struct raft_message m;

	while (n-- && network_pick(&s->cluster.network, from, to, &m))
		deliver(&s->cluster, &m);
}

static void run_drop(struct script *s, char *args[], int count)
{
	uint64_t from = parse_id(s, args[0]), to = parse_id(s, args[1]);
	struct raft_message m;

	while (network_pick(&s->cluster.network, from, to, &m))
		network_release(&m);
}

static void run_settle(struct script *s, char *args[], int count)
{
	struct raft_message m;

	for (int i = 0; network_pick(&s->cluster.network, 0, 0, &m); i++) {
		if (i == SETTLE_MAX)
			bad(s, "does not settle", "settle");
		deliver(&s->cluster, &m);
	}
}

static void set_cut(struct script *s, char *args[], bool cut)
{
	uint64_t from = parse_id(s, args[0]), to = parse_id(s, args[1]);

	for (uint64_t f = 1; f <= s->cluster.count; f++)
		for (uint64_t t = 1; t <= s->cluster.count; t++)
			if ((!from || f == from) && (!to || t == to))
				s->cluster.network.cut[f][t] = cut;
}

static void run_cut(struct script *s, char *args[], int count)
{
	set_cut(s, args, true);
}

static void run_heal(struct script *s, char *args[], int count)
{
	set_cut(s, args, false);
}

static void run_hold(struct script *s, char *args[], int count)
{
	parse_server(s, args[0])->disk_held = true;
}

static void run_release(struct script *s, char *args[], int count)
{
	struct server *server = parse_running(s, args[0]);

	server->disk_held = false;
	server_finish_store(server);
}

/* The store that is held fails, and the next one is held again. */
static void run_fail(struct script *s, char *args[], int count)
{
	struct server *server = parse_running(s, args[0]);

	s->cluster.store_failure = 1000;
	server_finish_store(server);
	s->cluster.store_failure = 0;
}

static void run_write(struct script *s, char *args[], int count)
{
	client_write(&s->cluster, parse_running(s, args[0]), 8);
}

static void run_read(struct script *s, char *args[], int count)
{
	client_read(&s->cluster, parse_running(s, args[0]));
}

static void run_transfer(struct script *s, char *args[], int count)
{
	struct server *server = parse_running(s, args[0]);
	struct error error;

	if (raft_transfer(server->raft, parse_id(s, args[1]), &error))
		trace(&s->cluster, "S%llu refuses: %s", (ull)server->id, error.text);
	server_pump(server);
}

static void change(struct script *s, char *args[], enum raft_change_kind kind)
{
	struct server *server = parse_running(s, args[0]);
	struct raft_change change = { .kind = kind, .id = parse_id(s, args[1]) };
	struct raft_position position;
	struct error error;
	char name[8];

	snprintf(name, sizeof(name), "s%llu", (ull)change.id);
	change.name = name;
	if (raft_change_membership(server->raft, &change, &position, &error))
		trace(&s->cluster, "S%llu refuses: %s", (ull)server->id, error.text);
	server_pump(server);
}

static void run_add(struct script *s, char *args[], int count)
{
	change(s, args, RAFT_ADD_LEARNER);
}

static void run_promote(struct script *s, char *args[], int count)
{
	change(s, args, RAFT_PROMOTE);
}

static void run_remove(struct script *s, char *args[], int count)
{
	change(s, args, RAFT_REMOVE);
}

/* The state machine is synced before, as it must be. */
static void run_compact(struct script *s, char *args[], int count)
{
	struct server *server = parse_running(s, args[0]);

	server_sync_state(server);
	server_compact(server, strtoull(args[1], NULL, 10));
}

static void run_install(struct script *s, char *args[], int count)
{
	server_install(parse_server(s, args[0]), parse_running(s, args[1]));
}

static void run_show(struct script *s, char *args[], int count)
{
	struct cluster *c = &s->cluster;

	for (unsigned int id = 1; id <= c->count; id++) {
		const struct raft_status *st = &c->servers[id].seen;

		if (!c->servers[id].raft)
			trace(c, "S%u down, disk: term %llu vote %llu log %llu", id,
			      (ull)c->servers[id].disk.term, (ull)c->servers[id].disk.vote,
			      (ull)c->servers[id].disk.log.last);
		else
			trace(c, "S%u %s term %llu leader %llu log %llu commit %llu", id,
			      raft_role_name(st->role), (ull)st->term, (ull)st->leader,
			      (ull)st->last_index, (ull)st->commit_index);
	}
}

static const struct command commands[] = {
	{ "servers", 1, run_servers, true },
	{ "start", 1, run_start, false },
	{ "crash", 1, run_crash, false },
	{ "tick", 2, run_tick, false },
	{ "timeout", 1, run_timeout, false },
	{ "deliver", 2, run_deliver, false },
	{ "drop", 2, run_drop, false },
	{ "settle", 0, run_settle, false },
	{ "cut", 2, run_cut, false },
	{ "heal", 2, run_heal, false },
	{ "hold", 1, run_hold, false },
	{ "release", 1, run_release, false },
	{ "fail", 1, run_fail, false },
	{ "write", 1, run_write, false },
	{ "read", 1, run_read, false },
	{ "transfer", 2, run_transfer, false },
	{ "add", 2, run_add, false },
	{ "promote", 2, run_promote, false },
	{ "remove", 2, run_remove, false },
	{ "compact", 2, run_compact, false },
	{ "install", 2, run_install, false },
	{ "show", 0, run_show, false },
};

static void execute(struct script *s, char *line, FILE *out)
{
	char *args[ARGS_MAX], *rest = NULL;
	int count = 0;

	for (char *word = strtok_r(line, " \n", &rest); word && count < ARGS_MAX;
	     word = strtok_r(NULL, " \n", &rest))
		args[count++] = word;
	for (size_t i = 0; count && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, args[0]))
			continue;
		if (count - 1 < commands[i].args || s->running == commands[i].own)
			bad(s, "this command cannot be here so", args[0]);
		s->cluster.trace = out;
		commands[i].run(s, args + 1, count - 1);
		s->cluster.trace = out;
		return;
	}
	bad(s, "unknown command", count ? args[0] : "");
}

/* The file's comments and commands, and behind each command what it really does. */
static void generate(struct script *s, FILE *in, FILE *out)
{
	char line[LINE_BYTES_MAX];

	while (fgets(line, sizeof(line), in)) {
		s->line++;
		if (line[0] == '#' || line[0] == '\n' || line[0] == '>')
			fputs(line, out);
		if (line[0] == '>')
			execute(s, line + 1, out);
	}
}

static char *read_whole(FILE *in)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		err(2, "memory");
	for (int ch; (ch = fgetc(in)) != EOF;)
		fputc(ch, out);
	fclose(out);
	return text;
}

static char *real_trace(const char *file, FILE *in, bool *ret_violated)
{
	static struct script script;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		err(2, "memory");
	script = (struct script){ .file = file };
	generate(&script, in, out);
	fclose(out);
	*ret_violated = cluster_failed(&script.cluster);
	cluster_fini(&script.cluster);
	return text;
}

static FILE *open_script(const char *file)
{
	FILE *in = fopen(file, "r");

	if (!in)
		err(2, "%s", file);
	return in;
}

/* Both texts have the same lines up to here; tell the first that differs. */
static void tell_difference(const char *file, const char *want, const char *have)
{
	unsigned int line = 1;

	for (;;) {
		size_t w = strcspn(want, "\n"), h = strcspn(have, "\n");

		if (w != h || memcmp(want, have, w)) {
			printf("%s:%u: the trace differs\n  expected: %.*s\n  got:      %.*s\n",
			       file, line, (int)w, want, (int)h, have);
			return;
		}
		if (!want[w] || !have[h]) {
			printf("%s:%u: the trace is %s than expected\n", file, line,
			       want[w] ? "shorter" : "longer");
			return;
		}
		want += w + 1;
		have += h + 1;
		line++;
	}
}

bool script_check(const char *file)
{
	FILE *in = open_script(file);
	char *want = read_whole(in), *have;
	bool violated, same;

	rewind(in);
	have = real_trace(file, in, &violated);
	fclose(in);
	same = strcmp(want, have) == 0;
	if (!same)
		tell_difference(file, want, have);
	if (violated)
		printf("%s: an invariant is violated\n", file);
	free(want);
	free(have);
	return same && !violated;
}

int script_print(const char *file)
{
	FILE *in = open_script(file);
	bool violated;
	char *have = real_trace(file, in, &violated);

	fclose(in);
	fputs(have, stdout);
	free(have);
	return violated ? 1 : 0;
}
