// SPDX-License-Identifier: Apache-2.0
/*
 * raft-load TARGET OPERATION ADDRESS IDENTITY OUTSTANDING SECONDS
 *
 * Keeps so many calls under way to one server, over one connection with mutual TLS, and tells
 * calls per second and the latencies' quantiles in microseconds: "rate p50 p99".
 *
 *	TARGET     wgmesh, etcd: the same client, the same transport, a call of each one's own API
 *	OPERATION  write; linear: a read that sees every write acknowledged before; local: any read
 *
 * The first tenth of the time counts for nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "crypto/identity.h"
#include "etcd.pb-c.h"
#include "rpc/client.h"
#include "v1/admin.pb-c.h"
#include "v1/mesh.pb-c.h"

enum { SAMPLES_MAX = 4 << 20, TIMEOUT_MS = 20000, VALUE_BYTES = 200, PATTERNS = 4 };

struct load;

struct slot {
	struct load *load;
	uint64_t began;
};

struct load {
	uv_loop_t loop;
	struct rpc_pump *pump;
	struct rpc_channel *channel;
	struct rpc_target target;
	const ProtobufCMessage *request;
	uint64_t from, until;		/* ns: what counts */
	unsigned int under_way;
	uint32_t *samples;		/* µs */
	size_t count;
	struct error failure;
};

static void die(const char *what, const struct error *err)
{
	fprintf(stderr, "raft-load: %s: %s\n", what, err->text);
	exit(1);
}

static void start(struct slot *slot);

static void on_reply(const ProtobufCMessage *reply, const struct error *err, void *ctx)
{
	struct slot *slot = ctx;
	struct load *l = slot->load;
	uint64_t now = uv_hrtime();

	l->under_way--;
	if (!reply)
		die("a call failed", err);
	if (now >= l->from && now < l->until && l->count < SAMPLES_MAX)
		l->samples[l->count++] = (uint32_t)((now - slot->began) / 1000);
	if (now < l->until)
		start(slot);
	else if (!l->under_way)
		uv_stop(&l->loop);
}

static void start(struct slot *slot)
{
	struct load *l = slot->load;
	struct error err;

	slot->began = uv_hrtime();
	if (rpc_client_call(l->pump, l->channel, &l->target, l->request, on_reply, slot, NULL,
			    &err) < 0)
		die("a call", &err);
	l->under_way++;
}

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

/* ---- the run ---- */

static void connect_to(struct load *l, const char *address, const char *dir)
{
	struct rpc_channel_config config = { .address = address };
	struct identity id;
	struct error err;

	if (identity_load(dir, &id, &err) < 0)
		die(dir, &err);
	config.ca_pem = id.ca_pem;
	config.cert_pem = id.cert_pem;
	config.key_pem = id.key_pem;
	if (rpc_pump_new(&l->loop, &l->pump, &err) < 0 ||
	    rpc_channel_new(&config, &l->channel, &err) < 0)
		die(address, &err);
	identity_fini(&id);
}

static int ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void tell(struct load *l)
{
	double seconds = (double)(l->until - l->from) / 1e9;

	if (!l->count) {
		fputs("raft-load: no call was answered in time\n", stderr);
		exit(1);
	}
	qsort(l->samples, l->count, sizeof(l->samples[0]), ascending);
	printf("%.1f %u %u\n", (double)l->count / seconds, l->samples[l->count / 2],
	       l->samples[l->count * 99 / 100]);
}

int main(int argc, char *argv[])
{
	static struct load l;
	unsigned int outstanding = argc == 7 ? (unsigned int)atoi(argv[5]) : 0;
	double seconds = argc == 7 ? atof(argv[6]) : 0;
	struct slot *slots = calloc(outstanding + 1, sizeof(*slots));

	l.samples = malloc(SAMPLES_MAX * sizeof(l.samples[0]));
	if (!outstanding || seconds <= 0 || !slots || !l.samples) {
		fputs("usage: raft-load wgmesh|etcd write|linear|local ADDRESS IDENTITY OUTSTANDING SECONDS\n", stderr);
		return 2;
	}
	uv_loop_init(&l.loop);
	connect_to(&l, argv[3], argv[4]);
	l.target.timeout_ms = TIMEOUT_MS;
	if (strcmp(argv[1], "etcd") == 0)
		choose_etcd(&l, argv[2]);
	else
		choose_wgmesh(&l, argv[2]);
	l.until = uv_hrtime() + (uint64_t)(seconds * 1e9);
	l.from = l.until - (uint64_t)(seconds * 0.9e9);
	for (unsigned int i = 0; i < outstanding; i++) {
		slots[i].load = &l;
		start(&slots[i]);
	}
	uv_run(&l.loop, UV_RUN_DEFAULT);
	tell(&l);
	fflush(stdout);
	_exit(0);	/* the connection is the kernel's to take down */
}
