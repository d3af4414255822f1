// SPDX-License-Identifier: Apache-2.0
#include "raft/entry.h"

#include <stdlib.h>
#include <string.h>

struct raft_entry *raft_entry_new(uint64_t index, uint64_t term, enum raft_entry_kind kind,
				  const void *data, size_t len)
{
	struct raft_entry *entry = malloc(sizeof(*entry) + len);

	if (!entry)
		return NULL;
	entry->index = index;
	entry->term = term;
	entry->kind = kind;
	entry->refs = 1;
	entry->len = len;
	if (len)
		memcpy(entry->data, data, len);
	return entry;
}

struct raft_entry *raft_entry_ref(struct raft_entry *entry)
{
	entry->refs++;
	return entry;
}

void raft_entry_unref(struct raft_entry *entry)
{
	if (entry && --entry->refs == 0)
		free(entry);
}
