// SPDX-License-Identifier: Apache-2.0
/* wmctl status: one node, and the cluster as it sees it, in a screenful. */
#include <inttypes.h>
#include <stdio.h>

#include "ext/v1/cluster.pb-c.h"
#include "wmctl/command.h"

typedef Webmesh__Ext__V1__DescribeResponse describe;

static json_t *to_json(const describe *d)
{
	return json_pack(
		"{s:s, s:s, s:s, s:I, s:I, s:I, s:i, s:i, s:i, s:I, s:s, s:s, s:s, s:i, s:i, s:s, "
		"s:s, s:s, s:s, s:s}",
		"id", d->id, "role", d->role, "leader", d->leader_id,
		"term", (json_int_t)d->term, "commit_index", (json_int_t)d->commit_index,
		"applied_index", (json_int_t)d->applied_index,
		"voters", (int)d->voters, "voters_reachable", (int)d->voters_reachable,
		"nodes", (int)d->nodes, "state_age_ms",
		d->state_age_ms == UINT64_MAX ? -1 : (json_int_t)d->state_age_ms,
		"backend", d->backend, "backend_reason", d->backend_reason,
		"device", d->device, "peers_known", (int)d->peers_known,
		"peers_active", (int)d->peers_active, "address_ipv4", d->address_ipv4,
		"address_ipv6", d->address_ipv6, "routes", d->routes,
		"routes_not_taken", d->routes_not_taken, "last_error", d->last_error);
}

static const char *or_none(const char *text)
{
	return *text ? text : "none";
}

static void print_table(const describe *d)
{
	printf("node      %s (%s)\n", d->id, d->role);
	printf("address   %s  %s\n", or_none(d->address_ipv4), or_none(d->address_ipv6));
	printf("leader    %s\n", *d->leader_id ? d->leader_id : "none known");
	printf("raft      term %" PRIu64 ", committed %" PRIu64 ", applied %" PRIu64 "\n",
	       d->term, d->commit_index, d->applied_index);
	if (d->voters_reachable)
		printf("quorum    %u of %u voters reachable, %u needed\n", d->voters_reachable,
		       d->voters, d->voters / 2 + 1);
	else
		printf("quorum    %u voters, %u needed\n", d->voters, d->voters / 2 + 1);
	if (d->state_age_ms == UINT64_MAX)
		printf("state     %u nodes, not current since the start\n", d->nodes);
	else
		printf("state     %u nodes, %" PRIu64 ".%" PRIu64 " s old\n", d->nodes,
		       d->state_age_ms / 1000, d->state_age_ms % 1000 / 100);
	printf("dataplane %s on %s: %s\n", d->backend, d->device, d->backend_reason);
	printf("peers     %u known, %u active\n", d->peers_known, d->peers_active);
	if (*d->routes)
		printf("routes    %s\n", d->routes);
	if (*d->routes_not_taken)
		printf("not taken %s\n", d->routes_not_taken);
	printf("error     %s\n", or_none(d->last_error));
}

static int ask(struct session *s, ProtobufCMessage **ret, struct error *err)
{
	Webmesh__Ext__V1__DescribeRequest request = WEBMESH__EXT__V1__DESCRIBE_REQUEST__INIT;

	return session_call(s, &webmesh__ext__v1__cluster__descriptor, "Describe",
			    &request.base, ret, err);
}

int status_json(struct session *s, json_t **ret, struct error *err)
{
	ProtobufCMessage *reply;
	int r = ask(s, &reply, err);

	if (r < 0)
		return r;
	*ret = to_json((const describe *)reply);
	protobuf_c_message_free_unpacked(reply, NULL);
	return *ret ? 0 : error_set(err, ERR_MEMORY, "no memory for the status");
}

int status_main(struct session *s, int argc, char **argv)
{
	ProtobufCMessage *reply;
	struct error err = { 0 };
	const describe *d;
	int code = EXIT_OK;

	if (argc != 1)
		return command_usage("status");
	if (ask(s, &reply, &err) < 0)
		return command_fail(&err);
	d = (const describe *)reply;
	if (output_structured(s->format))
		code = output_value(s->format, to_json(d));
	else
		print_table(d);
	if (code == EXIT_OK && (!*d->leader_id || *d->last_error))
		code = EXIT_DEGRADED;
	protobuf_c_message_free_unpacked(reply, NULL);
	return code;
}
