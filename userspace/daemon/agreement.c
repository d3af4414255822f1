// SPDX-License-Identifier: Apache-2.0
#include "daemon/agreement.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "daemon/closing.h"
#include "store/snapshot.h"

enum { KEPT = 8 };	/* digests that others' may still come for */

struct known_digest {
	uint64_t index;		/* 0: none */
	uint8_t digest[STATE_DIGEST];
};

struct agreement {
	uv_loop_t *loop;
	char path[PATH_MAX];
	agreement_known_fn known;
	void *data;
	uv_work_t work;
	struct state_view *view;	/* not NULL: busy */
	struct known_digest taken;	/* by the work under way */
	struct error err;
	struct known_digest own[KEPT], others[KEPT];	/* by index */
	char trouble[ERROR_TEXT_MAX];
	struct closing closing;
};

struct agreement *agreement_new(uv_loop_t *loop, const char *path, agreement_known_fn known,
				void *data)
{
	struct agreement *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->loop = loop;
	a->known = known;
	a->data = data;
	a->work.data = a;
	snprintf(a->path, sizeof(a->path), "%s", path);
	return a;
}

static void finish_free(struct agreement *a)
{
	closing_tell(a->closing);
	free(a);
}

void agreement_free(struct agreement *a, void (*closed)(void *data), void *data)
{
	closing_begin(&a->closing, closed, data);
	if (!a->view)
		finish_free(a);
}

bool agreement_busy(const struct agreement *a)
{
	return a->view;
}

const char *agreement_trouble(const struct agreement *a)
{
	return a->trouble;
}

void agreement_reset(struct agreement *a)
{
	memset(a->own, 0, sizeof(a->own));
	memset(a->others, 0, sizeof(a->others));
	a->taken.index = 0;
	a->trouble[0] = 0;
}

/* The oldest one makes way. */
static void keep(struct known_digest list[KEPT], const struct known_digest *d)
{
	memmove(list + 1, list, (KEPT - 1) * sizeof(list[0]));
	list[0] = *d;
}

static const struct known_digest *find(const struct known_digest list[KEPT], uint64_t index)
{
	for (int i = 0; i < KEPT; i++)
		if (list[i].index == index)
			return &list[i];
	return NULL;
}

/* Loud, and nothing else: which of the two is right, an operator has to find out. */
static void compare(struct agreement *a, uint64_t index)
{
	const struct known_digest *own = find(a->own, index), *other = find(a->others, index);

	if (!own || !other || memcmp(own->digest, other->digest, STATE_DIGEST) == 0)
		return;
	snprintf(a->trouble, sizeof(a->trouble),
		 "the state here was not the leader's when entry %lu was applied: stop this node, move "
		 "its state.db away, an observer's raft.db too, and start it again; if it is the leader "
		 "that differs, let another lead first",
		 (unsigned long)index);
	log_error("state-differs", "index=%lu", (unsigned long)index);
}

/* On a thread of the pool. */
static void take_digest(uv_work_t *work)
{
	struct agreement *a = work->data;

	state_view_digest(a->view, a->taken.digest, &a->err);
}

static void digest_taken(uv_work_t *work, int status)
{
	struct agreement *a = work->data;

	state_view_close(a->view);
	a->view = NULL;
	if (a->closing.begun) {
		finish_free(a);
		return;
	}
	if (a->err.kind != ERR_NONE)
		log_warn("digest-failed", "reason=\"%s\"", log_text(a->err.text));
	if (a->err.kind != ERR_NONE || !a->taken.index)
		return;
	keep(a->own, &a->taken);
	compare(a, a->taken.index);
	a->known(a->data, a->taken.index, a->taken.digest);
}

void agreement_boundary(struct agreement *a, uint64_t index)
{
	if (a->view)
		return;
	a->err = (struct error){ 0 };
	if (state_view_open(a->path, &a->view, &a->err) < 0) {
		log_warn("digest-failed", "reason=\"%s\"", log_text(a->err.text));
		a->view = NULL;
		return;
	}
	a->taken.index = index;
	uv_queue_work(a->loop, &a->work, take_digest, digest_taken);
}

void agreement_compare(struct agreement *a, uint64_t index, const uint8_t digest[STATE_DIGEST])
{
	struct known_digest other = { .index = index };

	memcpy(other.digest, digest, STATE_DIGEST);
	keep(a->others, &other);
	compare(a, index);
}
