// SPDX-License-Identifier: Apache-2.0
#include "log_model.h"

#include <err.h>
#include <stdlib.h>

/* FNV-1a, carried on from @hash. */
static uint64_t mix(uint64_t hash, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ p[i]) * 0x100000001b3u;
	return hash;
}

uint64_t entry_hash(const struct raft_entry *entry)
{
	uint64_t head[3] = { entry->index, entry->term, entry->kind };

	return mix(mix(0xcbf29ce484222325u, head, sizeof(head)), entry->data, entry->len);
}

const struct log_item *log_model_at(const struct log_model *log, uint64_t index)
{
	return index && index <= log->last ? &log->items[index - 1] : NULL;
}

uint64_t log_model_term(const struct log_model *log, uint64_t index)
{
	const struct log_item *item = log_model_at(log, index);

	return item ? item->entry->term : 0;
}

static void reserve(struct log_model *log)
{
	if (log->last < log->capacity)
		return;
	log->capacity = log->capacity ? log->capacity * 2 : 64;
	log->items = realloc(log->items, log->capacity * sizeof(log->items[0]));
	if (!log->items)
		err(2, "log of %zu entries", log->capacity);
}

void log_model_append(struct log_model *log, struct raft_entry *entry)
{
	const struct log_item *before = log_model_at(log, log->last);
	uint64_t pair[2] = { before ? before->prefix : 0, entry_hash(entry) };

	reserve(log);
	log->items[log->last++] = (struct log_item){
		.entry = raft_entry_ref(entry),
		.prefix = mix(0xcbf29ce484222325u, pair, sizeof(pair)),
	};
}

void log_model_truncate(struct log_model *log, uint64_t from)
{
	while (log->last && log->last >= from)
		raft_entry_unref(log->items[--log->last].entry);
}

void log_model_copy(struct log_model *to, const struct log_model *from)
{
	log_model_truncate(to, 1);
	to->base = from->base;
	for (uint64_t i = 1; i <= from->last; i++)
		log_model_append(to, log_model_at(from, i)->entry);
}

void log_model_fini(struct log_model *log)
{
	log_model_truncate(log, 1);
	free(log->items);
	*log = (struct log_model){ 0 };
}
