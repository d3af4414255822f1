// SPDX-License-Identifier: Apache-2.0
#include "raft/log.h"

#include <stdlib.h>

#include "raft/raft.h"

enum { RING_START = 64 };

void raft_log_init(struct raft_log *log, const struct raft_start *start,
		   const struct raft_log_reader *reader)
{
	*log = (struct raft_log){
		.reader = *reader,
		.first = start->first_index,
		.base_term = start->base_term,
		.last = start->last_index,
		.last_term = start->last_term,
		.stored = start->last_index,
		.tail_first = start->last_index + 1,
	};
}

/* Of memory, so that empty entries count too. */
static size_t cost(const struct raft_entry *entry)
{
	return sizeof(*entry) + entry->len;
}

static struct raft_entry **slot(const struct raft_log *log, uint64_t index)
{
	return &log->ring[(log->head + (index - log->tail_first)) & (log->capacity - 1)];
}

void raft_log_fini(struct raft_log *log)
{
	for (uint64_t i = log->tail_first; i <= log->last; i++)
		raft_entry_unref(*slot(log, i));
	free(log->ring);
	log->ring = NULL;
}

static int grow(struct raft_log *log, struct error *err)
{
	size_t capacity = log->capacity ? log->capacity * 2 : RING_START;
	struct raft_entry **ring = calloc(capacity, sizeof(struct raft_entry *));

	if (!ring)
		return error_set(err, ERR_MEMORY, "no memory for %zu log entries", capacity);
	for (uint64_t i = log->tail_first; i <= log->last; i++)
		ring[i - log->tail_first] = *slot(log, i);
	free(log->ring);
	log->ring = ring;
	log->capacity = capacity;
	log->head = 0;
	return 0;
}

int raft_log_append(struct raft_log *log, struct raft_entry *entry, struct error *err)
{
	if (log->last + 1 - log->tail_first == log->capacity) {
		int rc = grow(log, err);

		if (rc)
			return rc;
	}
	*slot(log, entry->index) = raft_entry_ref(entry);
	log->last = entry->index;
	log->last_term = entry->term;
	log->tail_bytes += cost(entry);
	log->unstored_bytes += cost(entry);
	return 0;
}

static void drop_last(struct raft_log *log)
{
	struct raft_entry *entry = *slot(log, log->last);

	log->tail_bytes -= cost(entry);
	if (log->last > log->stored)
		log->unstored_bytes -= cost(entry);
	raft_entry_unref(entry);
	log->last--;
}

/* Thesis 3.5. */
int raft_log_truncate(struct raft_log *log, uint64_t from, struct error *err)
{
	uint64_t term;
	int rc;

	rc = raft_log_term_at(log, from - 1, &term, err);
	if (rc)
		return rc;
	while (log->last >= from && log->last >= log->tail_first)
		drop_last(log);
	log->last = from - 1;
	log->last_term = term;
	if (log->tail_first > from)
		log->tail_first = from;
	if (log->stored > log->last)
		log->stored = log->last;
	return 0;
}

struct raft_entry *raft_log_in_memory(const struct raft_log *log, uint64_t index)
{
	if (index < log->tail_first || index > log->last)
		return NULL;
	return *slot(log, index);
}

int raft_log_term_at(const struct raft_log *log, uint64_t index, uint64_t *ret_term,
		     struct error *err)
{
	const struct raft_entry *entry = raft_log_in_memory(log, index);

	if (entry)
		*ret_term = entry->term;
	else if (index == log->last)
		*ret_term = log->last_term;
	else if (index + 1 == log->first)
		*ret_term = log->base_term;
	else
		return log->reader.term_at(log->reader.data, index, ret_term, err);
	return 0;
}

static size_t slice_memory(const struct raft_log *log, uint64_t from, uint64_t to,
			   size_t count_max, size_t bytes_max, struct raft_entry **entries)
{
	size_t count = 0, bytes = 0;

	while (from + count <= to && count < count_max) {
		struct raft_entry *entry = *slot(log, from + count);

		bytes += entry->len;
		if (count && bytes > bytes_max)
			break;
		entries[count++] = raft_entry_ref(entry);
	}
	return count;
}

int raft_log_slice(const struct raft_log *log, uint64_t from, uint64_t to, size_t count_max,
		   size_t bytes_max, struct raft_entry **ret_entries, size_t *ret_count,
		   struct error *err)
{
	uint64_t on_disk;

	if (from >= log->tail_first) {
		*ret_count = slice_memory(log, from, to, count_max, bytes_max, ret_entries);
		return 0;
	}
	on_disk = (to < log->tail_first ? to + 1 : log->tail_first) - from;
	if (count_max > on_disk)
		count_max = on_disk;
	return log->reader.read(log->reader.data, from, count_max, bytes_max, ret_entries,
				ret_count, err);
}

void raft_log_set_stored(struct raft_log *log, uint64_t index)
{
	while (log->stored < index) {
		log->stored++;
		log->unstored_bytes -= cost(*slot(log, log->stored));
	}
}

static void drop_first(struct raft_log *log)
{
	struct raft_entry *entry = *slot(log, log->tail_first);

	log->tail_bytes -= cost(entry);
	raft_entry_unref(entry);
	log->head++;
	log->tail_first++;
}

/* Thesis 5.1: the last one's index and term stay, for the next comparison (3.5). */
int raft_log_compact(struct raft_log *log, uint64_t index, struct error *err)
{
	uint64_t term;
	int rc;

	rc = raft_log_term_at(log, index, &term, err);
	if (rc)
		return rc;
	while (log->tail_first <= index)
		drop_first(log);
	log->first = index + 1;
	log->base_term = term;
	return 0;
}

void raft_log_trim(struct raft_log *log, uint64_t index, size_t bytes_max)
{
	if (index > log->stored)
		index = log->stored;
	while (log->tail_bytes > bytes_max && log->tail_first <= index)
		drop_first(log);
}
