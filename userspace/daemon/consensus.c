// SPDX-License-Identifier: Apache-2.0
#include "daemon/consensus.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "crypto/random.h"
#include "daemon/core_batch.h"
#include "daemon/core_log.h"
#include "daemon/log_replay.h"
#include "daemon/memberships.h"
#include "daemon/notices.h"

enum { HANDLES = 4 };

struct consensus {
	struct consensus_config config;
	struct raft *raft;
	struct proposals proposals;
	struct reads reads;
	uint64_t read_id;
	struct notices notices;
	uv_timer_t notice;		/* runs while there are any */
	uv_timer_t tick;
	uv_prepare_t before_poll;	/* inputs from timers are settled before the loop sleeps */
	uv_check_t after_poll;		/* those from the network and the pool, together */
	unsigned int open_handles;
	bool dirty;			/* inputs came since the core was last asked */
	bool held;			/* the disk failed: ask again at the next tick */
	bool dead;
	/* the disk had no room for them: tried again with each tick */
	struct raft_actions unapplied;
	struct core_batch batch;
	/* in which this server led when last looked; 0: it did not */
	uint64_t led_term;
	uint64_t heard_at;		/* uv_now() of the leader's last word; 0: never */
	uint32_t election_ticks;
	void (*closed)(void *data);
	void *closed_data;
};

static void stop(struct consensus *c, const struct error *err)
{
	if (c->dead)
		return;
	c->dead = true;
	c->config.failed(c->config.data, err);
}

/* ---- the log ---- */

bool consensus_state_is_stuck(const struct consensus *c)
{
	return c->unapplied.apply_count;
}

bool consensus_has_in_memory(const struct consensus *c, uint64_t index)
{
	struct raft_entry *entry;

	return raft_recent_entries(c->raft, index, 1, &entry);
}

int consensus_read_memory(const struct consensus *c, uint64_t from, uint64_t to,
			  uint64_t max_bytes, log_entry_fn fn, void *data)
{
	uint64_t bytes = 0;
	int r = 0;

	for (uint64_t index = from; r == 0 && index <= to; index++) {
		struct raft_entry *entry;
		struct log_entry e;

		if (!raft_recent_entries(c->raft, index, 1, &entry))
			break;
		bytes += entry->len;
		if (index > from && bytes > max_bytes)
			break;
		e = core_log_entry(entry);
		r = fn(&e, data);
	}
	return r;
}

/* ---- storing ---- */

static void stored(void *data, const struct error *written)
{
	struct consensus *c = data;
	uint64_t sequence = core_batch_end(&c->batch);
	struct error err = { 0 };
	int r;

	if (written->kind == ERR_NONE) {
		r = raft_stored(c->raft, sequence, &err);
	} else {
		r = raft_store_failed(c->raft, &err);
		c->held = true;	/* the core hands the batch out again: not before a tick */
	}
	c->dirty = true;
	if (r < 0)
		stop(c, &err);
}

/* ---- applying ---- */

static void answer_proposal(void *data, const struct log_entry *entry,
			    const struct apply_result *result)
{
	struct consensus *c = data;

	proposals_applied(&c->proposals, entry->index, entry->term, result);
}

/*
 * Entries that the state has already (it is synced less often than the log, but
 * its end may be newer than what the core was told) are only reported.
 */
static int apply(struct consensus *c, struct raft_entry *const *entries, size_t n,
		 struct error *err)
{
	uint64_t applied = state_store_applied(c->config.state);
	struct log_entry *batch = calloc(n, sizeof(*batch));
	size_t count = 0;
	int r = 0;

	if (!batch)
		return error_set(err, ERR_MEMORY, "no memory to apply %zu log entries", n);
	for (size_t i = 0; i < n; i++)
		if (entries[i]->index > applied)
			batch[count++] = core_log_entry(entries[i]);
	if (count)
		r = applier_apply(c->config.state, batch, count, &c->config.listener,
				  answer_proposal, c, err);
	free(batch);
	return r < 0 ? r : raft_applied(c->raft, entries[n - 1]->index, err);
}

static bool may_pass(int r)
{
	return r == -ERR_EXHAUSTED || r == -ERR_IO;
}

/*
 * The log has the entries, and nothing of them is in the state: a full disk is told and waited
 * out.
 */
static int apply_or_wait(struct consensus *c, struct raft_actions *a, struct error *err)
{
	int r = apply(c, a->apply, a->apply_count, err);

	if (!may_pass(r))
		return r;
	log_warn("apply-failed", "reason=\"%s\"", log_text(err->text));
	c->unapplied = (struct raft_actions){ .apply = a->apply, .apply_count = a->apply_count };
	a->apply = NULL;
	a->apply_count = 0;
	/* Whoever leads has to answer; if nobody takes over, nobody could. */
	raft_transfer(c->raft, 0, NULL);
	return 0;
}

static int apply_again(struct consensus *c, struct error *err)
{
	int r;

	if (!c->unapplied.apply_count)
		return 0;
	r = apply(c, c->unapplied.apply, c->unapplied.apply_count, err);
	if (may_pass(r))
		return 0;
	raft_actions_release(&c->unapplied);
	return r;
}

