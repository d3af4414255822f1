// SPDX-License-Identifier: Apache-2.0
/* wmctl acl list|get|put|delete: the Raft ACLs, which say who may become a voter. */
#include <stdio.h>
#include <string.h>

#include "google/protobuf/empty.pb-c.h"
#include "v1/admin.pb-c.h"
#include "wmctl/command.h"
#include "wmctl/view.h"

#define USAGE "acl list | get NAME | put NAME allow|deny PATTERN… | delete NAME"

#define ADMIN (&v1__admin__descriptor)

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

static int fetch_all(struct session *s, json_t **ret, struct error *err)
{
	Google__Protobuf__Empty request = GOOGLE__PROTOBUF__EMPTY__INIT;
	ProtobufCMessage *reply;
	const RaftACLList *list;
	int r = session_call(s, ADMIN, "ListRaftACLs", &request.base, &reply, err);

	if (r < 0)
		return r;
	*ret = json_array();
	list = (const RaftACLList *)reply;
	for (size_t i = 0; *ret && i < list->n_items; i++)
		json_array_append_new(*ret, acl_json(list->items[i]));
	protobuf_c_message_free_unpacked(reply, NULL);
	return 0;
}

static int fetch_one(struct session *s, char *name, json_t **ret, struct error *err)
{
	GetRaftACLRequest request = GET_RAFT_ACLREQUEST__INIT;
	ProtobufCMessage *reply;
	int r;

	request.name = name;
	r = session_call(s, ADMIN, "GetRaftACL", &request.base, &reply, err);
	if (r < 0)
		return r;
	*ret = acl_json((const RaftACL *)reply);
	protobuf_c_message_free_unpacked(reply, NULL);
	return 0;
}

static int fetch(struct session *s, char *name, json_t **ret, struct error *err)
{
	json_t *acls = NULL;
	int r = name ? fetch_one(s, name, &acls, err) : fetch_all(s, &acls, err);

	if (r == 0 && !acls)
		r = error_set(err, ERR_MEMORY, "no memory for the ACLs");
	if (r == 0)
		*ret = acls;
	return r;
}

static bool print(FILE *out, bool wide, const json_t *acls)
{
	static const struct output_column columns[] = {
		{ .head = "NAME", .key = "name" },
		{ .head = "ACTION", .key = "action" },
		{ .head = "PATTERNS", .key = "patterns" },
	};

	return output_list(out, wide, acls, columns, sizeof(columns) / sizeof(columns[0]));
}

int acl_show(struct session *s, char *name)
{
	static const struct view view = { "name", NULL, fetch, print, NULL };

	return view_show(s, &view, name);
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
		return acl_show(s, NULL);
	if (argc == 3 && strcmp(verb, "get") == 0)
		return acl_show(s, argv[2]);
	if (argc >= 5 && strcmp(verb, "put") == 0)
		return put(s, argc - 2, argv + 2);
	if (argc == 3 && strcmp(verb, "delete") == 0)
		return delete(s, argv[2]);
	return command_usage(USAGE);
}
