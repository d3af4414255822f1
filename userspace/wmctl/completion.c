// SPDX-License-Identifier: Apache-2.0
/*
 * wmctl completion SHELL: what makes the shell ask, at each TAB, `wmctl complete WORD…`: what may
 * stand for the last word, one a line.  Names of nodes and ACLs are those of the mesh at that
 * moment; without a daemon there are none, and nothing is said of it in the middle of somebody's
 * line.
 */
#include <stdio.h>
#include <string.h>

#include "google/protobuf/empty.pb-c.h"
#include "v1/admin.pb-c.h"
#include "v1/mesh.pb-c.h"
#include "wmctl/command.h"
#include "wmctl/contexts.h"

#define USAGE "completion bash|zsh|fish"

enum { LIVE_TIMEOUT_MS = 1000, WORDS_MAX = 16 };

static const struct {
	const char *shell, *script;
} scripts[] = {
	{ "bash",
	  "_wmctl() {\n"
	  "\tlocal IFS=$'\\n'\n"
	  "\tCOMPREPLY=($(wmctl complete \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null))\n"
	  "}\n"
	  "complete -o default -F _wmctl wmctl\n" },
	{ "zsh",
	  "#compdef wmctl\n"
	  "_wmctl() {\n"
	  "\tlocal -a found\n"
	  "\tfound=(\"${(@f)$(wmctl complete \"${(@)words[2,CURRENT]}\" 2>/dev/null)}\")\n"
	  "\tif [[ -n \"$found[1]\" ]]; then compadd -a found; else _files; fi\n"
	  "}\n"
	  /* Sourced it is told to zsh; found by it, it is the function that was called. */
	  "if [[ $funcstack[1] = _wmctl ]]; then _wmctl \"$@\"; else compdef _wmctl wmctl; fi\n" },
	{ "fish",
	  "function __wmctl_complete\n"
	  "\tset -l words (commandline -opc)\n"
	  "\tset -l typed (commandline -ct)\n"
	  "\tset -l found (wmctl complete $words[2..-1] \"$typed\" 2>/dev/null)\n"
	  "\tif set -q found[1]; string join -- \\n $found\n"
	  "\telse; __fish_complete_path \"$typed\"; end\n"
	  "end\n"
	  "complete -c wmctl -f -a '(__wmctl_complete)'\n" },
};

/* What may follow; `*` stands for any word, the last word for a list that is asked for. */
static const struct {
	const char *before, *choices;
} rules[] = {
	{ "", "status doctor metrics get token node acl certificate raft snapshot connect port-forward gateway "
	  "bundle config completion" },
	{ "metrics", "@nodes" },
	{ "port-forward", "@nodes" },
	{ "get", "nodes acls peers tokens" },
	{ "get nodes", "@nodes" },
	{ "get acls", "@acls" },
	{ "token", "create list revoke" },
	{ "node", "remove rotate-key" },
	{ "node remove", "@nodes" },
	{ "node rotate-key", "@nodes" },
	{ "acl", "list get put delete" },
	{ "acl get", "@acls" },
	{ "acl put", "@acls" },
	{ "acl delete", "@acls" },
	{ "acl put *", "allow deny" },
	{ "certificate", "show renew export list revoke" },
	{ "raft", "peers transfer promote demote remove" },
	{ "raft transfer", "@nodes" },
	{ "raft promote", "@nodes" },
	{ "raft demote", "@nodes" },
	{ "raft remove", "@nodes" },
	{ "snapshot", "save restore" },
	{ "config", "get-contexts current-context use-context set-context delete-context" },
	{ "config use-context", "@contexts" },
	{ "config set-context", "@contexts" },
	{ "config delete-context", "@contexts" },
	{ "completion", "bash zsh fish" },
};

/* A word follows, unless choices is NULL. */
static const struct {
	const char *name, *choices;
} options[] = {
	{ "--state-dir", "" }, { "--identity", "" }, { "--address", "" }, { "--timeout", "" },
	{ "--request-id", "" }, { "--context", "@contexts" },
	{ "--output", "table wide json yaml" }, { "-o", "table wide json yaml" },
	{ "--watch", NULL }, { "-w", NULL }, { "--interval", "" },
	{ "--log", "" }, { "--role", "voter observer" }, { "--ttl", "" }, { "--uses", "" },
};

enum { N_OPTIONS = sizeof(options) / sizeof(options[0]) };

static void offer(const char *word, const char *typed)
{
	if (strncmp(word, typed, strlen(typed)) == 0)
		puts(word);
}

static void offer_each(const char *choices, const char *typed)
{
	char word[32];
	int n;

	for (; sscanf(choices, " %31s%n", word, &n) == 1; choices += n)
		offer(word, typed);
}