/* ---- reading ---- */

static void answer_reads(struct consensus *c, const struct raft_read *reads, size_t n)
{
	const struct error none = { 0 };
	struct error lost;

	error_set(&lost, ERR_UNAVAILABLE, "this node does not lead any more: ask again");
	for (size_t i = 0; i < n; i++)
		reads_answer(&c->reads, reads[i].id, reads[i].ok ? &none : &lost);
}

int consensus_read(struct consensus *c, read_done_fn done, void *data, struct error *err)
{
	int r;

	if (c->dead)
		return error_set(err, ERR_UNAVAILABLE, "this server has stopped");
	r = raft_read_index(c->raft, ++c->read_id, err);
	if (r < 0)
		return r;
	c->dirty = true;
	return reads_add(&c->reads, c->read_id, done, data, err);
}

/* ---- one turn ---- */

static void on_notice(uv_timer_t *timer)
{
	struct consensus *c = timer->data;

	if (!c->dead)
		notices_send(&c->notices, c->config.send, c->config.data);
}

static void send_messages(struct consensus *c, const struct raft_actions *a)
{
	for (size_t i = 0; i < a->message_count; i++)
		if (!notices_keep(&c->notices, &a->messages[i]))
			c->config.send(c->config.data, &a->messages[i]);
	if (c->notices.count && !uv_is_active((uv_handle_t *)&c->notice))
		uv_timer_start(&c->notice, on_notice, NOTICES_MS, 0);
}

/*
 * The others' disks and this one's work at the same time (thesis 10.2.1), and while they do the
 * state takes what is committed.
 */
static int run_actions(struct consensus *c, struct raft_actions *a, unsigned int *changes,
		       struct error *err)
{
	int r = 0;

	*changes |= a->changes;
	send_messages(c, a);
	if (a->store.sequence)
		r = core_batch_start(&c->batch, &a->store, stored, c, err);
	if (r == 0 && a->apply_count)
		r = apply_or_wait(c, a, err);
	answer_reads(c, a->reads, a->read_count);
	raft_actions_release(a);
	return r;
}

/*
 * Whoever waits for a leader that was deposed is told at once: its entries may
 * still be committed by the next one, but perhaps only after a long partition.
 */
static void note_leadership(struct consensus *c)
{
	struct raft_status status;
	uint64_t leads;

	raft_status(c->raft, &status);
	leads = status.role == RAFT_LEADER ? status.term : 0;
	if (c->led_term && leads != c->led_term)
		proposals_fail(&c->proposals,
			       "this node does not lead any more, and whether the change was made is not known");
	c->led_term = leads;
}

static void tell_changes(struct consensus *c, unsigned int changes)
{
	if (changes & RAFT_CHANGED_STATE)
		note_leadership(c);
	if (changes)
		c->config.changed(c->config.data, changes);
}

static void settle(struct consensus *c)
{
	struct raft_actions actions = { 0 };
	unsigned int changes = 0;
	struct error err = { 0 };
	int r = 0;

	if (!c->dirty || c->held || c->dead)
		return;
	c->dirty = false;
	for (;;) {
		r = raft_take_actions(c->raft, &actions, &err);
		if (r < 0 || raft_actions_empty(&actions))
			break;
		r = run_actions(c, &actions, &changes, &err);
		if (r < 0)
			break;
	}
	if (r < 0)
		stop(c, &err);
	else
		tell_changes(c, changes);
}

static void on_prepare(uv_prepare_t *handle)
{
	settle(handle->data);
}

static void on_check(uv_check_t *handle)
{
	settle(handle->data);
}

static void on_tick(uv_timer_t *timer)
{
	struct consensus *c = timer->data;
	struct error err = { 0 };

	c->held = false;
	c->dirty = true;
	if (!c->dead && (apply_again(c, &err) < 0 || raft_tick(c->raft, &err) < 0))
		stop(c, &err);
}

/* ---- start and end ---- */

static int fill_start(const struct consensus *c, struct raft_start *start, struct error *err)
{
	struct log_writer *w = c->config.writer;
	struct log_writer_bounds bounds = log_writer_bounds(w);
	int r = 0;

	*start = (struct raft_start){
		.term = bounds.hard_state.term,
		.vote = bounds.hard_state.vote,
		.applied = state_store_applied(c->config.state),
		.first_index = bounds.first,
		.last_index = bounds.last,
	};
	if (bounds.first > 1)
		r = log_writer_term_at(w, bounds.first - 1, &start->base_term, err);
	if (r == 0 && bounds.last >= bounds.first)
		r = log_writer_term_at(w, bounds.last, &start->last_term, err);
	else if (r == 0)
		start->last_term = start->base_term;
	if (r == 0)
		r = memberships_read(w, c->config.state, &start->current, &start->previous, err);
	return r;
}

