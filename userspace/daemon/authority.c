// SPDX-License-Identifier: Apache-2.0
#include "daemon/authority.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/node_channel.h"
#include "ext/v1/authority.pb-c.h"
#include "rpc/client.h"

enum { TIMEOUT_MS = 5000 };

static void paths(const struct daemon *d, char cert[PATH_MAX], char key[PATH_MAX])
{
	settings_path(&d->settings, "identity/" IDENTITY_CA_FILE, cert);
	settings_path(&d->settings, "identity/" IDENTITY_CA_KEY_FILE, key);
}

int authority_load(struct daemon *d, struct error *err)
{
	char cert[PATH_MAX], key[PATH_MAX];
	int r;

	paths(d, cert, key);
	r = ca_load(cert, key, &d->ca, err);
	return r == -ERR_NOT_FOUND ? 0 : r;
}

static int take_key(struct daemon *d, const Webmesh__Ext__V1__FetchKeyResponse *reply,
		    struct error *err)
{
	char cert[PATH_MAX], key[PATH_MAX], *pem;
	int r;

	pem = strndup((const char *)reply->ca_key_pem.data, reply->ca_key_pem.len);
	if (!pem)
		return error_set(err, ERR_MEMORY, "no memory for the authority's key");
	r = ca_parse(d->identity.ca_pem, pem, &d->ca, err);
	wipe(pem, reply->ca_key_pem.len);
	free(pem);
	paths(d, cert, key);
	return r < 0 ? r : ca_save(d->ca, cert, key, err);
}

static void fetched(const ProtobufCMessage *reply, const struct error *err, void *ctx)
{
	struct daemon *d = ctx;
	struct error outcome = *err;

	if (reply) {
		take_key(d, (const Webmesh__Ext__V1__FetchKeyResponse *)reply, &outcome);
		wipe(((const Webmesh__Ext__V1__FetchKeyResponse *)reply)->ca_key_pem.data,
		     ((const Webmesh__Ext__V1__FetchKeyResponse *)reply)->ca_key_pem.len);
	}
	if (outcome.kind == ERR_NONE)
		log_info("authority-key", "from=%s", rpc_channel_address(d->authority));
	else
		log_info("authority-key-failed", "from=%s reason=\"%s\"",
			 rpc_channel_address(d->authority), log_text(outcome.text));
	rpc_channel_free(d->authority);
	d->authority = NULL;
	d->authority_call = NULL;
}

static int fetch(struct daemon *d, struct error *err)
{
	const struct rpc_target target = { .service = &webmesh__ext__v1__authority__descriptor,
					   .method = "FetchKey", .timeout_ms = TIMEOUT_MS };
	Webmesh__Ext__V1__FetchKeyRequest request = WEBMESH__EXT__V1__FETCH_KEY_REQUEST__INIT;
	struct directory dir;
	int r = directory_fill(&dir, d->state, d->local, replica_configuration(d->replica),
			       d->settings.id, err);

	if (r < 0 || !dir.count)
		return r;
	r = node_channel_open(&d->identity, &dir.entries[d->authority_turn++ % dir.count], 1,
			      &d->authority, err);
	if (r < 0)
		return r;
	r = rpc_client_call(d->pump, d->authority, &target, &request.base, fetched, d,
			    &d->authority_call, err);
	if (r < 0) {
		rpc_channel_free(d->authority);
		d->authority = NULL;
	}
	return r;
}

void authority_advance(struct daemon *d)
{
	struct error err = { 0 };

	if (d->ca || d->authority || !replica_is_voter(d->replica, d->settings.id))
		return;
	if (fetch(d, &err) < 0)
		log_info("authority-key-failed", "reason=\"%s\"", log_text(err.text));
}

void authority_stop(struct daemon *d)
{
	if (d->authority_call)
		rpc_client_cancel(d->authority_call);
}
