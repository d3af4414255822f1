// SPDX-License-Identifier: Apache-2.0
/* wmctl: looks at and administers the mesh through any node's API. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wmctl/command.h"
#include "wmctl/watch.h"

static const struct {
	const char *name;
	int (*main)(struct session *s, int argc, char **argv);
	const char *synopsis, *summary;
} commands[] = {
	{ "status", status_main, "status", "tell how the node and its cluster are" },
	{ "doctor", doctor_main, "doctor",
	  "check the node, its machine and its mesh, and tell what to do" },
	{ "metrics", metrics_main, "metrics [NODE]",
	  "tell a node's device, peers and machine in numbers" },
	{ "get", get_main, "get nodes [ID]", "list the nodes, or tell one" },
	{ "get", get_main, "get acls [NAME]", "the same for the Raft ACLs" },
	{ "get", get_main, "get peers", "list who can be asked from outside" },
	{ "token", token_main, "token create [--role voter|observer] [--ttl SECONDS] [--uses N]",
	  "make a join token; printed once" },
	{ "token", token_main, "token list", "tell what is kept of the tokens" },
	{ "token", token_main, "token revoke ID", "have a token let nobody in any more" },
	{ "node", node_main, "node remove ID", "take a node out of the mesh" },
	{ "node", node_main, "node rotate-key ID", "have a node change its WireGuard key" },
	{ "acl", acl_main, "acl list | acl get NAME",
	  "tell the Raft ACLs: who may become a voter" },
	{ "acl", acl_main, "acl put NAME allow|deny PATTERN…",
	  "let nodes become voters, or not, by their ids" },
	{ "acl", acl_main, "acl delete NAME",
	  "take a Raft ACL away; without any, every node may vote" },
	{ "certificate", certificate_main, "certificate show",
	  "tell whose certificate is shown to the mesh, and for how long it holds" },
	{ "certificate", certificate_main, "certificate renew",
	  "get the next one, for an administrator; nodes do it themselves" },
	{ "certificate", certificate_main, "certificate export FILE",
	  "write it with its key, for a browser to import, and tell the password for that" },
	{ "certificate", certificate_main, "certificate list",
	  "tell which of administrators' were renewed or revoked" },
	{ "certificate", certificate_main, "certificate revoke NAME [SERIAL]",
	  "have no node believe an administrator any more, or one certificate of his" },
	{ "raft", raft_main, "raft peers",
	  "list the servers of the Raft group, and how far they are" },
	{ "raft", raft_main, "raft transfer [ID]", "let another voter lead" },
	{ "raft", raft_main, "raft promote|demote ID", "make a node a voter, or an observer" },
	{ "raft", raft_main, "raft remove ID",
	  "take a server and its node out of the mesh, dead or alive" },
	{ "snapshot", snapshot_main, "snapshot save FILE", "write a backup of the mesh's state" },
	{ "snapshot", snapshot_main, "snapshot restore FILE",
	  "begin anew from a backup, on this node, with the others gone (wgmeshd recover)" },
	{ "port-forward", port_forward_main, "port-forward NODE [udp:][LOCAL:[ADDRESS:]]REMOTE...",
	  "have a port of this machine lead to a service by way of a node, without WireGuard" },
	{ "gateway", gateway_main, "gateway [PORT [FOLDER]]",
	  "have browsers on this machine reach services by way of nodes" },
	{ "connect", connect_main, "connect TOKEN [OPTION of wgmeshd…]",
	  "be in the mesh for as long as the command runs" },
	{ "bundle", bundle_main, "bundle [--anonymize] [--log FILE] FILE",
	  "put what somebody who is to help wants to see into an archive" },
	{ "config", config_main, "config get-contexts | current-context",
	  "tell the contexts: meshes that were given names, and how to reach them" },
	{ "config", config_main, "config set-context NAME [--address A:PORT] [--identity DIR] …",
	  "make a context, or change it" },
	{ "config", config_main, "config use-context NAME | delete-context NAME",
	  "have it be the current one; take it away" },
	{ "completion", completion_main, "completion bash|zsh|fish",
	  "print what completes commands and names in that shell" },
	{ "complete", complete_main, NULL, NULL },	/* what the shells ask */
};

enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void print_help(FILE *out)
{
	fputs("usage: wmctl [OPTION…] COMMAND …\n\n", out);
	for (int i = 0; i < N_COMMANDS; i++)
		if (commands[i].synopsis)
			fprintf(out, "  wmctl %s\n        %s\n", commands[i].synopsis,
				commands[i].summary);
	fputs("\n"
	      "  --context NAME    whose address and identity, of wmctl config (the current one)\n"
	      "  --state-dir DIR   where wgmeshd keeps its state\n"
	      "                    ($WGMESH_STATE_DIR, else /var/lib/wgmesh)\n"
	      "  --identity DIR    whose certificate to show (STATE/admin, else STATE/identity)\n"
	      "  --address A:PORT  which node to ask (127.0.0.1:8443)\n"
	      "  --timeout SECONDS of each call (10)\n"
	      "  --request-id TEXT names a change: made again with the same name it is made once\n"
	      "  -o table|wide|json|yaml\n"
	      "                    how to print (table)\n"
	      "  -w, --watch       look again and again, and tell what changes, until Ctrl-C:\n"
	      "                    status, get, acl list|get, token list, raft peers\n"
	      "  --interval SECONDS between two looks (2)\n"
	      "The last three may stand behind the command, too.\n\n"
	      "Exit codes: 0 ok, 1 error, 2 usage, 3 answered, but the mesh is degraded.\n", out);
}

static bool set_option(struct session *s, int option, const char *value)
{
	switch (option) {
	case 's':
		s->state_dir = value;
		return true;
	case 'i':
		s->identity_dir = value;
		return true;
	case 'a':
		s->address = value;
		return true;
	case 't':
		return session_parse_seconds(value, &s->timeout_ms);
	case 'c':
		s->context = value;
		return true;
	case 'r':
		s->request_id = value;
		return *value && strlen(value) <= 64;
	case 'o':
		return output_parse(value, &s->format);
	case 'w':
		return s->watch = true;
	case 'n':
		return session_parse_seconds(value, &s->interval_ms);
	default:
		return false;
	}
}

/* Options before the command are ours ('+'), those behind it the command's. */
static int parse(struct session *s, int argc, char **argv)
{
	static const struct option options[] = {
		{ "state-dir", required_argument, NULL, 's' },
		{ "identity", required_argument, NULL, 'i' },
		{ "address", required_argument, NULL, 'a' },
		{ "timeout", required_argument, NULL, 't' },
		{ "context", required_argument, NULL, 'c' },
		{ "request-id", required_argument, NULL, 'r' },
		{ "output", required_argument, NULL, 'o' },
		{ "watch", no_argument, NULL, 'w' },
		{ "interval", required_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "+o:wh", options, NULL)) != -1) {
		if (option == 'h') {
			print_help(stdout);
			exit(EXIT_OK);
		}
		if (!set_option(s, option, optarg))
			return -1;
	}
	return optind;
}

/* Whether it opens the session itself, if at all. */
static bool is_alone(int command)
{
	static int (*const mains[])(struct session *s, int argc, char **argv) = {
		completion_main, complete_main, config_main, doctor_main, bundle_main,
		connect_main,
	};

	for (size_t i = 0; i < sizeof(mains) / sizeof(mains[0]); i++)
		if (commands[command].main == mains[i])
			return true;
	return false;
}

/* Of options that may stand behind the command, too. */
static const struct late_option {
	const char *name;
	int option;		/* of set_option() */
	const char *takes;	/* NULL: nothing */
} late_options[] = {
	{ "-o", 'o', "table, wide, json or yaml" },
	{ "--output", 'o', "table, wide, json or yaml" },
	{ "-w", 'w', NULL },
	{ "--watch", 'w', NULL },
	{ "--interval", 'n', "1 to 3600 seconds" },
};

