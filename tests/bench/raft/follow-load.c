// SPDX-License-Identifier: Apache-2.0
/*
 * follow-load SERVERS IDENTITY ADMIN COUNT FOLDER WRITES
 *
 * So many followers of a mesh in one process: each one is wgmeshd's follower with a connection, a
 * log and a state of its own, in FOLDER.  SERVERS: "host:port,…", the leader first; IDENTITY and
 * ADMIN: folders of a node's and an administrator's certificates.  When all have what there is it
 * writes, one after the other, and tells how long after its acknowledgement each write is applied
 * everywhere: "p50 p99" in microseconds.  Then it follows until it is ended.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <uv.h>

#include "daemon/follower.h"
#include "ext/v1/tokens.pb-c.h"
#include "rpc/client.h"
#include "rpc/pump.h"

enum { SETTLE_MS = 1000, TIMEOUT_MS = 20000, POLL_MS = 50 };

struct bench;

struct one {
	struct bench *bench;
	struct log_store *log;
	struct state_store *state;
	struct follower *follower;
	uint64_t changed_at;		/* ns */
};

struct bench {
	uv_loop_t loop;
	uv_timer_t timer;
	struct rpc_pump *pump;
	struct rpc_channel *channel;
	struct identity identity;
	struct directory servers;
	struct one *followers;
	unsigned int count, behind;	/* of the followers, those that have not @target */
	uint64_t target;
	uint64_t acknowledged;	/* ns: when the write under way was; 0: not yet */
	uint32_t *samples;		/* µs */
	unsigned int done, writes;
};

static void check(int r, const struct error *err)
{
	if (r >= 0)
		return;
	fprintf(stderr, "follow-load: %s\n", err->text);
	exit(1);
}

/* ---- followers ---- */

static int give_sources(void *data, struct directory *ret, struct error *err)
{
	*ret = ((struct one *)data)->bench->servers;
	return 0;
}

static void ignore_configuration(void *data, const struct log_entry *entry)
{
}

static void ignore(void *data)
{
}

static void source_changed(void *data, const char *node_id, const char *why)
{
	if (!node_id)
		fprintf(stderr, "follow-load: a source is lost: %s\n", why);
}

static void failed(void *data, const struct error *err)
{
	check(-1, err);
}

static void consider_sample(struct bench *b);

static void changed(void *data, const struct state_changes *changes)
{
	struct one *one = data;
	struct bench *b = one->bench;

	if (!b->target || one->changed_at || state_store_applied(one->state) < b->target)
		return;
	one->changed_at = uv_hrtime();
	b->behind--;
	consider_sample(b);
}

static void open_stores(struct one *one, const char *dir, char path[PATH_MAX])
{
	struct error err;

	snprintf(path, PATH_MAX, "%s/raft.db", dir);
	check(log_store_open(path, &one->log, &err), &err);
	snprintf(path, PATH_MAX, "%s/state.db", dir);
	check(state_store_open(path, &one->state, &err), &err);
}

static void start_follower(struct bench *b, struct one *one, const char *dir)
{
	char path[PATH_MAX];
	struct error err;

	one->bench = b;
	mkdir(dir, 0700);
	open_stores(one, dir, path);
	const struct follower_config config = {
		.loop = &b->loop, .pump = b->pump, .writer = log_writer_new(&b->loop, one->log),
		.state = one->state, .state_path = path, .snapshots = snapshots_new(&b->loop, path),
		.agreement = agreement_new(&b->loop, path, NULL, NULL), .identity = &b->identity,
		.listener = { .changed = changed, .data = one }, .sources = give_sources,
		.configuration = ignore_configuration, .caught_up = ignore, .installed = ignore,
		.source_changed = source_changed, .failed = failed, .data = one,
	};

	check(config.writer && config.snapshots && config.agreement ? 0 : -1,
	      &(struct error){ .text = "no memory" });
	check(follower_new(&config, &one->follower, &err), &err);
}

/* ---- writes ---- */

static void on_reply(const ProtobufCMessage *reply, const struct error *err, void *ctx)
{
	struct bench *b = ctx;

	check(reply ? 0 : -1, err);
	b->acknowledged = uv_hrtime();
	consider_sample(b);
}

