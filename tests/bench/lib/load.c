// SPDX-License-Identifier: Apache-2.0
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { SAMPLES_MAX = 4 << 20, TIMEOUT_MS = 20000, CONNECTING_MAX = 64 };

void load_die(const struct load *l, const char *what, const struct error *err)
{
	fprintf(stderr, "%s: %s%s%s\n", l->program, what, err ? ": " : "", err ? err->text : "");
	exit(1);
}

static void *need(const struct load *l, void *memory)
{
	if (!memory)
		load_die(l, "no memory", NULL);
	return memory;
}

void load_init(struct load *l, const char *program)
{
	struct rlimit files;
	struct error err;

	*l = (struct load){ .program = program };
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	l->samples = need(l, malloc(SAMPLES_MAX * sizeof(l->samples[0])));
	l->target.timeout_ms = TIMEOUT_MS;
	if (uv_loop_init(&l->loop) != 0)
		load_die(l, "no loop", NULL);
	if (rpc_pump_new(&l->loop, &l->pump, &err) < 0)
		load_die(l, "a pump", &err);
}

struct rpc_channel *load_channel(struct load *l, const char *address, const struct identity *id)
{
	const struct rpc_channel_config config = { .address = address, .ca_pem = id->ca_pem,
						   .cert_pem = id->cert_pem,
						   .key_pem = id->key_pem };
	struct rpc_channel *channel;
	struct error err;

	if (rpc_channel_new(&config, &channel, &err) < 0)
		load_die(l, address, &err);
	return channel;
}

void load_connect(struct load *l, const char *address, const char *dir, unsigned int count)
{
	unsigned int all = l->channel_count + count;
	struct identity id;
	struct error err;

	if (identity_load(dir, &id, &err) < 0)
		load_die(l, dir, &err);
	l->channels = need(l, reallocarray(l->channels, all, sizeof(struct rpc_channel *)));
	while (l->channel_count < all)
		l->channels[l->channel_count++] = load_channel(l, address, &id);
	identity_fini(&id);
}

/* ---- time on the CPU ---- */

/* µs of user and system time so far; what has ended is an error of whoever measures it. */
static uint64_t cpu_of(const struct load *l, int pid)
{
	unsigned long user, system;
	char path[32], line[1024];
	const char *rest = NULL;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "r");
	if (f && fgets(line, sizeof(line), f))
		rest = strrchr(line, ')');	/* names may have spaces */
	if (!rest || sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
			    &system) != 2)
		load_die(l, path, NULL);
	fclose(f);
	return (user + system) * (1000000 / (unsigned long)sysconf(_SC_CLK_TCK));
}

static uint64_t cpu_of_all(const struct load *l)
{
	uint64_t sum = 0;

	for (const char *at = l->pids; at && *at; at += *at == ',') {
		sum += cpu_of(l, atoi(at));
		at += strcspn(at, ",");
	}
	return sum;
}

/* Read at the first answer behind either end of what counts. */
static void read_cpu(struct load *l, uint64_t now)
{
	if (!l->cpu_from && now >= l->from)
		l->cpu_from = cpu_of_all(l);
	if (!l->cpu_until && now >= l->until)
		l->cpu_until = cpu_of_all(l);
}

/* ---- calls ---- */

static void start(struct load_slot *slot);

static void count_answer(struct load_slot *slot, const struct error *err, uint64_t now)
{
	struct load *l = slot->load;

	if (err->kind != ERR_NONE && l->errors++ == 0)
		fprintf(stderr, "%s: a call failed: %s\n", l->program, err->text);
	else if (now >= l->from && now < l->until && l->count < SAMPLES_MAX)
		l->samples[l->count++] = (uint32_t)((now - slot->began) / 1000);
}

static void on_reply(const ProtobufCMessage *reply, const struct error *err, void *ctx)
{
	struct load_slot *slot = ctx;
	struct load *l = slot->load;
	uint64_t now = uv_hrtime();

	(void)reply;
	l->under_way--;
	read_cpu(l, now);
	count_answer(slot, err, now);
	if (now < l->until)
		start(slot);
	if (!l->under_way)
		uv_stop(&l->loop);
}

static void start(struct load_slot *slot)
{
	struct load *l = slot->load;
	struct error err;

	slot->began = uv_hrtime();
	if (l->next && !l->next(slot, l->data))
		return;
	if (rpc_client_call(l->pump, slot->channel, &l->target, slot->request, on_reply, slot, NULL,
			    &err) < 0)
		load_die(l, "a call", &err);
	l->under_way++;
}

/* ---- a run ---- */

static struct load_slot *make_slots(struct load *l, unsigned int count)
{
	struct load_slot *slots = need(l, calloc(count, sizeof(*slots)));

	for (unsigned int i = 0; i < count; i++) {
		slots[i].load = l;
		slots[i].request = l->request;
		if (l->channel_count)
			slots[i].channel = l->channels[i % l->channel_count];
	}
	return slots;
}

static bool next_channel(struct load_slot *slot, void *data)
{
	unsigned int *done = data;

	if (*done == slot->load->channel_count)
		return false;
	slot->channel = slot->load->channels[(*done)++];
	return true;
}

static void run(struct load *l, unsigned int count)
{
	struct load_slot *slots = make_slots(l, count);

	for (unsigned int i = 0; i < count; i++)
		start(&slots[i]);
	if (l->under_way)
		uv_run(&l->loop, UV_RUN_DEFAULT);
	free(slots);
}

void load_warm(struct load *l)
{
	unsigned int done = 0;

	l->next = next_channel;
	l->data = &done;
	l->from = l->until = UINT64_MAX;
	run(l, CONNECTING_MAX);
	l->next = NULL;
	l->errors = 0;	/* who could not connect does so when it is asked, or fails there */
}

void load_run(struct load *l, unsigned int each, double seconds)
{
	load_warm(l);
	l->until = uv_hrtime() + (uint64_t)(seconds * 1e9);
	l->from = l->until - (uint64_t)(seconds * 0.9e9);
	run(l, each * l->channel_count);
}

void load_run_all(struct load *l, unsigned int slots)
{
	l->cpu_from = cpu_of_all(l);
	l->from = uv_hrtime();
	l->until = UINT64_MAX;
	run(l, slots);
	l->until = uv_hrtime();
	l->cpu_until = cpu_of_all(l);
}

static int ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

void load_tell(struct load *l)
{
	double seconds = (double)(l->until - l->from) / 1e9;

	if (!l->count)
		load_die(l, "no call was answered in time", NULL);
	qsort(l->samples, l->count, sizeof(l->samples[0]), ascending);
	printf("%.1f %u %u %.2f %zu\n", (double)l->count / seconds, l->samples[l->count / 2],
	       l->samples[l->count * 99 / 100],
	       (double)(l->cpu_until - l->cpu_from) / (double)l->count, l->errors);
	fflush(stdout);
	_exit(0);
}
