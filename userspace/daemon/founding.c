// SPDX-License-Identifier: Apache-2.0
#include "daemon/founding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "crypto/random.h"
#include "daemon/join.h"
#include "daemon/now.h"
#include "store/commands.h"
#include "store/state_query.h"

static void founded(void *data, const struct apply_result *result, const struct error *err)
{
	struct daemon *d = data;
	const struct error *outcome = result ? &result->error : err;

	d->founding = false;
	if (outcome->kind == ERR_NONE)
		log_info("mesh-founded", "mesh=%s node=%s", d->identity.info.subject.mesh_id,
			 d->settings.id);
	else
		log_warn("founding-failed", "reason=\"%s\"", log_text(outcome->text));
}

static int add_mesh(struct daemon *d, struct entry *e, struct mesh *mesh, struct error *err)
{
	uint8_t random[MESH_ULA_RANDOM];
	int r = random_bytes(random, sizeof(random), err);

	if (r < 0)
		return r;
	mesh_init(mesh, random);
	mesh->ipv4 = d->settings.ipv4_prefix;
	snprintf(mesh->domain, sizeof(mesh->domain), "%s", d->settings.domain);
	return command_set_mesh(e, mesh, err);
}

static int add_founder(struct daemon *d, struct entry *e, const struct mesh *mesh,
		       struct error *err)
{
	struct ipam_range ipv4 = ipam_ipv4_range(&mesh->ipv4), ipv6 = ipam_ipv6_range(&mesh->ula);
	const struct raft_configuration *c = replica_configuration(d->replica);
	struct member member = { 0 };
	struct node node;
	int r;

	join_describe_self(d, &node);
	node.server_id = raft_configuration_lookup_name(c, node.id)->id;
	node.created_at = node.updated_at = daemon_now();
	node.ipv6 = ipam_ipv6_network(ipam_pick(&ipv6, (const uint8_t[8]){ 0 }));
	if (!d->settings.no_ipv4)
		node.ipv4 = ipam_ipv4_address(&mesh->ipv4, ipv4.first);
	r = command_register_node(e, &node, err);
	if (r < 0)
		return r;
	r = command_set_ability(e, node.id, state_schema_latest(), err);
	if (r < 0)
		return r;
	join_describe_member(&node, d->settings.prefer_raft_ipv6, &member);
	return command_put_member(e, &member, err);
}

static int add_certificate(struct daemon *d, struct entry *e, struct error *err)
{
	struct certificate cert = { .role = NODE_VOTER,
				    .expires_at = d->identity.info.not_after * 1000000000 };

	memcpy(cert.serial, d->identity.info.serial, sizeof(d->identity.info.serial));
	memcpy(cert.node_id, d->settings.id, sizeof(d->settings.id));
	return command_put_certificate(e, &cert, err);
}

static int propose(struct daemon *d, struct error *err)
{
	struct entry *e = entry_new(NULL);
	struct mesh mesh;
	int r;

	if (!e)
		return error_set(err, ERR_MEMORY, "no memory for a log entry");
	r = add_mesh(d, e, &mesh, err);
	if (r == 0)
		r = add_founder(d, e, &mesh, err);
	if (r == 0)
		r = add_certificate(d, e, err);
	if (r == 0)
		r = replica_propose(d->replica, e, founded, d, err);
	entry_free(e);
	return r;
}

void founding_advance(struct daemon *d)
{
	struct error err;
	struct mesh mesh;

	if (d->founding || !replica_leads_up_to_date(d->replica) ||
	    state_get_mesh(d->state, &mesh, NULL) != -ERR_NOT_FOUND)
		return;
	d->founding = true;
	if (propose(d, &err) < 0) {
		d->founding = false;
		log_warn("founding-failed", "reason=\"%s\"", log_text(err.text));
	}
}