static void write_one(struct bench *b)
{
	static Webmesh__Ext__V1__CreateTokenRequest create =
			WEBMESH__EXT__V1__CREATE_TOKEN_REQUEST__INIT;
	const struct rpc_target target = { .service = &webmesh__ext__v1__tokens__descriptor,
					   .method = "Create", .timeout_ms = TIMEOUT_MS };
	struct error err;

	create.role = (char *)"observer";
	b->target = state_store_applied(b->followers[0].state) + 1;
	b->behind = b->count;
	b->acknowledged = 0;
	for (unsigned int i = 0; i < b->count; i++)
		b->followers[i].changed_at = 0;
	check(rpc_client_call(b->pump, b->channel, &target, &create.base, on_reply, b, NULL, &err),
	      &err);
}

static int ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void tell(struct bench *b)
{
	b->target = 0;
	qsort(b->samples, b->done, sizeof(b->samples[0]), ascending);
	printf("%u %u\n", b->samples[b->done / 2], b->samples[b->done * 99 / 100]);
	fflush(stdout);
}

/* Behind both the acknowledgement and the last follower: the one may overtake the other. */
static void consider_sample(struct bench *b)
{
	uint64_t last = b->acknowledged;

	if (b->behind || !b->acknowledged)
		return;
	for (unsigned int i = 0; i < b->count; i++)
		if (b->followers[i].changed_at > last)
			last = b->followers[i].changed_at;
	b->samples[b->done++] = (uint32_t)((last - b->acknowledged) / 1000);
	if (b->done < b->writes)
		write_one(b);
	else
		tell(b);
}

/* All have the same, and know no more: then the writes begin. */
static bool all_level(const struct bench *b)
{
	uint64_t first = state_store_applied(b->followers[0].state);

	for (unsigned int i = 0; i < b->count; i++) {
		const struct one *one = &b->followers[i];

		if (state_store_applied(one->state) != first || !first ||
		    follower_commit_index(one->follower) > first)
			return false;
	}
	return true;
}

static void on_timer(uv_timer_t *timer)
{
	struct bench *b = timer->data;

	if (!all_level(b))
		return;
	uv_timer_stop(timer);
	write_one(b);
}

/* ---- start ---- */

static void add_servers(struct bench *b, char *list)
{
	for (char *rest = NULL,
	     *word = strtok_r(list, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
		struct directory_entry *entry = &b->servers.entries[b->servers.count++];

		snprintf(entry->address, sizeof(entry->address), "%s", word);
		b->servers.servers++;
	}
}

static void connect_to(struct bench *b, const char *dir)
{
	struct rpc_channel_config config = { .address = b->servers.entries[0].address };
	struct identity admin;
	struct error err;

	check(identity_load(dir, &admin, &err), &err);
	config.ca_pem = admin.ca_pem;
	config.cert_pem = admin.cert_pem;
	config.key_pem = admin.key_pem;
	check(rpc_channel_new(&config, &b->channel, &err), &err);
	identity_fini(&admin);
}

static void allow_files(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static void start_all(struct bench *b, const char *folder)
{
	char dir[PATH_MAX - 16];

	for (unsigned int i = 0; i < b->count; i++) {
		snprintf(dir, sizeof(dir), "%s/%u", folder, i);
		start_follower(b, &b->followers[i], dir);
	}
	uv_timer_init(&b->loop, &b->timer);
	b->timer.data = b;
	uv_timer_start(&b->timer, on_timer, SETTLE_MS, POLL_MS);
}

int main(int argc, char *argv[])
{
	static struct bench b;
	struct error err;

	b.count = argc == 7 ? (unsigned int)atoi(argv[4]) : 0;
	b.writes = argc == 7 ? (unsigned int)atoi(argv[6]) : 0;
	b.followers = calloc(b.count + 1, sizeof(*b.followers));
	b.samples = calloc(b.writes + 1, sizeof(*b.samples));
	if (!b.count || !b.writes || !b.followers || !b.samples) {
		fputs("usage: follow-load SERVERS IDENTITY ADMIN COUNT FOLDER WRITES\n", stderr);
		return 2;
	}
	allow_files();
	uv_loop_init(&b.loop);
	check(rpc_pump_new(&b.loop, &b.pump, &err), &err);
	check(identity_load(argv[2], &b.identity, &err), &err);
	add_servers(&b, argv[1]);
	connect_to(&b, argv[3]);
	start_all(&b, argv[5]);
	uv_run(&b.loop, UV_RUN_DEFAULT);
	return 0;
}