static const struct late_option *find_late(const char *word)
{
	for (size_t i = 0; i < sizeof(late_options) / sizeof(late_options[0]); i++)
		if (strcmp(late_options[i].name, word) == 0)
			return &late_options[i];
	return NULL;
}

/* How to look and to print is an afterthought.  The count of words that are left, or -1. */
static int take_late_options(struct session *s, int argc, char **argv)
{
	const struct late_option *late;
	int kept = 1;

	for (int i = 1; i < argc; i++) {
		late = find_late(argv[i]);
		if (!late) {
			argv[kept++] = argv[i];
			continue;
		}
		if (late->takes)
			i++;
		if ((late->takes && !argv[i]) || !set_option(s, late->option, argv[i])) {
			fprintf(stderr, "wmctl: %s takes %s\n", late->name, late->takes);
			return -1;
		}
	}
	argv[kept] = NULL;
	return kept;
}

/* What only looks; whoever is watched must not be changed every two seconds. */
static bool can_be_watched(int argc, char **argv)
{
	static const char *const views[][2] = {
		{ "status", "" }, { "get", "" }, { "acl", "list" }, { "acl", "get" },
		{ "token", "list" }, { "raft", "peers" },
	};

	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++)
		if (strcmp(argv[0], views[i][0]) == 0 &&
		    (!*views[i][1] || (argc > 1 && strcmp(argv[1], views[i][1]) == 0)))
			return true;
	return false;
}

/* Whether --watch and --interval make sense here; else it has said why not. */
static bool check_watch(struct session *s, int argc, char **argv)
{
	if (s->interval_ms && !s->watch)
		fputs("wmctl: --interval says how often --watch looks: add --watch, or leave it out\n",
		      stderr);
	else if (s->watch && !can_be_watched(argc, argv))
		fprintf(stderr,
			"wmctl: --watch goes with status, get, acl list|get, token list and raft "
			"peers, not with %s%s%s: leave it out\n",
			argv[0], argc > 1 ? " " : "", argc > 1 ? argv[1] : "");
	else
		return true;
	return false;
}

/* A watch begins before there is a thread of gRPC's. */
static int open_session(struct session *s, struct error *err)
{
	int r = session_choose(s, err);

	if (!s->interval_ms)
		s->interval_ms = WATCH_INTERVAL_MS;
	if (r == 0 && s->watch)
		r = watch_begin(err);
	return r < 0 ? r : session_open(s, err);
}

static bool has_words_of_others(int command)
{
	return commands[command].main == connect_main || commands[command].main == complete_main;
}

static int run(struct session *s, int command, int argc, char **argv)
{
	struct error err = { 0 };
	int code;

	if (!has_words_of_others(command))
		argc = take_late_options(s, argc, argv);
	if (argc < 0 || !check_watch(s, argc, argv))
		return EXIT_USAGE;
	optind = 0;
	if (is_alone(command))
		return commands[command].main(s, argc, argv);
	if (open_session(s, &err) < 0)
		return command_fail(&err);
	code = commands[command].main(s, argc, argv);
	session_close(s);
	return code;
}

static int find_and_run(struct session *s, int argc, char **argv)
{
	for (int i = 0; i < N_COMMANDS; i++)
		if (strcmp(commands[i].name, argv[0]) == 0)
			return run(s, i, argc, argv);
	fprintf(stderr, "wmctl: no command \"%s\"; see wmctl --help\n", argv[0]);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	struct session s = { 0 };
	int at = parse(&s, argc, argv), code;

	signal(SIGPIPE, SIG_IGN);
	if (at < 0 || at == argc) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	code = find_and_run(&s, argc - at, argv + at);
	session_forget(&s);
	return code;
}