/* ---- names of the mesh ---- */

static void offer_nodes(struct session *s, const char *typed)
{
	Google__Protobuf__Empty request = GOOGLE__PROTOBUF__EMPTY__INIT;
	const V1__NodeList *list;
	ProtobufCMessage *reply;

	if (session_call(s, &v1__mesh__descriptor, "ListNodes", &request.base, &reply, NULL) < 0)
		return;
	list = (const V1__NodeList *)reply;
	for (size_t i = 0; i < list->n_nodes; i++)
		offer(list->nodes[i]->id, typed);
	protobuf_c_message_free_unpacked(reply, NULL);
}

static void offer_acls(struct session *s, const char *typed)
{
	Google__Protobuf__Empty request = GOOGLE__PROTOBUF__EMPTY__INIT;
	const RaftACLList *list;
	ProtobufCMessage *reply;

	if (session_call(s, &v1__admin__descriptor, "ListRaftACLs", &request.base, &reply,
			 NULL) < 0)
		return;
	list = (const RaftACLList *)reply;
	for (size_t i = 0; i < list->n_items; i++)
		offer(list->items[i]->name, typed);
	protobuf_c_message_free_unpacked(reply, NULL);
}

static void offer_contexts(const char *typed)
{
	struct contexts *c;

	if (contexts_load(&c, NULL) < 0)
		return;
	for (size_t i = 0; i < c->count; i++)
		offer(c->items[i].name, typed);
	contexts_free(c);
}

static void offer_live(struct session *s, const char *what, const char *typed)
{
	s->timeout_ms = LIVE_TIMEOUT_MS;
	if (session_choose(s, NULL) < 0 || session_open(s, NULL) < 0)
		return;
	if (strcmp(what, "@nodes") == 0)
		offer_nodes(s, typed);
	else
		offer_acls(s, typed);
	session_close(s);
}

static void offer_choices(struct session *s, const char *choices, const char *typed)
{
	if (strcmp(choices, "@contexts") == 0)
		offer_contexts(typed);
	else if (*choices == '@')
		offer_live(s, choices, typed);
	else
		offer_each(choices, typed);
}

/* ---- where the line stands ---- */

/* Its index, or -1. */
static int find_option(const char *word)
{
	for (int i = 0; i < N_OPTIONS; i++)
		if (strcmp(options[i].name, word) == 0)
			return i;
	return -1;
}

/* The node to ask is the one that the line names. */
static void follow(struct session *s, const char *option, const char *value)
{
	if (strcmp(option, "--state-dir") == 0)
		s->state_dir = value;
	else if (strcmp(option, "--identity") == 0)
		s->identity_dir = value;
	else if (strcmp(option, "--address") == 0)
		s->address = value;
	else if (strcmp(option, "--context") == 0)
		s->context = value;
}

static bool matches(const char *rule, char *const *words, int count)
{
	char word[32];
	int n;

	for (int i = 0; i < count; i++, rule += n)
		if (sscanf(rule, " %31s%n", word, &n) != 1 ||
		    (strcmp(word, "*") != 0 && strcmp(word, words[i]) != 0))
			return false;
	return !*rule;
}

static void offer_options(const char *typed)
{
	for (int i = 0; i < N_OPTIONS; i++)
		offer(options[i].name, typed);
}

static void offer_words(struct session *s, char *const *words, int count, const char *typed)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (!matches(rules[i].before, words, count))
			continue;
		offer_choices(s, rules[i].choices, typed);
	}
}

/* @argv[0] is "complete", the last word is the one under the cursor, perhaps empty. */
int complete_main(struct session *s, int argc, char **argv)
{
	const char *typed = argc > 1 ? argv[argc - 1] : "";
	char *words[WORDS_MAX];
	int count = 0, option;

	for (int i = 1; i < argc - 1; i++) {
		option = find_option(argv[i]);
		if (option >= 0 && !options[option].choices)
			continue;
		if (option >= 0 && i == argc - 2) {
			offer_choices(s, options[option].choices, typed);
			return EXIT_OK;
		}
		if (option >= 0)
			follow(s, argv[i], argv[i + 1]);
		if (option >= 0)
			i++;
		else if (count < WORDS_MAX)
			words[count++] = argv[i];
	}
	if (*typed == '-')
		offer_options(typed);
	else
		offer_words(s, words, count, typed);
	return EXIT_OK;
}

int completion_main(struct session *s, int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		if (strcmp(scripts[i].shell, argv[1]) == 0) {
			fputs(scripts[i].script, stdout);
			return EXIT_OK;
		}
	}
	return command_usage(USAGE);
}