static int start_core(struct consensus *c, const char *bootstrap_name, struct error *err)
{
	struct raft_log_reader reader = core_log_reader(c->config.writer);
	struct raft_config config;
	struct raft_start start;
	int r = fill_start(c, &start, err);

	if (r < 0)
		return r;
	raft_config_defaults(&config, c->config.server_id, random_u64());
	c->election_ticks = config.election_ticks;
	r = raft_new(&config, &start, &reader, &c->raft, err);
	if (r < 0)
		return r;
	c->batch = (struct core_batch){ .raft = c->raft, .writer = c->config.writer };
	return bootstrap_name && start.last_index == 0 ?
		raft_bootstrap(c->raft, bootstrap_name, err) : 0;
}

static void start_handles(struct consensus *c)
{
	uv_timer_init(c->config.loop, &c->tick);
	uv_timer_init(c->config.loop, &c->notice);
	uv_prepare_init(c->config.loop, &c->before_poll);
	uv_check_init(c->config.loop, &c->after_poll);
	c->tick.data = c->notice.data = c->before_poll.data = c->after_poll.data = c;
	c->open_handles = HANDLES;
	uv_timer_start(&c->tick, on_tick, c->config.tick_ms, c->config.tick_ms);
	uv_prepare_start(&c->before_poll, on_prepare);
	uv_check_start(&c->after_poll, on_check);
}

int consensus_new(const struct consensus_config *config, const char *bootstrap_name,
		  struct consensus **ret, struct error *err)
{
	struct consensus *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return error_set(err, ERR_MEMORY, "no memory for a Raft server");
	c->config = *config;
	TAILQ_INIT(&c->proposals);
	STAILQ_INIT(&c->reads);
	r = log_replay(config->writer, config->state, &config->listener, err);
	if (r == 0)
		r = start_core(c, bootstrap_name, err);
	if (r < 0) {
		raft_free(c->raft);
		free(c);
		return r;
	}
	c->dirty = true;
	start_handles(c);
	*ret = c;
	return 0;
}

static void handle_closed(uv_handle_t *handle)
{
	struct consensus *c = handle->data;

	if (--c->open_handles)
		return;
	if (c->closed)
		c->closed(c->closed_data);
	free(c);
}

void consensus_free(struct consensus *c, void (*closed)(void *data), void *data)
{
	log_writer_forget(c->config.writer);
	c->dead = true;
	c->closed = closed;
	c->closed_data = data;
	proposals_fail(&c->proposals, "this server is stopping");
	reads_fail(&c->reads, "this server is stopping");
	core_batch_end(&c->batch);
	raft_actions_release(&c->unapplied);
	raft_free(c->raft);
	c->raft = NULL;
	uv_close((uv_handle_t *)&c->tick, handle_closed);
	uv_close((uv_handle_t *)&c->notice, handle_closed);
	uv_close((uv_handle_t *)&c->before_poll, handle_closed);
	uv_close((uv_handle_t *)&c->after_poll, handle_closed);
}

/* ---- inputs ---- */

void consensus_receive(struct consensus *c, const struct raft_message *message)
{
	struct error err = { 0 };

	if (c->dead)
		return;
	if (message->type == RAFT_APPEND || message->type == RAFT_HEARTBEAT)
		c->heard_at = uv_now(c->config.loop);
	c->dirty = true;
	if (raft_step(c->raft, message, &err) < 0 && raft_failure(c->raft))
		stop(c, &err);
}

int consensus_propose(struct consensus *c, const void *data, size_t len, proposal_done_fn done,
		      void *ctx, struct error *err)
{
	struct raft_position at;
	int r;

	if (c->dead)
		return error_set(err, ERR_UNAVAILABLE, "this server has stopped");
	r = raft_propose(c->raft, data, len, &at, err);
	if (r < 0)
		return r;
	c->dirty = true;
	return proposals_add(&c->proposals, &at, done, ctx, err);
}

int consensus_change(struct consensus *c, const struct raft_change *change, struct error *err)
{
	struct raft_position at;

	if (c->dead)
		return error_set(err, ERR_UNAVAILABLE, "this server has stopped");
	c->dirty = true;
	return raft_change_membership(c->raft, change, &at, err);
}

int consensus_transfer(struct consensus *c, uint64_t to, struct error *err)
{
	if (c->dead)
		return error_set(err, ERR_UNAVAILABLE, "this server has stopped");
	c->dirty = true;
	return raft_transfer(c->raft, to, err);
}

void consensus_compact(struct consensus *c, uint64_t index)
{
	if (index > c->batch.compact_to)
		c->batch.compact_to = index;
}

/* ---- getters ---- */

void consensus_status(const struct consensus *c, struct raft_status *ret)
{
	raft_status(c->raft, ret);
}

size_t consensus_peers(const struct consensus *c, struct raft_peer_status *ret, size_t max)
{
	return raft_peers(c->raft, ret, max);
}

const struct raft_configuration *consensus_configuration(const struct consensus *c)
{
	return raft_configuration(c->raft);
}

uint64_t consensus_silence(const struct consensus *c)
{
	struct raft_status status;

	raft_status(c->raft, &status);
	if (status.role == RAFT_LEADER)
		return 0;
	return c->heard_at ? uv_now(c->config.loop) - c->heard_at : UINT64_MAX;
}

unsigned int consensus_election_ticks(const struct consensus *c)
{
	return c->election_ticks;
}
