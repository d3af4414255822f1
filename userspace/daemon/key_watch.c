// SPDX-License-Identifier: Apache-2.0
#include "daemon/key_watch.h"

#include <stdlib.h>
#include <time.h>

#include "store/state_query.h"

enum {
	/*
	 * What a node holds meanwhile is 128 packets a peer, so this is to be short; and a
	 * list of few peers takes well below a millisecond.
	 */
	OFTEN_MS = 10,
	SELDOM_MS = 1000,
	OFTEN_SECONDS = 60,		/* after the announcement; it comes within a few */
	CALLING_SECONDS = 10,		/* after it has spoken */
	LOOK_SHARE = 9,			/* rests so much longer than the last look took */
};

static const uint64_t SECOND = 1000000000;	/* ns */

struct watched {
	struct plan_rotation rotation;
	int64_t announced_at;
	uint64_t since;			/* announced, as far as we know; or spoken */
	bool announced;			/* the state says so */
	bool session;			/* with the next key */
	bool waits;			/* WireGuard has it as it was when it waited */
};

struct key_watch {
	struct watched *items;
	size_t count;
	uint64_t took;			/* ns, the last look */
};

static uint64_t monotonic_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

struct key_watch *key_watch_new(void)
{
	return calloc(1, sizeof(struct key_watch));
}

void key_watch_free(struct key_watch *w)
{
	if (!w)
		return;
	free(w->items);
	free(w);
}

/* ---- who ---- */

struct refresh {
	struct key_watch *watch;
	uint64_t now;
};

static struct watched *find(const struct key_watch *w, const struct key *next)
{
	for (size_t i = 0; i < w->count; i++)
		if (key_equal(&w->items[i].rotation.next, next))
			return &w->items[i];
	return NULL;
}

static struct watched *add(struct key_watch *w, const struct rotation_record *record)
{
	struct watched *grown = reallocarray(w->items, w->count + 1, sizeof(*grown));

	if (!grown)
		return NULL;
	w->items = grown;
	grown[w->count] = (struct watched){
		.rotation = { .current = record->current, .next = record->next },
	};
	return &grown[w->count++];
}

static int take(const struct rotation_record *record, void *data)
{
	struct refresh *refresh = data;
	struct watched *item = find(refresh->watch, &record->next);

	if (!item)
		item = add(refresh->watch, record);
	if (!item)
		return -ERR_MEMORY;
	item->announced = true;
	if (item->announced_at != record->announced_at && !item->rotation.spoken)
		item->since = refresh->now;
	item->announced_at = record->announced_at;
	return 0;
}

/* One that has spoken is soon in the state with its next key, and may still want to be called. */
static bool over(const struct watched *item, uint64_t now)
{
	return !item->announced && (!item->rotation.spoken || item->session ||
				    now - item->since > CALLING_SECONDS * SECOND);
}

static void forget(struct key_watch *w, uint64_t now)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->count; i++)
		if (!over(&w->items[i], now))
			w->items[kept++] = w->items[i];
	w->count = kept;
}

int key_watch_refresh(struct key_watch *w, struct state_store *state, struct error *err)
{
	struct refresh refresh = { .watch = w, .now = monotonic_now() };
	int r;

	for (size_t i = 0; i < w->count; i++)
		w->items[i].announced = false;
	r = state_each_rotation(state, take, &refresh, err);
	if (r == -ERR_MEMORY)
		return error_set(err, ERR_MEMORY, "no memory for the keys that change");
	if (r == 0)
		forget(w, refresh.now);
	return r;
}

int key_watch_plan(const struct key_watch *w, struct planner *planner, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < w->count; i++)
		if (w->items[i].announced)
			r = planner_rotate(planner, &w->items[i].rotation, err);
	return r;
}

/* ---- what WireGuard says ---- */

struct look {
	struct key_watch *watch;
	uint64_t now;
	bool spoken;
};

/*
 * Nothing but an initiation of that very key is counted as received for one that waits.  Of one with
 * prefixes an earlier run of this daemon has known.
 */
static int see(void *data, const struct wg_peer *peer)
{
	struct look *look = data;
	struct watched *item = find(look->watch, &peer->public_key);

	if (!item)
		return 0;
	item->session = item->rotation.spoken && peer->last_handshake;
	item->waits = !peer->prefix_count;
	if (item->rotation.spoken || (!peer->rx_bytes && !peer->prefix_count))
		return 0;
	item->rotation.spoken = true;
	if (peer->fields & WG_PEER_ENDPOINT)
		item->rotation.endpoint = peer->endpoint;
	item->since = look->now;
	look->spoken = true;
	return 0;
}

/*
 * The module tells WireGuard a little later.  To call by the peer that waited would be in vain, and
 * keep the other side from answering the next call: within 20 ms it takes one of a kind.
 */
static bool can_be_called(const struct watched *item)
{
	return item->rotation.spoken && !item->session && !item->waits;
}

static bool calls(const struct watched *item)
{
	return item->rotation.spoken && !item->session;
}

int key_watch_look(struct key_watch *w, struct dataplane *dp, bool *ret_spoken, struct error *err)
{
	struct look look = { .watch = w, .now = monotonic_now() };
	int r;

	for (size_t i = 0; i < w->count; i++)
		w->items[i].waits = false;
	r = dataplane_list_sessions(dp, see, &look, err);
	for (size_t i = 0; r == 0 && !look.spoken && i < w->count; i++)
		if (can_be_called(&w->items[i]))
			r = dataplane_call(dp, &w->items[i].rotation.next, err);
	w->took = monotonic_now() - look.now;
	if (r == 0)
		*ret_spoken = look.spoken;
	return r;
}

static bool soon(const struct watched *item, uint64_t now)
{
	bool open = calls(item) || (item->announced && !item->rotation.spoken);

	return open && now - item->since < OFTEN_SECONDS * SECOND;
}

unsigned int key_watch_pause(const struct key_watch *w)
{
	uint64_t now = monotonic_now(), often = w->took * LOOK_SHARE / 1000000;

	if (often < OFTEN_MS)
		often = OFTEN_MS;
	for (size_t i = 0; i < w->count; i++)
		if (soon(&w->items[i], now))
			return (unsigned int)(often < SELDOM_MS ? often : SELDOM_MS);
	return w->count ? SELDOM_MS : 0;
}
