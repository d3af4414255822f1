// SPDX-License-Identifier: Apache-2.0
/* wmctl raft peers|transfer|promote|demote|remove: the Raft group. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ext/v1/servers.pb-c.h"
#include "v1/node.pb-c.h"
#include "wmctl/command.h"
#include "wmctl/view.h"

#define NUMBER "%" JSON_INTEGER_FORMAT

#define USAGE "raft peers | transfer [ID] | promote ID | demote ID | remove ID"

#define SERVERS (&webmesh__ext__v1__servers__descriptor)

enum { TRANSFER_TRIES = 50, TRANSFER_PAUSE_MS = 100 };

typedef Webmesh__Ext__V1__ListServersResponse servers_list;
typedef Webmesh__Ext__V1__Server server;

/* ---- peers ---- */

static int get_list(struct session *s, bool leader, ProtobufCMessage **ret, struct error *err)
{
	Webmesh__Ext__V1__ListServersRequest request = WEBMESH__EXT__V1__LIST_SERVERS_REQUEST__INIT;

	return (leader ? session_ask_leader : session_call)(s, SERVERS, "List", &request.base, ret,
							    err);
}

static json_t *server_json(const server *v)
{
	json_t *o = json_pack("{s:I, s:s, s:s, s:s}", "server_id", (json_int_t)v->server_id, "node",
			      v->node_id, "role", v->role, "address", v->address);

	if (o && *v->progress)
		json_object_update_new(o, json_pack("{s:s, s:I, s:I}", "progress", v->progress,
						    "match_index", (json_int_t)v->match_index,
						    "silent_ms", (json_int_t)v->silent_ms));
	return o;
}

static json_t *list_json(const servers_list *l)
{
	json_t *servers = json_array();

	for (size_t i = 0; i < l->n_servers; i++)
		json_array_append_new(servers, server_json(l->servers[i]));
	return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:o}", "asked", l->asked, "leader",
			 l->leader_id, "term", (json_int_t)l->term,
			 "first_index", (json_int_t)l->first_index,
			 "last_index", (json_int_t)l->last_index,
			 "commit_index", (json_int_t)l->commit_index, "servers", servers);
}

static void print_server(FILE *out, const json_t *v)
{
	const char *node, *role, *address, *progress = "";
	json_int_t id, match = 0, silent = 0;

	if (json_unpack((json_t *)v, "{s:s, s:s, s:s, s:I, s?s, s?I, s?I}", "node", &node, "role",
			&role, "address", &address, "server_id", &id, "progress", &progress,
			"match_index", &match, "silent_ms", &silent) < 0)
		return;
	fprintf(out, "%-24s %-8s %-24s ", node, role, *address ? address : "-");
	if (*progress)
		fprintf(out, "%-10s %10" JSON_INTEGER_FORMAT " %7" JSON_INTEGER_FORMAT " ms  ",
			progress, match, silent);
	else
		fprintf(out, "%-10s %10s %10s  ", "-", "-", "-");
	fprintf(out, NUMBER "\n", id);
}

static bool print_servers(FILE *out, bool wide, const json_t *l)
{
	const char *asked;
	json_int_t term, commit, first, last;
	json_t *servers;

	if (json_unpack((json_t *)l, "{s:s, s:I, s:I, s:I, s:I, s:o}", "asked", &asked, "term",
			&term, "commit_index", &commit, "first_index", &first, "last_index", &last,
			"servers", &servers) < 0)
		return false;
	fprintf(out, "term " NUMBER ", committed " NUMBER ", log of %s " NUMBER " to " NUMBER "\n\n",
		term, commit, asked, first, last);
	fprintf(out, "%-24s %-8s %-24s %-10s %10s %10s  %s\n", "NODE", "ROLE", "ADDRESS",
		"PROGRESS", "STORED", "SILENT", "SERVER");
	for (size_t i = 0; i < json_array_size(servers); i++)
		print_server(out, json_array_get(servers, i));
	return true;
}

/* Only the leader knows how far the others are; without one any node's view is better than none. */
static int ask_best(struct session *s, ProtobufCMessage **ret, struct error *err)
{
	int r = get_list(s, true, ret, err);

	return r < 0 ? get_list(s, false, ret, err) : r;
}

