// SPDX-License-Identifier: Apache-2.0
#include "daemon/renewal.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/api.h"
#include "daemon/leader_proxy.h"
#include "daemon/node_channel.h"
#include "daemon/now.h"
#include "daemon/web.h"
#include "ext/v1/enrollment.pb-c.h"
#include "rpc/client.h"

enum { TIMEOUT_MS = 10000, SECONDS_MAX = 3600 };

static int64_t seconds_now(void)
{
	return daemon_now() / 1000000000;
}

/* ---- when? ---- */

/* What the authority grants begins in its past. */
static int64_t life(const struct cert_info *info)
{
	int64_t seconds = info->not_after - info->not_before - CERT_BACKDATE_SECONDS;

	return seconds > 0 ? seconds : 0;
}

int64_t renewal_due(const struct cert_info *info)
{
	char digits[9] = { 0 };

	memcpy(digits, info->serial, sizeof(digits) - 1);
	return info->not_after - life(info) / 3 -
	       (int64_t)(strtoul(digits, NULL, 16) % (uint64_t)(life(info) / 12 + 1));
}

/* A hundredth of the certificate's time, but an hour at most. */
static int64_t retry_after(const struct cert_info *info)
{
	int64_t seconds = life(info) / 100;

	if (seconds > SECONDS_MAX)
		seconds = SECONDS_MAX;
	return seconds ? seconds : 1;
}

/* ---- another identity ---- */

/* What goes wrong here leaves the old one in use, which is good for a while. */
static int show(struct daemon *d, struct error *err)
{
	int r = api_show_identity(d, err);

	if (r == 0)
		r = replica_show_identity(d->replica, err);
	if (r == 0)
		r = web_show_identity(d->web, err);
	leader_proxy_reset(d);
	return r;
}

static int check(const struct daemon *d, const struct identity *fresh, struct error *err)
{
	const struct subject *was = &d->identity.info.subject, *is = &fresh->info.subject;

	if (is->kind == SUBJECT_NODE && strcmp(is->name, was->name) == 0 &&
	    strcmp(is->mesh_id, was->mesh_id) == 0)
		return 0;
	return error_set(err, ERR_INVALID, "the certificate is not that of node %s in mesh %s",
			 was->name, was->mesh_id);
}

/* Takes @fresh over when it succeeds. */
static int adopt(struct daemon *d, struct identity *fresh, struct error *err)
{
	struct identity was = d->identity;
	int r = check(d, fresh, err);

	if (r < 0)
		return r;
	d->identity = *fresh;
	r = show(d, err);
	if (r < 0) {
		d->identity = was;
		return r;
	}
	identity_fini(&was);
	log_info("certificate", "serial=%s expires-in=%lds", d->identity.info.serial,
		 (long)identity_expires_in(&d->identity, seconds_now()));
	return 0;
}

static int take(struct daemon *d, const char *cert_pem, struct error *err)
{
	struct identity fresh;
	char path[PATH_MAX];
	int r = identity_init(&fresh, d->identity.ca_pem, cert_pem, d->renewal.key_pem, err);

	if (r < 0)
		return r;
	r = check(d, &fresh, err);
	if (r == 0)
		r = identity_save(&fresh, settings_path(&d->settings, "identity", path), err);
	if (r == 0)
		r = adopt(d, &fresh, err);
	if (r < 0)
		identity_fini(&fresh);
	return r;
}

void renewal_reread(struct daemon *d)
{
	struct identity fresh;
	struct error err = { 0 };
	char path[PATH_MAX];
	int r = identity_load(settings_path(&d->settings, "identity", path), &fresh, &err);

	if (r == 0 && strcmp(fresh.info.serial, d->identity.info.serial) == 0) {
		identity_fini(&fresh);
		return;
	}
	if (r == 0 && adopt(d, &fresh, &err) < 0) {
		identity_fini(&fresh);
		r = -1;
	}
	if (r < 0)
		log_error("certificate-refused", "reason=\"%s\"", log_text(err.text));
}

/* ---- asking for it ---- */

static void end(struct renewal *r)
{
	rpc_channel_free(r->channel);
	identity_key_free(r->key_pem);
	r->channel = NULL;
	r->call = NULL;
	r->key_pem = NULL;
}

static void answered(const ProtobufCMessage *reply, const struct error *err, void *ctx)
{
	const Webmesh__Ext__V1__RenewResponse *m = (const Webmesh__Ext__V1__RenewResponse *)reply;
	struct error outcome = *err;
	struct daemon *d = ctx;

	if (m)
		take(d, m->certificate_pem, &outcome);
	if (outcome.kind != ERR_NONE)
		log_warn("renewal-failed", "from=%s expires-in=%lds reason=\"%s\"",
			 rpc_channel_address(d->renewal.channel),
			 (long)identity_expires_in(&d->identity, seconds_now()),
			 log_text(outcome.text));
	end(&d->renewal);
}

static int ask_one(struct daemon *d, const struct directory_entry *at, struct error *err)
{
	const struct rpc_target target = { .service = &webmesh__ext__v1__enrollment__descriptor,
					   .method = "Renew", .timeout_ms = TIMEOUT_MS };
	Webmesh__Ext__V1__RenewRequest request = WEBMESH__EXT__V1__RENEW_REQUEST__INIT;
	struct renewal *renewal = &d->renewal;
	char *csr;
	int r = identity_request(&renewal->key_pem, &csr, err);

	if (r < 0)
		return r;
	r = node_channel_open(&d->identity, at, 1, &renewal->channel, err);
	request.csr_pem = csr;
	if (r == 0)
		r = rpc_client_call(d->pump, renewal->channel, &target, &request.base, answered, d,
				    &renewal->call, err);
	free(csr);
	if (r < 0)
		end(renewal);
	return r;
}

/* Any server will do, also this one: it knows who leads. */
static int ask(struct daemon *d, struct error *err)
{
	struct directory dir;
	int r = directory_fill(&dir, d->state, d->local, replica_configuration(d->replica), "", err);

	if (r == 0 && !dir.count)
		r = error_set(err, ERR_UNAVAILABLE, "no server of the mesh is known here");
	return r < 0 ? r : ask_one(d, &dir.entries[d->renewal.turn++ % dir.count], err);
}

void renewal_advance(struct daemon *d)
{
	const struct cert_info *info = &d->identity.info;
	struct error err = { 0 };
	int64_t now = seconds_now();

	if (d->renewal.call || now < renewal_due(info) || now < d->renewal.again_at)
		return;
	d->renewal.again_at = now + retry_after(info);
	if (ask(d, &err) < 0)
		log_warn("renewal-failed", "reason=\"%s\"", log_text(err.text));
}

void renewal_stop(struct daemon *d)
{
	if (d->renewal.call)
		rpc_client_cancel(d->renewal.call);
}
