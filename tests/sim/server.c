// SPDX-License-Identifier: Apache-2.0
/* One server: the driver of a core, with a modelled disk and state machine. */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "cluster.h"

typedef unsigned long long ull;

static int read_term(void *data, uint64_t index, uint64_t *ret_term, struct error *error)
{
	struct server *s = data;

	*ret_term = index > s->disk.log.base ? log_model_term(&s->disk.log, index) : 0;
	if (*ret_term)
		return 0;
	return error_set(error, ERR_NOT_FOUND,
			 "S%llu: reads the term of entry %llu, its disk has %llu to %llu",
			 (ull)s->id, (ull)index, (ull)s->disk.log.base + 1,
			 (ull)s->disk.log.last);
}

static int read_entries(void *data, uint64_t from, size_t count_max, size_t bytes_max,
			struct raft_entry **ret_entries, size_t *ret_count, struct error *error)
{
	struct server *s = data;
	size_t count = 0, bytes = 0;

	if (from <= s->disk.log.base || from + count_max - 1 > s->disk.log.last)
		return error_set(error, ERR_NOT_FOUND,
				 "S%llu: reads entries %llu … %llu, its disk has %llu to %llu",
				 (ull)s->id, (ull)from, (ull)(from + count_max - 1),
				 (ull)s->disk.log.base + 1, (ull)s->disk.log.last);
	while (count < count_max && (count == 0 || bytes < bytes_max)) {
		ret_entries[count] = raft_entry_ref(log_model_at(&s->disk.log,
								 from + count)->entry);
		bytes += ret_entries[count++]->len;
	}
	*ret_count = count;
	return 0;
}

static void release_torn(struct server *s)
{
	struct raft_actions actions = { .store = s->disk.torn };

	raft_actions_release(&actions);
	s->disk.torn = (struct raft_store){ 0 };
}

void server_init(struct server *s, struct cluster *c, uint64_t id)
{
	*s = (struct server){ .cluster = c, .id = id, .tick_period = TICK };
}

void server_fini(struct server *s)
{
	raft_actions_release(&s->storing);
	raft_actions_release(&s->applying);
	raft_free(s->raft);
	release_torn(s);
	machine_fini(&s->state);
	machine_fini(&s->disk.state);
	log_model_fini(&s->disk.log);
	log_model_fini(&s->view);
}

void server_preset(struct server *s, const struct raft_configuration *configuration)
{
	struct buf data = BUF_INIT(RAFT_CONFIGURATION_BYTES_MAX);
	struct raft_entry *entry;

	if (raft_configuration_encode(configuration, &data, NULL))
		errx(2, "configuration");
	entry = raft_entry_new(1, 1, RAFT_ENTRY_CONFIGURATION, data.data, data.len);
	if (!entry)
		err(2, "entry");
	log_model_append(&s->disk.log, entry);
	s->disk.term = 1;
	raft_entry_unref(entry);
	buf_fini(&data);
}

static uint64_t last_configuration(const struct server *s, uint64_t before,
				   struct raft_membership *ret)
{
	for (uint64_t i = before - 1; i > 0; i--) {
		const struct raft_entry *entry = log_model_at(&s->disk.log, i)->entry;

		if (entry->kind != RAFT_ENTRY_CONFIGURATION)
			continue;
		ret->index = i;
		if (raft_configuration_decode(entry->data, entry->len, &ret->configuration, NULL))
			errx(2, "configuration on disk");
		return i;
	}
	return 0;
}

/* The state machine remembers the last configuration applied; the log has the later ones. */
static struct raft_start disk_start(const struct server *s)
{
	struct raft_start start = {
		.term = s->disk.term,
		.vote = s->disk.vote,
		.applied = s->disk.state.applied,
		.first_index = s->disk.log.base + 1,
		.base_term = log_model_term(&s->disk.log, s->disk.log.base),
		.last_index = s->disk.log.last,
		.last_term = log_model_term(&s->disk.log, s->disk.log.last),
	};

	if (last_configuration(s, s->disk.log.last + 1, &start.current) > s->disk.state.applied)
		last_configuration(s, start.current.index, &start.previous);
	return start;
}

