// SPDX-License-Identifier: Apache-2.0
/*
 * api-load OPERATION ADDRESS IDENTITY CONNECTIONS OUTSTANDING SECONDS PIDS
 *
 * Keeps so many calls under way on each of the connections; OPERATION is status (v1.Node.GetStatus),
 * node (v1.Mesh.GetNode of n1) or leader (the same, of the leader, whomever it is that is asked).
 *
 * api-load join|join-standing ADDRESS IDENTITY FIRST COUNT OUTSTANDING PIDS
 *
 * New nodes join, the first one "joiner-FIRST", so many at once, each over a connection of its
 * own with its own certificate, which IDENTITY, that of a voter with the CA's key, has issued
 * before; state-fill has let them in.  join: connecting is part of it.  join-standing: all have
 * connected before it begins.
 *
 * PIDS, "1,2", are the servers' processes.  What is told: lib/load.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/ca.h"
#include "daemon/schema_gate.h"
#include "load.h"
#include "store/state_store.h"
#include "v1/mesh.pb-c.h"
#include "v1/node.pb-c.h"

enum { DAY = 86400 };

static const struct rpc_metadata of_leader = { "prefer-leader", "true" };

static void choose_call(struct load *l, const char *operation)
{
	static V1__GetStatusRequest status = V1__GET_STATUS_REQUEST__INIT;
	static V1__GetNodeRequest node = V1__GET_NODE_REQUEST__INIT;

	node.id = (char *)"n1";
	if (strcmp(operation, "status") == 0) {
		l->target.service = &v1__node__descriptor;
		l->target.method = "GetStatus";
		l->request = &status.base;
		return;
	}
	l->target.service = &v1__mesh__descriptor;
	l->target.method = "GetNode";
	l->request = &node.base;
	if (strcmp(operation, "leader") == 0) {
		l->target.metadata = &of_leader;
		l->target.metadata_count = 1;
	}
}

/* ---- joining ---- */

struct joiner {
	struct identity identity;
	struct rpc_channel *channel;
	V1__JoinRequest request;
	char id[NODE_ID_MAX + 1], key[KEY_TEXT_MAX];
};

struct joiners {
	const char *address;
	struct joiner *all;
	unsigned int count, done;
};

struct issuer {
	struct ca *ca;
	char *key_pem, *csr_pem;	/* one key for all: what a certificate says is who it is */
};

static void describe(struct joiner *j, unsigned int number)
{
	struct key key = { .bytes = "joiner" };

	memcpy(key.bytes + 8, &number, sizeof(number));
	snprintf(j->id, sizeof(j->id), "joiner-%u", number);
	v1__join_request__init(&j->request);
	j->request.id = j->id;
	j->request.public_key = key_format(&key, j->key);
	j->request.raft_port = 9443;
	j->request.grpc_port = 8443;
	j->request.wireguard_port = 51820;
	j->request.assign_ipv4 = true;
}

static void certify(const struct load *l, const struct issuer *issuer, struct joiner *j)
{
	struct subject subject;
	struct issued issued;
	struct error err;

	if (!subject_init(&subject, SUBJECT_NODE, ca_mesh_id(issuer->ca), j->id))
		load_die(l, j->id, NULL);
	if (ca_issue(issuer->ca, &subject, issuer->csr_pem, time(NULL), DAY, &issued, &err) < 0 ||
	    identity_init(&j->identity, ca_cert_pem(issuer->ca), issued.pem, issuer->key_pem,
			  &err) < 0)
		load_die(l, j->id, &err);
	issued_fini(&issued);
}

static void make_joiners(struct load *l, struct joiners *joiners, const char *dir,
			 unsigned int first)
{
	char cert[256], key[256];
	struct issuer issuer;
	struct error err;

	snprintf(cert, sizeof(cert), "%s/" IDENTITY_CA_FILE, dir);
	snprintf(key, sizeof(key), "%s/" IDENTITY_CA_KEY_FILE, dir);
	if (ca_load(cert, key, &issuer.ca, &err) < 0 ||
	    identity_request(&issuer.key_pem, &issuer.csr_pem, &err) < 0)
		load_die(l, dir, &err);
	joiners->all = calloc(joiners->count, sizeof(*joiners->all));
	if (!joiners->all)
		load_die(l, "no memory", NULL);
	for (unsigned int i = 0; i < joiners->count; i++) {
		describe(&joiners->all[i], first + i);
		certify(l, &issuer, &joiners->all[i]);
	}
	ca_free(issuer.ca);
	identity_key_free(issuer.key_pem);
	free(issuer.csr_pem);
}

/* A slot's last connection goes when the next joiner takes its place. */
static bool next_joiner(struct load_slot *slot, void *data)
{
	struct joiners *joiners = data;
	struct joiner *j = &joiners->all[joiners->done];

	if (joiners->done == joiners->count)
		return false;
	joiners->done++;
	if (j->channel) {
		slot->channel = j->channel;
	} else {
		rpc_channel_free(slot->channel);
		slot->channel = load_channel(slot->load, joiners->address, &j->identity);
	}
	slot->request = &j->request.base;
	return true;
}

static void connect_all(struct load *l, struct joiners *joiners)
{
	l->channels = calloc(joiners->count, sizeof(struct rpc_channel *));
	if (!l->channels)
		load_die(l, "no memory", NULL);
	for (unsigned int i = 0; i < joiners->count; i++) {
		struct joiner *j = &joiners->all[i];

		l->channels[l->channel_count++] = j->channel =
			load_channel(l, joiners->address, &j->identity);
	}
	choose_call(l, "status");
	load_warm(l);
	l->channel_count = 0;
}

/* As wgmeshd joins: it follows the log, and says how new a one it can apply. */
static void join(struct load *l, char *argv[])
{
	struct joiners joiners = { .address = argv[2], .count = (unsigned int)atoi(argv[5]) };
	char schema[16];
	const struct rpc_metadata ability = { SCHEMA_METADATA, schema };

	snprintf(schema, sizeof(schema), "%u", state_schema_latest());
	make_joiners(l, &joiners, argv[3], (unsigned int)atoi(argv[4]));
	if (strcmp(argv[1], "join-standing") == 0)
		connect_all(l, &joiners);
	l->target.service = &v1__node__descriptor;
	l->target.method = "Join";
	l->target.metadata = &ability;
	l->target.metadata_count = 1;
	l->next = next_joiner;
	l->data = &joiners;
	load_run_all(l, (unsigned int)atoi(argv[6]));
	load_tell(l);
}

static void call(struct load *l, char *argv[])
{
	choose_call(l, argv[1]);
	load_connect(l, argv[2], argv[3], (unsigned int)atoi(argv[4]));
	load_run(l, (unsigned int)atoi(argv[5]), atof(argv[6]));
	load_tell(l);
}

int main(int argc, char *argv[])
{
	struct load l;

	if (argc != 8) {
		fputs("usage: api-load status|node|leader ADDRESS IDENTITY CONNECTIONS OUTSTANDING SECONDS PIDS\n"
		      "       api-load join|join-standing ADDRESS IDENTITY FIRST COUNT OUTSTANDING PIDS\n", stderr);
		return 2;
	}
	load_init(&l, "api-load");
	l.pids = argv[7];
	if (strncmp(argv[1], "join", 4) == 0)
		join(&l, argv);
	else
		call(&l, argv);
}
