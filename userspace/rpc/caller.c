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
