/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When those who follow this node are served.  At once after a pause; but where one change follows
 * the other, several in one message, for many followers many, and a few followers in each turn of
 * the loop: this node has votes to store, which must not wait for them all.  Owner thread.
 */
#ifndef WGMESH_DAEMON_ROUNDS_H
#define WGMESH_DAEMON_ROUNDS_H

#include <stdbool.h>

#include <uv.h>

enum {
	/* between two rounds, for each follower: a twentieth of that is what one takes */
	ROUNDS_PAUSE_US = 1000,
	ROUNDS_TURN = 8,	/* followers that are served in one turn of the loop */
};

struct rounds_ops {
	/* The first follower is the next one; false: there is none. */
	bool (*begin)(void *data);
	/* Serve the next one, if he is still there; false: he was the last. */
	bool (*serve)(void *data);
};

struct rounds {
	uv_timer_t timer;	/* until the next round, or its next few */
	const struct rounds_ops *ops;
	void *data;
	uint64_t began;		/* uv_now() of the last one */
	unsigned int followers;
	bool under_way;
	bool again;		/* there was more for those who had their turn */
};

void rounds_init(struct rounds *r, uv_loop_t *loop, const struct rounds_ops *ops, void *data);
/* No round comes any more; the loop needs the memory until it ends. */
void rounds_stop(struct rounds *r);

/*
 * There is more for the @followers: they are served now, or when their time has come.  0: nothing
 * happens, and it may be said before rounds_init().
 */
void rounds_want(struct rounds *r, unsigned int followers);

#endif