/* Hard state, truncation, and each entry: what the disk may have written in any order. */
static uint64_t all_parts(const struct raft_store *store)
{
	uint64_t entries = store->entry_count < 62 ? (1ULL << store->entry_count) - 1 : UINT64_MAX >> 2;

	return (uint64_t)store->hard_state | (uint64_t)(store->truncate_from != 0) << 1 | entries << 2;
}

static void write_parts(struct server *s, const struct raft_store *store, uint64_t parts)
{
	if (parts & 1) {
		s->disk.term = store->term;
		s->disk.vote = store->vote;
	}
	if (parts & 2)
		log_model_truncate(&s->disk.log, store->truncate_from);
	for (size_t i = 0; i < store->entry_count; i++) {
		if (i < 62 && !(parts >> 2 >> i & 1))
			continue;
		if (store->entries[i]->index != s->disk.log.last + 1)
			violate(s->cluster, "S%llu stores entry %llu behind %llu", (ull)s->id,
				(ull)store->entries[i]->index, (ull)s->disk.log.last);
		log_model_append(&s->disk.log, store->entries[i]);
	}
}

static void write_disk(struct server *s, const struct raft_store *store)
{
	write_parts(s, store, all_parts(store));
}

/* A transaction of which a part is missing has a wrong checksum, and is none. */
static void recover_disk(struct server *s)
{
	struct disk *d = &s->disk;

	if (!d->torn.sequence)
		return;
	if (d->torn_parts == all_parts(&d->torn))
		write_parts(s, &d->torn, d->torn_parts);
	else
		trace(s->cluster, "S%llu drops a torn transaction", (ull)s->id);
	release_torn(s);
}

void server_start(struct server *s)
{
	struct cluster *c = s->cluster;
	struct raft_log_reader reader = { s, read_term, read_entries };
	struct raft_config config = c->config;
	struct raft_start start;
	struct error error;

	if (s->raft)
		return;
	recover_disk(s);
	start = disk_start(s);
	config.id = s->id;
	config.seed = rng_next(&c->rng);
	if (raft_new(&config, &start, &reader, &s->raft, &error))
		errx(2, "S%llu does not start: %s", (ull)s->id, error.text);
	s->incarnation++;
	machine_copy(&s->state, &s->disk.state);
	s->checked_commit = s->state.applied;
	s->stopped_until = 0;
	s->next_tick = c->now + s->tick_period;
	log_model_copy(&s->view, &s->disk.log);
	raft_status(s->raft, &s->seen);
	trace(c, "S%llu starts: term %llu vote %llu log %llu applied %llu", (ull)s->id,
	      (ull)s->disk.term, (ull)s->disk.vote, (ull)s->disk.log.last, (ull)s->disk.state.applied);
	if (s->bootstraps && !s->disk.log.last && raft_bootstrap(s->raft, "s1", &error))
		errx(2, "S%llu does not bootstrap: %s", (ull)s->id, error.text);
	server_pump(s);
}

static void halt(struct server *s)
{
	raft_actions_release(&s->storing);
	raft_actions_release(&s->applying);
	raft_free(s->raft);
	s->raft = NULL;
	client_on_crash(s);
}

/* All of it may be there, though nobody was told; what is torn is found at the next start. */
static void tear(struct server *s)
{
	s->disk.torn = s->storing.store;
	s->disk.torn_parts = all_parts(&s->disk.torn);
	if (!rng_chance(&s->cluster->rng, 300))
		s->disk.torn_parts &= rng_next(&s->cluster->rng);
	s->storing.store = (struct raft_store){ 0 };
}

void server_crash(struct server *s)
{
	if (!s->raft)
		return;
	trace(s->cluster, "S%llu crashes", (ull)s->id);
	if (s->storing.store.sequence && !s->disk_held)
		tear(s);
	halt(s);
}

static void check(struct server *s, int rc, const struct error *error)
{
	if (rc)
		violate(s->cluster, "S%llu: %s", (ull)s->id, error->text);
}

void server_compact(struct server *s, uint64_t index)
{
	struct error error;

	if (index > s->disk.state.applied)
		index = s->disk.state.applied;
	if (index <= s->disk.log.base)
		return;
	trace(s->cluster, "S%llu compacts its log up to %llu", (ull)s->id, (ull)index);
	check(s, raft_compact(s->raft, index, &error), &error);
	s->disk.log.base = index;
	server_pump(s);
}

