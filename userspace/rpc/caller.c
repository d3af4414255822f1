// SPDX-License-Identifier: Apache-2.0
#include "rpc/caller.h"

#include <grpc/grpc_security.h>
#include <string.h>

static bool over_tls(const grpc_auth_context *auth)
{
	grpc_auth_property_iterator it;
	const grpc_auth_property *p;

	it = grpc_auth_context_find_properties_by_name(auth,
						       GRPC_TRANSPORT_SECURITY_TYPE_PROPERTY_NAME);
	p = grpc_auth_property_iterator_next(&it);
	return p && !strcmp(p->value, GRPC_SSL_TRANSPORT_SECURITY_TYPE);
}

bool rpc_caller_certificate(grpc_call *call, bool (*fn)(void *data, const char *pem), void *data)
{
	grpc_auth_context *auth = grpc_call_auth_context(call);
	grpc_auth_property_iterator it;
	const grpc_auth_property *pem;
	bool good;

	if (!auth)
		return false;
	it = grpc_auth_context_find_properties_by_name(auth, GRPC_X509_PEM_CERT_PROPERTY_NAME);
	pem = grpc_auth_property_iterator_next(&it);
	good = pem && fn(data, pem->value);
	grpc_auth_context_release(auth);
	return good;
}

void rpc_caller_identity(grpc_call *call, const char *mesh_id, struct rpc_identity *ret)
{
	grpc_auth_context *auth = grpc_call_auth_context(call);
	grpc_auth_property_iterator it;
	const grpc_auth_property *uri;

	memset(ret, 0, sizeof(*ret));
	if (!auth)
		return;
	it = grpc_auth_context_find_properties_by_name(auth, GRPC_PEER_URI_PROPERTY_NAME);
	uri = grpc_auth_property_iterator_next(&it);
	/* Two URIs are two claims: believe neither. */
	if (uri && !grpc_auth_property_iterator_next(&it) && over_tls(auth))
		rpc_identity_parse(uri->value, uri->value_length, mesh_id, ret);
	grpc_auth_context_release(auth);
}
