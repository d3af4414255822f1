// SPDX-License-Identifier: Apache-2.0
/* wgmeshd: the controller of one node. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "daemon/commands.h"
#include "daemon/settings_sources.h"
#include "daemon/version.h"

static const struct {
	const char *name;
	int (*main)(int argc, char **argv);
	const char *synopsis, *summary;
} commands[] = {
	{ "init", init_main, "init [OPTION…]", "found a mesh, with this node as its first voter" },
	{ "join", join_main, "join TOKEN [OPTION…]",
	  "get an identity in the mesh that the token is from" },
	{ "recover", recover_main, "recover [SNAPSHOT] [OPTION…]",
	  "go on as the only voter, when the others are gone for good" },
	{ "run", run_main, "run [OPTION…]",
	  "be the daemon; options replace those of init or join" },
	{ "down", down_main, "down [OPTION…]",
	  "take down device, addresses, routes and peers that a stopped daemon has left" },
	{ "admin", admin_main, "admin NAME DIR [OPTION…]",
	  "make an administrator's identity, with the authority's key on this machine" },
	{ "config", config_main, "config check [FILE]",
	  "tell what is wrong in the configuration file, and where" },
	{ "config", config_main, "config show [OPTION…]",
	  "tell what each setting is, and who said so" },
};

enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void print_help(FILE *out)
{
	fputs("usage: wgmeshd COMMAND …\n\n", out);
	for (int i = 0; i < N_COMMANDS; i++)
		fprintf(out, "  wgmeshd %s\n        %s\n", commands[i].synopsis,
			commands[i].summary);
	fputc('\n', out);
	settings_print_help(out);
}

int command_fail(const struct error *err)
{
	fprintf(stderr, "wgmeshd: %s\n", err->text);
	return err->kind == ERR_INVALID ? EXIT_USAGE : EXIT_ERROR;
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	if (is_help(argv[1]) || (argc == 3 && is_help(argv[2]))) {
		print_help(stdout);
		return EXIT_OK;
	}
	for (int i = 0; i < N_COMMANDS; i++)
		if (strcmp(commands[i].name, argv[1]) == 0)
			return commands[i].main(argc - 1, argv + 1);
	if (strcmp(argv[1], "--version") == 0) {
		printf("wgmeshd %s (%s, %s)\n", WGMESH_VERSION, WGMESH_COMMIT, WGMESH_BUILD_DATE);
		return EXIT_OK;
	}
	fprintf(stderr, "wgmeshd: no command \"%s\"; see wgmeshd --help\n", argv[1]);
	return EXIT_USAGE;
}
