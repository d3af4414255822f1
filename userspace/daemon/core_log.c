// SPDX-License-Identifier: Apache-2.0
#include "daemon/core_log.h"

static int term_at(void *data, uint64_t index, uint64_t *ret_term, struct error *err)
{
	return log_writer_term_at(data, index, ret_term, err);
}

struct read_target {
	struct raft_entry **entries;
	size_t count, max;
};

static int collect_entry(const struct log_entry *entry, void *data)
{
	struct read_target *t = data;
	struct raft_entry *copy;

	if (t->count == t->max)
		return 1;
	copy = raft_entry_new(entry->index, entry->term, entry->kind, entry->data, entry->len);
	if (!copy)
		return -ERR_MEMORY;
	t->entries[t->count++] = copy;
	return 0;
}

static int read_entries(void *data, uint64_t from, size_t count_max, size_t bytes_max,
			struct raft_entry **ret_entries, size_t *ret_count, struct error *err)
{
	struct read_target t = { .entries = ret_entries, .max = count_max };
	uint64_t last = log_writer_bounds(data).last;
	uint64_t to = last - from < count_max ? last : from + count_max - 1;
	int r = log_writer_read(data, from, to, bytes_max, collect_entry, &t, err);

	if (r < 0) {
		while (t.count)
			raft_entry_unref(ret_entries[--t.count]);
		return r == -ERR_MEMORY ?
			error_set(err, ERR_MEMORY, "no memory to read the log") : r;
	}
	*ret_count = t.count;
	return 0;
}

struct raft_log_reader core_log_reader(struct log_writer *writer)
{
	return (struct raft_log_reader){ .data = writer, .term_at = term_at, .read = read_entries };
}

struct log_entry core_log_entry(const struct raft_entry *e)
{
	return (struct log_entry){ .index = e->index, .term = e->term, .kind = e->kind,
				   .len = (uint32_t)e->len, .data = e->data };
}
