/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Load for a gRPC server: so many calls under way, and what they took.  The programs that measure
 * with it say whom they ask what; failures of their own end them with a text.
 *
 * init, connect once or more (or a next()), run, tell.
 */
#ifndef WGMESH_BENCH_LOAD_H
#define WGMESH_BENCH_LOAD_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "crypto/identity.h"
#include "rpc/client.h"

struct load;

/* One call after the other. */
struct load_slot {
	struct load *load;
	struct rpc_channel *channel;
	const ProtobufCMessage *request;
	uint64_t began;		/* ns */
};

struct load {
	const char *program;	/* for texts */
	uv_loop_t loop;
	struct rpc_pump *pump;
	struct rpc_channel **channels;
	unsigned int channel_count;
	struct rpc_target target;
	const ProtobufCMessage *request;
	/* May be NULL.  What a slot asks whom next; false: there is nothing left to ask. */
	bool (*next)(struct load_slot *slot, void *data);
	void *data;
	const char *pids;	/* "1,2": processes whose time on the CPU is told; NULL: none */

	uint64_t from, until;	/* ns: what counts */
	unsigned int under_way;
	uint32_t *samples;	/* µs */
	size_t count, errors;
	uint64_t cpu_from, cpu_until;	/* µs of @pids, 0: not read yet */
};

/* All files that the system allows may be open: connections are files. */
void load_init(struct load *l, const char *program);
_Noreturn void load_die(const struct load *l, const char *what, const struct error *err);

/* Mutual TLS with an identity; the caller frees. */
struct rpc_channel *load_channel(struct load *l, const char *address, const struct identity *id);
/* So many more of @l->channels, with the identity in @dir. */
void load_connect(struct load *l, const char *address, const char *dir, unsigned int count);

/* A call on each of @l->channels, for a connection is made when it is first used. */
void load_warm(struct load *l);
/*
 * @each calls at once on every one of @l->channels, for some @seconds.  All connections stand
 * before it begins, and the first tenth of the time counts for nothing.
 */
void load_run(struct load *l, unsigned int each, double seconds);
/* @slots calls at once until next() has nothing left; all of it counts. */
void load_run_all(struct load *l, unsigned int slots);

/*
 * "RATE P50 P99 CPU ERRORS": calls per second, latencies and CPU time for a call in µs, calls that
 * failed (the first one's reason goes to stderr).  Does not return: the connections are
 * the kernel's to take down.
 */
_Noreturn void load_tell(struct load *l);

#endif
