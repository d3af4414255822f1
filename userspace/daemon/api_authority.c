// SPDX-License-Identifier: Apache-2.0
/*
 * webmesh.ext.v1.Authority: the CA's key for voters, so that any leader can
 * enrol nodes.  Whoever votes can rewrite the whole state anyway: the key gives
 * him no power that he has not.
 */
#include <string.h>

#include "daemon/api.h"
#include "ext/v1/authority.pb-c.h"

void api_fetch_key(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	Webmesh__Ext__V1__FetchKeyResponse m = WEBMESH__EXT__V1__FETCH_KEY_RESPONSE__INIT;
	const char *caller = rpc_call_identity(call)->id;
	struct error outcome = { 0 };
	struct daemon *d = user;
	const char *key;

	if (!replica_is_voter(d->replica, caller))
		error_set(&outcome, ERR_DENIED, "%s is no voter", caller);
	else if (!d->ca)
		error_set(&outcome, ERR_PRECONDITION,
			  "%s does not have the authority's key: ask another voter",
			  d->settings.id);
	api_audit(call, "authority-key", caller, &outcome);
	if (outcome.kind != ERR_NONE) {
		rpc_fail(call, &outcome);
		return;
	}
	key = ca_key_pem(d->ca);
	m.ca_key_pem.data = (uint8_t *)key;
	m.ca_key_pem.len = strlen(key);
	rpc_reply(call, &m.base);
}
