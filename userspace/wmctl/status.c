// SPDX-License-Identifier: Apache-2.0
/* wmctl status: one node, and the cluster as it sees it, in a screenful. */
#include <stdio.h>

#include "ext/v1/cluster.pb-c.h"
#include "wmctl/command.h"
#include "wmctl/view.h"

#define NUMBER "%" JSON_INTEGER_FORMAT

typedef Webmesh__Ext__V1__DescribeResponse describe;

static json_t *to_json(const describe *d)
{
	return json_pack(
		"{s:s, s:s, s:s, s:I, s:I, s:I, s:i, s:i, s:i, s:I, s:s, s:s, s:s, s:i, s:i, s:s, "
		"s:s, s:s, s:s, s:s, s:i, s:i}",
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
		"routes_not_taken", d->routes_not_taken, "last_error", d->last_error,
		"data_channels", (int)d->data_channels,
		"data_channel_connections", (int)d->data_channel_connections);
}

static const char *or_none(const char *text)
{
	return *text ? text : "none";
}

static const char *text(const json_t *status, const char *key)
{
	const char *value = json_string_value(json_object_get(status, key));

	return value ? value : "";
}

static json_int_t number(const json_t *status, const char *key)
{
	return json_integer_value(json_object_get(status, key));
}

static void print_quorum(FILE *out, const json_t *d)
{
	json_int_t voters = number(d, "voters"), reachable = number(d, "voters_reachable");

	fputs("quorum    ", out);
	if (reachable)
		fprintf(out, NUMBER " of " NUMBER " voters reachable, ", reachable, voters);
	else
		fprintf(out, NUMBER " voters, ", voters);
	fprintf(out, NUMBER " needed\n", voters / 2 + 1);
}

static void print_state(FILE *out, const json_t *d)
{
	json_int_t age = number(d, "state_age_ms");

	fprintf(out, "state     " NUMBER " nodes, ", number(d, "nodes"));
	if (age < 0)
		fputs("not current since the start\n", out);
	else
		fprintf(out, NUMBER "." NUMBER " s old\n", age / 1000, age % 1000 / 100);
}

static void print_routes(FILE *out, const json_t *d)
{
	if (*text(d, "routes"))
		fprintf(out, "routes    %s\n", text(d, "routes"));
	if (*text(d, "routes_not_taken"))
		fprintf(out, "not taken %s\n", text(d, "routes_not_taken"));
}

static void print_channels(FILE *out, const json_t *d)
{
	if (number(d, "data_channels"))
		fprintf(out, "channels  " NUMBER " data channels, " NUMBER " connections\n",
			number(d, "data_channels"), number(d, "data_channel_connections"));
}

static bool print(FILE *out, bool wide, const json_t *d)
{
	const char *leader = text(d, "leader");

	fprintf(out, "node      %s (%s)\n", text(d, "id"), text(d, "role"));
	fprintf(out, "address   %s  %s\n", or_none(text(d, "address_ipv4")),
		or_none(text(d, "address_ipv6")));
	fprintf(out, "leader    %s\n", *leader ? leader : "none known");
	fprintf(out, "raft      term " NUMBER ", committed " NUMBER ", applied " NUMBER "\n",
		number(d, "term"), number(d, "commit_index"), number(d, "applied_index"));
	print_quorum(out, d);
	print_state(out, d);
	fprintf(out, "dataplane %s on %s: %s\n", text(d, "backend"), text(d, "device"),
		text(d, "backend_reason"));
	fprintf(out, "peers     " NUMBER " known, " NUMBER " active\n", number(d, "peers_known"),
		number(d, "peers_active"));
	print_routes(out, d);
	print_channels(out, d);
	fprintf(out, "error     %s\n", or_none(text(d, "last_error")));
	return true;
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
	json_t *status;
	int r = ask(s, &reply, err);

	if (r < 0)
		return r;
	status = to_json((const describe *)reply);
	protobuf_c_message_free_unpacked(reply, NULL);
	if (!status)
		return error_set(err, ERR_MEMORY, "no memory for the status");
	*ret = status;
	return 0;
}

static int fetch(struct session *s, char *name, json_t **ret, struct error *err)
{
	return status_json(s, ret, err);
}

static bool is_degraded(const json_t *d)
{
	return !*text(d, "leader") || *text(d, "last_error");
}

int status_main(struct session *s, int argc, char **argv)
{
	static const struct view view = { NULL, "state_age_ms", fetch, print, is_degraded };

	return argc == 1 ? view_show(s, &view, NULL) : command_usage("status");
}
