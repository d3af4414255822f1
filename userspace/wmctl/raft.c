// SPDX-License-Identifier: Apache-2.0
/* wmctl raft peers|transfer|promote|demote|remove: the Raft group. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ext/v1/servers.pb-c.h"
#include "v1/node.pb-c.h"
#include "wmctl/command.h"

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

static void print_table(const servers_list *l)
{
	printf("term %" PRIu64 ", committed %" PRIu64 ", log of %s %" PRIu64 " to %" PRIu64 "\n\n",
	       l->term, l->commit_index, l->asked, l->first_index, l->last_index);
	printf("%-24s %-8s %-24s %-10s %10s %10s  %s\n", "NODE", "ROLE", "ADDRESS", "PROGRESS",
	       "STORED",
	       "SILENT", "SERVER");
	for (size_t i = 0; i < l->n_servers; i++) {
		const server *v = l->servers[i];

		printf("%-24s %-8s %-24s ", v->node_id, v->role, *v->address ? v->address : "-");
		if (*v->progress)
			printf("%-10s %10" PRIu64 " %7" PRIu64 " ms  ", v->progress, v->match_index,
			       v->silent_ms);
		else
			printf("%-10s %10s %10s  ", "-", "-", "-");
		printf("%" PRIu64 "\n", v->server_id);
	}
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
	int r = ask_best(s, &reply, err);

	if (r < 0)
		return r;
	*ret = list_json((const servers_list *)reply);
	protobuf_c_message_free_unpacked(reply, NULL);
	return *ret ? 0 : error_set(err, ERR_MEMORY, "no memory for the servers");
}

static int peers(struct session *s)
{
	ProtobufCMessage *reply;
	struct error err = { 0 };
	const servers_list *l;
	int code = EXIT_OK;

	if (ask_best(s, &reply, &err) < 0)
		return command_fail(&err);
	l = (const servers_list *)reply;
	if (output_structured(s->format))
		code = output_value(s->format, list_json(l));
	else
		print_table(l);
	if (code == EXIT_OK && !*l->leader_id)
		code = EXIT_DEGRADED;
	protobuf_c_message_free_unpacked(reply, NULL);
	return code;
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
