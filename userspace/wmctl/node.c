// SPDX-License-Identifier: Apache-2.0
/* wmctl node remove ID. */
#include <stdio.h>
#include <string.h>

#include "v1/node.pb-c.h"
#include "wmctl/command.h"

int node_main(struct session *s, int argc, char **argv)
{
	V1__LeaveRequest request = V1__LEAVE_REQUEST__INIT;
	ProtobufCMessage *reply;
	struct error err = { 0 };

	if (argc != 3 || strcmp(argv[1], "remove") != 0)
		return command_usage("node remove ID");
	request.id = argv[2];
	if (session_call_leader(s, &v1__node__descriptor, "Leave", &request.base, &reply, &err) < 0)
		return command_fail(&err);
	protobuf_c_message_free_unpacked(reply, NULL);
	if (!output_structured(s->format))
		printf("%s left the mesh\n", argv[2]);
	return EXIT_OK;
}
