// SPDX-License-Identifier: Apache-2.0
/*
 * raft-load TARGET OPERATION ADDRESS IDENTITY OUTSTANDING SECONDS
 *
 * Keeps so many calls under way to one server, over one connection with mutual TLS, and tells
 * calls per second and the latencies' quantiles as lib/load.h has them.
 *
 *	TARGET     wgmesh, etcd: the same client, the same transport, a call of each one's own API
 *	OPERATION  write; linear: a read that sees every write acknowledged before; local: any read
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etcd.pb-c.h"
#include "load.h"
#include "v1/admin.pb-c.h"
#include "v1/mesh.pb-c.h"

enum { VALUE_BYTES = 200, PATTERNS = 4 };

/* ---- what is asked ---- */

static const struct rpc_metadata linearizable = { "wgmesh-read", "linearizable" };

/* A value that is put under a name, of as many bytes as etcd's. */
static void choose_put(struct load *l)
{
	static char pattern[VALUE_BYTES / PATTERNS + 1];
	static char *patterns[PATTERNS];
	static RaftACL acl = RAFT_ACL__INIT;

	memset(pattern, 'a', sizeof(pattern) - 1);
	for (int i = 0; i < PATTERNS; i++)
		patterns[i] = pattern;
	acl.name = (char *)"key-0123456789ab";
	acl.action = ACLACTION__ACLActionAllow;
	acl.patterns = patterns;
	acl.n_patterns = PATTERNS;
	l->target.service = &v1__admin__descriptor;
	l->target.method = "PutRaftACL";
	l->request = &acl.base;
}

static void choose_wgmesh(struct load *l, const char *operation)
{
	static V1__GetNodeRequest get = V1__GET_NODE_REQUEST__INIT;

	if (strcmp(operation, "write") == 0) {
		choose_put(l);
		return;
	}
	get.id = (char *)"n1";
	l->target.service = &v1__mesh__descriptor;
	l->target.method = "GetNode";
	l->request = &get.base;
	if (strcmp(operation, "linear") == 0) {
		l->target.metadata = &linearizable;
		l->target.metadata_count = 1;
	}
}

static void choose_etcd(struct load *l, const char *operation)
{
	static Etcdserverpb__PutRequest put = ETCDSERVERPB__PUT_REQUEST__INIT;
	static Etcdserverpb__RangeRequest range = ETCDSERVERPB__RANGE_REQUEST__INIT;
	static uint8_t key[] = "key-0123456789ab", value[VALUE_BYTES];

	l->target.service = &etcdserverpb__kv__descriptor;
	put.key = range.key = (ProtobufCBinaryData){ sizeof(key) - 1, key };
	put.value = (ProtobufCBinaryData){ sizeof(value), value };
	range.serializable = strcmp(operation, "local") == 0;
	l->target.method = strcmp(operation, "write") == 0 ? "Put" : "Range";
	l->request = strcmp(operation, "write") == 0 ? &put.base : &range.base;
}

int main(int argc, char *argv[])
{
	unsigned int outstanding = argc == 7 ? (unsigned int)atoi(argv[5]) : 0;
	double seconds = argc == 7 ? atof(argv[6]) : 0;
	struct load l;

	if (!outstanding || seconds <= 0) {
		fputs("usage: raft-load wgmesh|etcd write|linear|local ADDRESS IDENTITY OUTSTANDING SECONDS\n", stderr);
		return 2;
	}
	load_init(&l, "raft-load");
	load_connect(&l, argv[3], argv[4], 1);
	if (strcmp(argv[1], "etcd") == 0)
		choose_etcd(&l, argv[2]);
	else
		choose_wgmesh(&l, argv[2]);
	load_run(&l, outstanding, seconds);
	load_tell(&l);
}
