// SPDX-License-Identifier: Apache-2.0
#include "daemon/memberships.h"

enum { SCAN_BYTES = 1 << 20 };	/* of log per read */

struct membership_scan {
	struct raft_membership *current, *previous;
	uint64_t next;
	struct error *err;
};

static int scan_entry(const struct log_entry *entry, void *data)
{
	struct membership_scan *scan = data;

	scan->next = entry->index + 1;
	if (entry->kind != RAFT_ENTRY_CONFIGURATION)
		return 0;
	*scan->previous = *scan->current;
	scan->current->index = entry->index;
	return raft_configuration_decode(entry->data, entry->len, &scan->current->configuration,
					 scan->err);
}

/* The state knows the last configuration that it has applied, whose entry may be compacted away. */
static int read_applied_membership(struct state_store *state, struct raft_membership *ret,
				   struct error *err)
{
	struct buf data = BUF_INIT(RAFT_CONFIGURATION_BYTES_MAX);
	int r = state_store_configuration(state, &ret->index, &data, err);

	if (r == 0 && ret->index)
		r = raft_configuration_decode(data.data, data.len, &ret->configuration, err);
	buf_fini(&data);
	return r;
}

int memberships_read(struct log_writer *writer, struct state_store *state,
		     struct raft_membership *ret_current, struct raft_membership *ret_previous,
		     struct error *err)
{
	struct raft_membership current = { 0 }, previous = { 0 };
	struct log_writer_bounds bounds = log_writer_bounds(writer);
	struct membership_scan scan = { .current = &current, .previous = &previous, .err = err };
	int r = read_applied_membership(state, &current, err);

	scan.next = current.index ? state_store_applied(state) + 1 : bounds.first;
	if (scan.next < bounds.first)
		scan.next = bounds.first;
	while (r == 0 && scan.next <= bounds.last)
		r = log_writer_read(writer, scan.next, bounds.last, SCAN_BYTES, scan_entry, &scan,
				    err);
	if (r < 0)
		return r;
	*ret_current = current;
	*ret_previous = previous;
	return 0;
}
