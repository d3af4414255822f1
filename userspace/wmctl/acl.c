// SPDX-License-Identifier: Apache-2.0
/* wmctl acl list|get|put|delete: the Raft ACLs, which say who may become a voter. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "google/protobuf/empty.pb-c.h"
#include "v1/admin.pb-c.h"
#include "wmctl/command.h"

#define USAGE "acl list | get NAME | put NAME allow|deny PATTERN… | delete NAME"

#define ADMIN (&v1__admin__descriptor)

enum { PATTERNS_TEXT_MAX = 32768 };

static const char *action_name(ACLAction action)
{
	return action == ACLACTION__ACLActionAllow ? "allow" : "deny";
}

static json_t *acl_json(const RaftACL *acl)
{
	json_t *patterns = json_array();

	for (size_t i = 0; i < acl->n_patterns; i++)
		json_array_append_new(patterns, json_string(acl->patterns[i]));
	return json_pack("{s:s, s:s, s:o}", "name", acl->name, "action", action_name(acl->action),
			 "patterns", patterns);
}

static int print_list_json(const struct session *s, RaftACL *const *acls, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, acl_json(acls[i]));
	return output_value(s->format, list);
}

static void join_patterns(const RaftACL *acl, struct buf *out)
{
	for (size_t i = 0; i < acl->n_patterns; i++)
		buf_printf(out, "%s%s", i ? "," : "", acl->patterns[i]);
}

static int print_table(RaftACL *const *acls, size_t n)
{
	const char **cells = calloc((n + 1) * 3, sizeof(*cells));
	struct buf *patterns = calloc(n + 1, sizeof(*patterns));

	if (!cells || !patterns) {
		free(cells);
		free(patterns);
		return command_fail(&(struct error){ .text = "no memory to print the ACLs" });
	}
	cells[0] = "NAME";
	cells[1] = "ACTION";
	cells[2] = "PATTERNS";
	for (size_t i = 0; i < n; i++) {
		patterns[i] = BUF_INIT(PATTERNS_TEXT_MAX);
		join_patterns(acls[i], &patterns[i]);
		cells[i * 3 + 3] = acls[i]->name;
		cells[i * 3 + 4] = action_name(acls[i]->action);
		cells[i * 3 + 5] = buf_text(&patterns[i]);
	}
	output_table(cells, n + 1, 3);
	for (size_t i = 0; i < n; i++)
		buf_fini(&patterns[i]);
	free(cells);
	free(patterns);
	return EXIT_OK;
}

int acl_list(struct session *s)
{
	Google__Protobuf__Empty request = GOOGLE__PROTOBUF__EMPTY__INIT;
	ProtobufCMessage *reply;
	struct error err = { 0 };
	const RaftACLList *list;
	int code;

	if (session_call(s, ADMIN, "ListRaftACLs", &request.base, &reply, &err) < 0)
		return command_fail(&err);
	list = (const RaftACLList *)reply;
	code = output_structured(s->format) ? print_list_json(s, list->items, list->n_items)
					    : print_table(list->items, list->n_items);
	protobuf_c_message_free_unpacked(reply, NULL);
	return code;
}

int acl_get(struct session *s, char *name)
{
	GetRaftACLRequest request = GET_RAFT_ACLREQUEST__INIT;
	ProtobufCMessage *reply;
	struct error err = { 0 };
	RaftACL *acl;
	int code;

	request.name = name;
	if (session_call(s, ADMIN, "GetRaftACL", &request.base, &reply, &err) < 0)
		return command_fail(&err);
	acl = (RaftACL *)reply;
	code = output_structured(s->format) ? output_value(s->format,
							   acl_json(acl)) : print_table(&acl, 1);
	protobuf_c_message_free_unpacked(reply, NULL);
	return code;
}

static int change(struct session *s, const char *method, const ProtobufCMessage *request,
		  const char *name, const char *done)
{
	ProtobufCMessage *reply;
	struct error err = { 0 };

	if (session_call_leader(s, ADMIN, method, request, &reply, &err) < 0)
		return command_fail(&err);
	protobuf_c_message_free_unpacked(reply, NULL);
	if (!output_structured(s->format))
		printf("%s %s\n", name, done);
	return EXIT_OK;
}

static int put(struct session *s, int argc, char **argv)
{
	RaftACL request = RAFT_ACL__INIT;

	request.name = argv[0];
	if (strcmp(argv[1], "allow") == 0)
		request.action = ACLACTION__ACLActionAllow;
	else if (strcmp(argv[1], "deny") == 0)
		request.action = ACLACTION__ACLActionDeny;
	else
		return command_usage(USAGE);
	request.n_patterns = (size_t)argc - 2;
	request.patterns = argv + 2;
	return change(s, "PutRaftACL", &request.base, argv[0], "is in force");
}

static int delete(struct session *s, char *name)
{
	DeleteRaftACLRequest request = DELETE_RAFT_ACLREQUEST__INIT;

	request.name = name;
	return change(s, "DeleteRaftACL", &request.base, name, "is deleted");
}

int acl_main(struct session *s, int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (argc == 2 && strcmp(verb, "list") == 0)
		return acl_list(s);
	if (argc == 3 && strcmp(verb, "get") == 0)
		return acl_get(s, argv[2]);
	if (argc >= 5 && strcmp(verb, "put") == 0)
		return put(s, argc - 2, argv + 2);
	if (argc == 3 && strcmp(verb, "delete") == 0)
		return delete(s, argv[2]);
	return command_usage(USAGE);
}
