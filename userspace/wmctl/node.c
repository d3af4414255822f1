// SPDX-License-Identifier: Apache-2.0
/* wmctl node remove|rotate-key ID. */
#include <stdio.h>
#include <string.h>

#include "ext/v1/nodes.pb-c.h"
#include "v1/node.pb-c.h"
#include "wmctl/command.h"

static int tell(struct session *s, const ProtobufCServiceDescriptor *service, const char *method,
		const ProtobufCMessage *request, const char *id, const char *done)
{
	ProtobufCMessage *reply;
	struct error err = { 0 };

	if (session_call_leader(s, service, method, request, &reply, &err) < 0)
		return command_fail(&err);
	protobuf_c_message_free_unpacked(reply, NULL);
	if (!output_structured(s->format))
		printf("%s %s\n", id, done);
	return EXIT_OK;
}

static int remove_node(struct session *s, char *id)
{
	V1__LeaveRequest request = V1__LEAVE_REQUEST__INIT;

	request.id = id;
	return tell(s, &v1__node__descriptor, "Leave", &request.base, id, "left the mesh");
}

static int rotate_key(struct session *s, char *id)
{
	Webmesh__Ext__V1__RotateKeyRequest request = WEBMESH__EXT__V1__ROTATE_KEY_REQUEST__INIT;

	request.node_id = id;
	return tell(s, &webmesh__ext__v1__nodes__descriptor, "RotateKey", &request.base, id,
		    "is to change its WireGuard key");
}

int node_main(struct session *s, int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "remove") == 0)
		return remove_node(s, argv[2]);
	if (argc == 3 && strcmp(argv[1], "rotate-key") == 0)
		return rotate_key(s, argv[2]);
	return command_usage("node remove|rotate-key ID");
}