int servers_json(struct session *s, json_t **ret, struct error *err)
{
	ProtobufCMessage *reply;
	json_t *servers;
	int r = ask_best(s, &reply, err);

	if (r < 0)
		return r;
	servers = list_json((const servers_list *)reply);
	protobuf_c_message_free_unpacked(reply, NULL);
	if (!servers)
		return error_set(err, ERR_MEMORY, "no memory for the servers");
	*ret = servers;
	return 0;
}

static int fetch_servers(struct session *s, char *name, json_t **ret, struct error *err)
{
	return servers_json(s, ret, err);
}

static bool has_no_leader(const json_t *l)
{
	return !json_string_length(json_object_get(l, "leader"));
}

static int peers(struct session *s)
{
	static const struct view view = { NULL, "silent_ms", fetch_servers, print_servers,
					  has_no_leader };

	return view_show(s, &view, NULL);
}

/* ---- transfer ---- */

static int ask_leader_name(struct session *s, char out[64], struct error *err)
{
	ProtobufCMessage *reply;
	int r = get_list(s, false, &reply, err);

	if (r < 0)
		return r;
	snprintf(out, 64, "%s", ((const servers_list *)reply)->leader_id);
	protobuf_c_message_free_unpacked(reply, NULL);
	return 0;
}

/* The leader gives up after an election timeout: then it still leads, or somebody else does. */
static int await_other(struct session *s, const char *old, const char *wanted)
{
	const struct timespec pause = { .tv_nsec = TRANSFER_PAUSE_MS * 1000000L };
	char now[64] = "";
	struct error err = { 0 };

	for (int i = 0; i < TRANSFER_TRIES; i++) {
		if (ask_leader_name(s, now, &err) == 0 && *now && strcmp(now, old) != 0 &&
		    (!*wanted || strcmp(now, wanted) == 0)) {
			if (!output_structured(s->format))
				printf("%s leads\n", now);
			return EXIT_OK;
		}
		nanosleep(&pause, NULL);
	}
	error_set(&err, ERR_UNAVAILABLE,
		  "%s does not lead: %s does; is it reachable and up to date? see wmctl raft peers",
		  *wanted ? wanted : "no other voter", *now ? now : "nobody known");
	return command_fail(&err);
}

static int transfer(struct session *s, const char *to)
{
	Webmesh__Ext__V1__TransferRequest request = WEBMESH__EXT__V1__TRANSFER_REQUEST__INIT;
	ProtobufCMessage *reply;
	struct error err = { 0 };
	char old[64];

	request.node_id = (char *)to;
	if (ask_leader_name(s, old, &err) < 0)
		return command_fail(&err);
	if (*to && strcmp(old, to) == 0) {
		error_set(&err, ERR_EXISTS, "%s leads already", to);
		return command_fail(&err);
	}
	if (session_call_leader(s, SERVERS, "Transfer", &request.base, &reply, &err) < 0)
		return command_fail(&err);
	protobuf_c_message_free_unpacked(reply, NULL);
	return await_other(s, old, to);
}

/* ---- roles ---- */

static int set_role(struct session *s, const char *id, const char *role)
{
	Webmesh__Ext__V1__SetRoleRequest request = WEBMESH__EXT__V1__SET_ROLE_REQUEST__INIT;
	ProtobufCMessage *reply;
	struct error err = { 0 };

	request.node_id = (char *)id;
	request.role = (char *)role;
	if (session_call_leader(s, SERVERS, "SetRole", &request.base, &reply, &err) < 0)
		return command_fail(&err);
	protobuf_c_message_free_unpacked(reply, NULL);
	if (!output_structured(s->format))
		printf("%s is to be %s %s\n", id, *role == 'o' ? "an" : "a", role);
	return EXIT_OK;
}

static int remove_node(struct session *s, const char *id)
{
	char *argv[] = { (char *)"node", (char *)"remove", (char *)id, NULL };

	return node_main(s, 3, argv);
}

int raft_main(struct session *s, int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (argc == 2 && strcmp(verb, "peers") == 0)
		return peers(s);
	if ((argc == 2 || argc == 3) && strcmp(verb, "transfer") == 0)
		return transfer(s, argc == 3 ? argv[2] : "");
	if (argc == 3 && strcmp(verb, "promote") == 0)
		return set_role(s, argv[2], "voter");
	if (argc == 3 && strcmp(verb, "demote") == 0)
		return set_role(s, argv[2], "observer");
	if (argc == 3 && strcmp(verb, "remove") == 0)
		return remove_node(s, argv[2]);
	return command_usage(USAGE);
}
