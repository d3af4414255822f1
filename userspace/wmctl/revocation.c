// SPDX-License-Identifier: Apache-2.0
/* wmctl certificate list|revoke: whose administrators' certificates are believed no more. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ext/v1/admins.pb-c.h"
#include "wmctl/command.h"
#include "wmctl/revocation.h"

#define ADMINS (&webmesh__ext__v1__admins__descriptor)

enum { COLUMNS = 4, TIME_TEXT = 32 };

typedef Webmesh__Ext__V1__AdminCertificate certificate_message;
typedef Webmesh__Ext__V1__ListAdminsResponse certificate_list;

static int64_t end_of(const certificate_message *c)
{
	return c->expires_at ? c->expires_at->seconds : 0;
}

static const char *state_of(const certificate_message *c)
{
	if (c->revoked)
		return "revoked";
	return end_of(c) > time(NULL) ? "good" : "expired";
}

static int print_json(const struct session *s, const certificate_list *list)
{
	json_t *all = json_array();

	for (size_t i = 0; i < list->n_certificates; i++) {
		const certificate_message *c = list->certificates[i];

		json_array_append_new(all, json_pack("{s:s, s:s, s:I, s:b, s:s}", "name", c->name,
						     "serial", c->serial, "expires_at",
						     (json_int_t)end_of(c), "revoked", c->revoked,
						     "state", state_of(c)));
	}
	return output_value(s->format, all);
}

static void fill_row(const certificate_message *c, const char **row, char until[TIME_TEXT])
{
	time_t end = end_of(c);

	if (end)
		strftime(until, TIME_TEXT, "%Y-%m-%dT%H:%M:%SZ", gmtime(&end));
	row[0] = c->name;
	row[1] = *c->serial ? c->serial : "all";
	row[2] = until;
	row[3] = state_of(c);
}

static int print_table(const certificate_list *list)
{
	size_t n = list->n_certificates;
	const char **cells = calloc((n + 1) * COLUMNS, sizeof(*cells));
	char (*until)[TIME_TEXT] = calloc(n + 1, sizeof(*until));
	int code = EXIT_OK;

	if (cells && until) {
		cells[0] = "NAME";
		cells[1] = "SERIAL";
		cells[2] = "EXPIRES";
		cells[3] = "STATE";
		for (size_t i = 0; i < n; i++)
			fill_row(list->certificates[i], cells + (i + 1) * COLUMNS, until[i]);
		output_table(stdout, cells, n + 1, COLUMNS);
	} else {
		code = command_fail(&(struct error){ .text = "no memory to print certificates" });
	}
	free(cells);
	free(until);
	return code;
}

int revocation_list(struct session *s)
{
	Webmesh__Ext__V1__ListAdminsRequest request = WEBMESH__EXT__V1__LIST_ADMINS_REQUEST__INIT;
	const certificate_list *list;
	ProtobufCMessage *reply;
	struct error err = { 0 };
	int code;

	if (session_call(s, ADMINS, "List", &request.base, &reply, &err) < 0)
		return command_fail(&err);
	list = (const certificate_list *)reply;
	code = output_structured(s->format) ? print_json(s, list) : print_table(list);
	protobuf_c_message_free_unpacked(reply, NULL);
	return code;
}

int revocation_make(struct session *s, char *name, char *serial)
{
	Webmesh__Ext__V1__RevokeAdminRequest request = WEBMESH__EXT__V1__REVOKE_ADMIN_REQUEST__INIT;
	ProtobufCMessage *reply;
	struct error err = { 0 };

	request.name = name;
	request.serial = serial ? serial : (char *)"";
	if (session_call_leader(s, ADMINS, "Revoke", &request.base, &reply, &err) < 0)
		return command_fail(&err);
	protobuf_c_message_free_unpacked(reply, NULL);
	if (!output_structured(s->format))
		printf("%s%s%s is revoked\n", name, serial ? " " : "", serial ? serial : "");
	return EXIT_OK;
}
