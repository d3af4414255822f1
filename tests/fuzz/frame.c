// SPDX-License-Identifier: Apache-2.0
/* transport: the bytes behind a frame's head.  What is taken is sent as the same message again. */
#include "fuzz.h"

#include "base/buf.h"
#include "transport/frame.h"

static void compare_entries(const struct raft_entry *a, const struct raft_entry *b)
{
	must(a->index == b->index && a->term == b->term && a->kind == b->kind);
	must(a->len == b->len && memcmp(a->data, b->data, a->len) == 0);
}

static void compare(const struct raft_message *a, const struct raft_message *b)
{
	must(a->type == b->type && a->from == b->from && a->to == b->to && a->term == b->term);
	must(a->log_index == b->log_index && a->log_term == b->log_term);
	must(a->commit_index == b->commit_index && a->round == b->round);
	must(a->reject == b->reject && a->transfer == b->transfer);
	must(a->hint_index == b->hint_index && a->hint_term == b->hint_term);
	must(a->entry_count == b->entry_count);
	for (size_t i = 0; i < a->entry_count; i++)
		compare_entries(a->entries[i], b->entries[i]);
}

static void check_bounds(const struct raft_message *m)
{
	must(m->type > RAFT_MESSAGE_NONE && m->type < RAFT_MESSAGE_TYPES);
	must(m->entry_count <= RAFT_MESSAGE_ENTRIES_MAX);
	for (size_t i = 0; i < m->entry_count; i++) {
		must(m->entries[i]->index == m->log_index + 1 + i && m->entries[i]->term);
		must(m->entries[i]->kind <= RAFT_ENTRY_CONFIGURATION);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct raft_message m, back;
	struct frame *f;

	if (frame_parse(data, size, &m, NULL))
		return 0;
	check_bounds(&m);
	must(!frame_new(&m, &f, NULL));
	must(load_u32(f->data) == f->len - FRAME_HEAD);
	must(!frame_parse(f->data + FRAME_HEAD, f->len - FRAME_HEAD, &back, NULL));
	compare(&m, &back);
	free(f);
	frame_message_fini(&m);
	frame_message_fini(&back);
	return 0;
}