/* In order: what was being stored, with the promises that went with it, is on disk before. */
static void stop(struct server *s)
{
	if (!s->raft)
		return;
	if (s->storing.store.sequence)
		write_disk(s, &s->storing.store);
	halt(s);
}

/* Thesis 5.3: what follows on the snapshot's last entry stays, a log that does not have it goes. */
static void replace_log(struct log_model *log, const struct log_model *from, uint64_t index)
{
	if (log_model_term(log, index) != log_model_term(from, index)) {
		log_model_truncate(log, 1);
		for (uint64_t i = 1; i <= index; i++)
			log_model_append(log, log_model_at(from, i)->entry);
	}
	log->base = index;
}

void server_install(struct server *s, const struct server *from)
{
	bool running = s->raft;

	if (from->state.applied <= s->state.applied)
		return;
	trace(s->cluster, "S%llu installs S%llu's state of entry %llu", (ull)s->id, (ull)from->id,
	      (ull)from->state.applied);
	stop(s);
	recover_disk(s);
	replace_log(&s->disk.log, &from->disk.log, from->state.applied);
	machine_copy(&s->disk.state, &from->state);
	if (s->disk.term < log_model_term(&s->disk.log, from->state.applied)) {
		s->disk.term = log_model_term(&s->disk.log, from->state.applied);
		s->disk.vote = 0;
	}
	if (running)
		server_start(s);
}

void server_tick(struct server *s)
{
	struct error error;

	check(s, raft_tick(s->raft, &error), &error);
	server_pump(s);
}

void server_step(struct server *s, const struct raft_message *m)
{
	struct error error;

	check(s, raft_step(s->raft, m, &error), &error);
	server_pump(s);
}

static void fail_store(struct server *s)
{
	struct error error;

	trace(s->cluster, "S%llu fails to store", (ull)s->id);
	if (rng_chance(&s->cluster->rng, 500))
		write_disk(s, &s->storing.store);
	raft_actions_release(&s->storing);
	check(s, raft_store_failed(s->raft, &error), &error);
}

static void trace_store(struct server *s)
{
	const struct raft_store *store = &s->storing.store;
	char hard[64] = "", cut[64] = "", log[64] = "";

	if (store->hard_state)
		snprintf(hard, sizeof(hard), " term %llu vote %llu", (ull)store->term,
			 (ull)store->vote);
	if (store->truncate_from)
		snprintf(cut, sizeof(cut), " truncate %llu", (ull)store->truncate_from);
	if (store->entry_count)
		snprintf(log, sizeof(log), " entries %llu … %llu", (ull)store->entries[0]->index,
			 (ull)(store->entries[0]->index + store->entry_count - 1));
	trace(s->cluster, "S%llu stores%s%s%s", (ull)s->id, hard, cut, log);
}

static void end_store(struct server *s)
{
	uint64_t sequence = s->storing.store.sequence;
	struct error error;

	if (s->cluster->store_failure && rng_chance(&s->cluster->rng, s->cluster->store_failure)) {
		fail_store(s);
		return;
	}
	trace_store(s);
	write_disk(s, &s->storing.store);
	raft_actions_release(&s->storing);
	check(s, raft_stored(s->raft, sequence, &error), &error);
}

void server_finish_store(struct server *s)
{
	if (!s->storing.store.sequence)
		return;
	end_store(s);
	server_pump(s);
}

void server_sync_state(struct server *s)
{
	while (s->disk.state.applied < s->state.applied)
		machine_apply(&s->disk.state,
			      log_model_at(&s->view, s->disk.state.applied + 1)->entry);
}

static void end_apply(struct server *s)
{
	struct error error;

	for (size_t i = 0; i < s->applying.apply_count; i++) {
		const struct raft_entry *entry = s->applying.apply[i];

		oracle_check_applied(s, entry);
		machine_apply(&s->state, entry);
		oracle_check_machine(s->cluster, &s->state, "S", s->id);
		trace(s->cluster, "S%llu applies entry %llu of term %llu", (ull)s->id,
		      (ull)entry->index, (ull)entry->term);
		client_on_applied(s, entry);
	}
	if (rng_chance(&s->cluster->rng, 500))
		server_sync_state(s);
	raft_actions_release(&s->applying);
	check(s, raft_applied(s->raft, s->state.applied, &error), &error);
}

