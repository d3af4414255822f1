// SPDX-License-Identifier: Apache-2.0
#include "transport/frame.h"

#include <stdlib.h>

#include "base/buf.h"
#include "ext/v1/raft.pb-c.h"
#include "transport/transport.h"

typedef Webmesh__Ext__V1__RaftMessage pb_message;
typedef Webmesh__Ext__V1__LogEntry pb_entry;

enum { UNPACKED_MAX = 3 * TRANSPORT_FRAME_MAX };

static bool is_bulk(enum raft_message_type type)
{
	return type == RAFT_APPEND || type == RAFT_APPEND_REPLY || type == RAFT_HEARTBEAT ||
	       type == RAFT_HEARTBEAT_REPLY;
}

static pb_message message_to_pb(const struct raft_message *m)
{
	pb_message pb = WEBMESH__EXT__V1__RAFT_MESSAGE__INIT;

	pb.type = m->type;
	pb.from = m->from;
	pb.to = m->to;
	pb.term = m->term;
	pb.log_index = m->log_index;
	pb.log_term = m->log_term;
	pb.commit_index = m->commit_index;
	pb.round = m->round;
	pb.reject = m->reject;
	pb.hint_index = m->hint_index;
	pb.hint_term = m->hint_term;
	pb.transfer = m->transfer;
	return pb;
}

/* Views of the entries, not copies; @pointers has as many places. */
static void entries_to_pb(const struct raft_message *m, pb_entry *views, pb_entry **pointers)
{
	for (size_t i = 0; i < m->entry_count; i++) {
		const struct raft_entry *e = m->entries[i];

		webmesh__ext__v1__log_entry__init(&views[i]);
		views[i].index = e->index;
		views[i].term = e->term;
		views[i].kind = e->kind;
		views[i].data.data = (uint8_t *)e->data;
		views[i].data.len = e->len;
		pointers[i] = &views[i];
	}
}

static int pack(const pb_message *pb, bool bulk, struct frame **ret, struct error *err)
{
	size_t len = webmesh__ext__v1__raft_message__get_packed_size(pb);
	struct frame *f;

	if (len > TRANSPORT_FRAME_MAX)
		return error_set(err, ERR_EXHAUSTED, "a message of %zu bytes; a frame takes %d",
				 len, TRANSPORT_FRAME_MAX);
	f = malloc(sizeof(*f) + FRAME_HEAD + len);
	if (!f)
		return error_set(err, ERR_MEMORY, "no memory for a message of %zu bytes", len);
	f->next = NULL;
	f->bulk = bulk;
	f->len = FRAME_HEAD + len;
	store_u32(f->data, (uint32_t)len);
	webmesh__ext__v1__raft_message__pack(pb, f->data + FRAME_HEAD);
	*ret = f;
	return 0;
}

int frame_new(const struct raft_message *m, struct frame **ret, struct error *err)
{
	pb_message pb = message_to_pb(m);
	pb_entry **pointers;
	pb_entry *views;
	int r;

	if (!m->entry_count)
		return pack(&pb, is_bulk(m->type), ret, err);
	views = calloc(m->entry_count, sizeof(*views));
	pointers = calloc(m->entry_count, sizeof(*pointers));
	if (!views || !pointers) {
		r = error_set(err, ERR_MEMORY, "no memory for %zu entries", m->entry_count);
	} else {
		entries_to_pb(m, views, pointers);
		pb.entries = pointers;
		pb.n_entries = m->entry_count;
		r = pack(&pb, is_bulk(m->type), ret, err);
	}
	free(views);
	free(pointers);
	return r;
}

void frame_message_fini(struct raft_message *m)
{
	for (size_t i = 0; i < m->entry_count; i++)
		raft_entry_unref(m->entries[i]);
	free(m->entries);
	*m = (struct raft_message){ 0 };
}

static struct raft_message message_from_pb(const pb_message *pb)
{
	return (struct raft_message){
		.type = pb->type,
		.from = pb->from,
		.to = pb->to,
		.term = pb->term,
		.log_index = pb->log_index,
		.log_term = pb->log_term,
		.commit_index = pb->commit_index,
		.round = pb->round,
		.reject = pb->reject,
		.transfer = pb->transfer,
		.hint_index = pb->hint_index,
		.hint_term = pb->hint_term,
	};
}

static int check(const pb_message *pb, struct error *err)
{
	if (pb->type == RAFT_MESSAGE_NONE || pb->type >= RAFT_MESSAGE_TYPES)
		return error_set(err, ERR_INVALID, "a message of unknown type %u", pb->type);
	if (pb->n_entries > RAFT_MESSAGE_ENTRIES_MAX)
		return error_set(err, ERR_INVALID, "a message of %zu entries", pb->n_entries);
	for (size_t i = 0; i < pb->n_entries; i++) {
		const pb_entry *e = pb->entries[i];

		if (e->index != pb->log_index + 1 + i || e->term == 0)
			return error_set(err, ERR_INVALID, "entry %zu is out of order", i);
		if (e->kind > RAFT_ENTRY_CONFIGURATION || e->data.len > RAFT_ENTRY_BYTES_MAX)
			return error_set(err, ERR_INVALID, "entry %zu is malformed", i);
	}
	return 0;
}

static int copy_entries(const pb_message *pb, struct raft_message *m, struct error *err)
{
	if (!pb->n_entries)
		return 0;
	m->entries = calloc(pb->n_entries, sizeof(*m->entries));
	if (!m->entries)
		return error_set(err, ERR_MEMORY, "no memory for %zu entries", pb->n_entries);
	for (size_t i = 0; i < pb->n_entries; i++) {
		const pb_entry *e = pb->entries[i];
		struct raft_entry *entry = raft_entry_new(e->index, e->term, e->kind, e->data.data,
							  e->data.len);

		if (!entry) {
			frame_message_fini(m);
			return error_set(err, ERR_MEMORY, "no memory for %zu entries",
					 pb->n_entries);
		}
		m->entries[m->entry_count++] = entry;
	}
	return 0;
}

/*
 * Two bytes make an empty entry, and that a structure fifty times larger: what
 * a frame may become is bounded too.  The data is the bytes still allowed.
 */
static void *budget_alloc(void *data, size_t size)
{
	size_t *left = data;

	if (size > *left)
		return NULL;
	*left -= size;
	return malloc(size);
}

static void budget_free(void *data, void *p)
{
	free(p);
}

int frame_parse(const uint8_t *data, size_t len, struct raft_message *ret, struct error *err)
{
	size_t budget = UNPACKED_MAX;
	ProtobufCAllocator allocator = { budget_alloc, budget_free, &budget };
	pb_message *pb = webmesh__ext__v1__raft_message__unpack(&allocator, len, data);
	struct raft_message m;
	int r;

	if (!pb)
		return error_set(err, ERR_INVALID, "a frame of %zu bytes that is no message", len);
	m = message_from_pb(pb);
	r = check(pb, err);
	if (!r)
		r = copy_entries(pb, &m, err);
	webmesh__ext__v1__raft_message__free_unpacked(pb, &allocator);
	if (!r)
		*ret = m;
	return r;
}
