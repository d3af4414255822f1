// SPDX-License-Identifier: Apache-2.0
/*
 * grpc.reflection.v1 and v1alpha: what the API is, for tools that know no .proto file.  The two
 * have the same messages under two names; one handler serves both.  One answer per question, and
 * no next question is read before: who does not read the answers is not served.
 */
#include <stdlib.h>

#include "daemon/api.h"
#include "daemon/descriptors.h"
#include "grpc/reflection/v1/reflection.pb-c.h"
#include "rpc/status.h"

typedef Grpc__Reflection__V1__ServerReflectionRequest question;
typedef Grpc__Reflection__V1__ServerReflectionResponse reply;

#define ASKED(name) GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_##name
#define TOLD(name) GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_##name

static void tell(struct rpc_call *call, const question *q, reply *m)
{
	struct error err = { 0 };

	m->valid_host = q->host;
	m->original_request = (question *)q;
	if (rpc_send(call, &m->base, &err) < 0)
		rpc_fail(call, &err);
}

static void send_error(struct rpc_call *call, const question *q, enum error_kind kind,
		       const char *text)
{
	Grpc__Reflection__V1__ErrorResponse error = GRPC__REFLECTION__V1__ERROR_RESPONSE__INIT;
	reply m = GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__INIT;

	error.error_code = rpc_status_of(kind);
	error.error_message = (char *)text;
	m.message_response_case = TOLD(ERROR_RESPONSE);
	m.error_response = &error;
	tell(call, q, &m);
}

/* ---- files ---- */

static bool pack(const descriptor_file *file, ProtobufCBinaryData *out)
{
	out->len = google__protobuf__file_descriptor_proto__get_packed_size(file);
	out->data = malloc(out->len + 1);
	if (out->data)
		google__protobuf__file_descriptor_proto__pack(file, out->data);
	return out->data != NULL;
}

static void send_file(struct daemon *d, struct rpc_call *call, const question *q,
		      const descriptor_file *file)
{
	Grpc__Reflection__V1__FileDescriptorResponse files =
			GRPC__REFLECTION__V1__FILE_DESCRIPTOR_RESPONSE__INIT;
	reply m = GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__INIT;
	const descriptor_file *list[DESCRIPTORS_MAX];
	ProtobufCBinaryData bytes[DESCRIPTORS_MAX];
	size_t n, packed = 0;

	if (!file) {
		send_error(call, q, ERR_NOT_FOUND, "there is no such file or symbol");
		return;
	}
	n = descriptors_closure(d->descriptors, file, list);
	while (packed < n && pack(list[packed], &bytes[packed]))
		packed++;
	files.n_file_descriptor_proto = n;
	files.file_descriptor_proto = bytes;
	m.message_response_case = TOLD(FILE_DESCRIPTOR_RESPONSE);
	m.file_descriptor_response = &files;
	if (packed == n)
		tell(call, q, &m);
	else
		send_error(call, q, ERR_MEMORY, "no memory for the descriptors");
	while (packed)
		free(bytes[--packed].data);
}

/* ---- services ---- */

static void send_services(struct rpc_call *call, const question *q)
{
	Grpc__Reflection__V1__ListServiceResponse list =
			GRPC__REFLECTION__V1__LIST_SERVICE_RESPONSE__INIT;
	reply m = GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__INIT;
	const struct rpc_method *methods;
	size_t n = api_methods(&methods);
	Grpc__Reflection__V1__ServiceResponse *services = calloc(n, sizeof(*services)), **items;

	items = calloc(n, sizeof(*items));
	for (size_t i = 0; services && items && i < n; i++) {
		/* A service's methods stand together in the table. */
		if (i && methods[i].service == methods[i - 1].service)
			continue;
		grpc__reflection__v1__service_response__init(&services[i]);
		services[i].name = (char *)methods[i].service->name;
		items[list.n_service++] = &services[i];
	}
	list.service = items;
	m.message_response_case = TOLD(LIST_SERVICES_RESPONSE);
	m.list_services_response = &list;
	if (services && items)
		tell(call, q, &m);
	else
		send_error(call, q, ERR_MEMORY, "no memory to list the services");
	free(services);
	free(items);
}

/* ---- extensions: proto3 has none ---- */

static void send_extensions(struct daemon *d, struct rpc_call *call, const question *q)
{
	Grpc__Reflection__V1__ExtensionNumberResponse none =
			GRPC__REFLECTION__V1__EXTENSION_NUMBER_RESPONSE__INIT;
	reply m = GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__INIT;

	if (!descriptors_is_message(d->descriptors, q->all_extension_numbers_of_type)) {
		send_error(call, q, ERR_NOT_FOUND, "there is no such message");
		return;
	}
	none.base_type_name = q->all_extension_numbers_of_type;
	m.message_response_case = TOLD(ALL_EXTENSION_NUMBERS_RESPONSE);
	m.all_extension_numbers_response = &none;
	tell(call, q, &m);
}

/* ---- the stream ---- */

static void answer(struct daemon *d, struct rpc_call *call, const question *q)
{
	switch (q->message_request_case) {
	case ASKED(FILE_BY_FILENAME):
		send_file(d, call, q, descriptors_lookup(d->descriptors, q->file_by_filename));
		break;
	case ASKED(FILE_CONTAINING_SYMBOL):
		send_file(d, call, q, descriptors_find(d->descriptors, q->file_containing_symbol));
		break;
	case ASKED(FILE_CONTAINING_EXTENSION):
		send_error(call, q, ERR_NOT_FOUND, "this API has no extensions");
		break;
	case ASKED(ALL_EXTENSION_NUMBERS_OF_TYPE):
		send_extensions(d, call, q);
		break;
	case ASKED(LIST_SERVICES):
		send_services(call, q);
		break;
	default:
		send_error(call, q, ERR_INVALID, "message_request: nothing is asked");
	}
}

static void asked(struct rpc_call *call, const ProtobufCMessage *msg, void *ctx)
{
	if (!msg) {
		rpc_finish(call);
		return;
	}
	answer(ctx, call, (const question *)msg);
	rpc_call_read(call);
}

void api_reflect(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	static const struct rpc_call_ops ops = { .message = asked };

	rpc_call_set_ops(call, &ops, user);
	rpc_call_read(call);
}