void server_finish_apply(struct server *s)
{
	if (!s->applying.apply_count)
		return;
	end_apply(s);
	server_pump(s);
}

static uint64_t draw_due(struct cluster *c, unsigned int delay_max)
{
	return c->now + (delay_max ? rng_range(&c->rng, 0, delay_max) : 0);
}

static void begin_store(struct server *s, struct raft_actions *a)
{
	uint64_t from = s->view.last + 1;

	s->storing.store = a->store;
	a->store = (struct raft_store){ 0 };
	if (s->storing.store.truncate_from) {
		log_model_truncate(&s->view, s->storing.store.truncate_from);
		from = s->view.last + 1;
	} else if (s->storing.store.entry_count) {
		/* What failed to be stored is handed out again. */
		from = s->storing.store.entries[0]->index;
		log_model_truncate(&s->view, from);
	}
	for (size_t i = 0; i < s->storing.store.entry_count; i++)
		log_model_append(&s->view, s->storing.store.entries[i]);
	oracle_check_log(s, from);
	s->store_due = draw_due(s->cluster, s->cluster->store_delay_max);
	if (s->store_due == s->cluster->now && !s->disk_held)
		end_store(s);
}

static void begin_apply(struct server *s, struct raft_actions *a)
{
	s->applying.apply = a->apply;
	s->applying.apply_count = a->apply_count;
	a->apply = NULL;
	a->apply_count = 0;
	s->apply_due = draw_due(s->cluster, s->cluster->apply_delay_max);
	if (s->apply_due == s->cluster->now)
		end_apply(s);
}

static void trace_changes(struct server *s, unsigned int changes)
{
	struct raft_status st;

	raft_status(s->raft, &st);
	if (changes & RAFT_CHANGED_STATE)
		trace(s->cluster, "S%llu is %s in term %llu, leader %llu", (ull)s->id,
		      raft_role_name(st.role), (ull)st.term, (ull)st.leader);
	if (changes & RAFT_CHANGED_CONFIGURATION)
		trace(s->cluster, "S%llu uses the configuration of entry %llu: %u voters of %u",
		      (ull)s->id, (ull)st.configuration_index,
		      raft_configuration_voters(raft_configuration(s->raft)),
		      raft_configuration(s->raft)->count);
	if (changes & RAFT_CHANGED_REMOVED)
		trace(s->cluster, "S%llu is removed", (ull)s->id);
	if (changes & RAFT_CHANGED_PEER_BEHIND)
		trace(s->cluster, "S%llu has a peer behind its log", (ull)s->id);
	if (changes & RAFT_CHANGED_BEHIND)
		trace(s->cluster, "S%llu needs a snapshot", (ull)s->id);
}

static void send_all(struct server *s, const struct raft_actions *a)
{
	struct cluster *c = s->cluster;

	for (size_t i = 0; i < a->message_count; i++) {
		trace_message(c, "sends", &a->messages[i]);
		oracle_check_message(s, &a->messages[i]);
		network_send(&c->network, &c->rng, c->now, &a->messages[i]);
	}
}

static void act(struct server *s, struct raft_actions *a)
{
	trace_changes(s, a->changes);
	if (a->changes & RAFT_CHANGED_BEHIND)
		s->snapshot_due = draw_due(s->cluster, s->cluster->snapshot_delay_max) + 1;
	send_all(s, a);
	for (size_t i = 0; i < a->read_count; i++)
		client_on_read(s, &a->reads[i]);
	if (a->apply_count)
		begin_apply(s, a);
	if (a->store.sequence)
		begin_store(s, a);
	raft_actions_release(a);
}

static void trace_commit(struct server *s)
{
	struct raft_status st;

	raft_status(s->raft, &st);
	if (st.commit_index > s->seen.commit_index)
		trace(s->cluster, "S%llu commits up to %llu", (ull)s->id, (ull)st.commit_index);
}

void server_pump(struct server *s)
{
	struct raft_actions a;
	struct error error;
	int rc;

	for (;;) {
		trace_commit(s);
		oracle_check_state(s);
		rc = raft_take_actions(s->raft, &a, &error);
		check(s, rc, &error);
		if (rc || raft_actions_empty(&a))
			return;
		act(s, &a);
	}
}
