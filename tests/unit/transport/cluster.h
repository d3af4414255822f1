/* SPDX-License-Identifier: Apache-2.0 */
/* Real transports on loopback, on one loop, and waiting for what they should come to. */
#ifndef WGMESH_TESTS_TRANSPORT_CLUSTER_H
#define WGMESH_TESTS_TRANSPORT_CLUSTER_H

#include <stdbool.h>

#include <uv.h>

#include "../cmocka.h"
#include "../crypto/fixtures.h"
#include "transport/transport.h"

enum { SERVERS = 3, REASON_MAX = 256 };

struct server {
	uint64_t id;
	char node_id[16];
	struct identity identity;
	struct transport *t;
	struct endpoint address;
	size_t events[TRANSPORT_REFUSED + 1];		/* by kind */
	char reasons[TRANSPORT_REFUSED + 1][REASON_MAX];	/* the last one of each */
	uint64_t received[SERVERS + 1];			/* messages, by sender */
	/* of the sender's rounds, which only rise */
	uint64_t last_round[SERVERS + 1];
	bool disorder;					/* they did not */
	void (*on_message)(struct server *s, const struct raft_message *m);	/* may be NULL */
	bool closed;
};

struct cluster {
	uv_loop_t loop;
	uv_timer_t tick;	/* wakes the waits that no event of the loop would */
	struct ca *ca;
	struct server servers[SERVERS + 1];	/* by id; 0 is not used */
};

extern struct cluster cluster;
/* Where deadlines must not strike, however busy the machine; and where they must. */
extern const struct transport_timing patient, hasty;

/* cmocka's set-up and tear-down: SERVERS of them, listening, that do not know each other. */
int cluster_start(void **state);
int cluster_stop(void **state);

void server_open(struct server *s);	/* at s->address again, if it had one */
void server_close(struct server *s);	/* and wait until its memory is gone */
void introduce(struct server *a, struct server *b);	/* a knows b */
void introduce_all(void);

/* Run the loop until @condition holds for @arg; the test fails after a minute. */
void wait_until(bool (*condition)(void *arg), void *arg, const char *what);
#define WAIT_UNTIL(condition, arg) wait_until(condition, arg, #condition)

struct raft_message message_between(const struct server *from, const struct server *to,
				    uint64_t round);
void send_round(struct server *from, struct server *to, uint64_t round);
struct transport_peer_status status_of(const struct server *s, const struct server *peer);
struct transport_stats stats_of(const struct server *s);

#endif
