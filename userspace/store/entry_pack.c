// SPDX-License-Identifier: Apache-2.0
#include "store/entry_pack.h"

#include <stdlib.h>

#include "v1/node_raft.pb-c.h"

enum {
	STATEMENT_HEADER = 1 + 4,
	NS_PER_S = 1000000000,
	KNOWN_FLAGS = ENTRY_MUST_CHANGE,
};

static void pack_time(Google__Protobuf__Timestamp *t, int64_t ns)
{
	google__protobuf__timestamp__init(t);
	t->seconds = ns / NS_PER_S;
	t->nanos = (int32_t)(ns % NS_PER_S);
	if (t->nanos < 0) {	/* nanos count forward, also before the epoch */
		t->nanos += NS_PER_S;
		t->seconds--;
	}
}

static void pack_value(V1__SQLParameter *p, Google__Protobuf__Timestamp *t,
		       const struct sql_value *v)
{
	static const V1__SQLParameterType types[] = {
		[SQL_NULL] = V1__SQLPARAMETER_TYPE__SQL_PARAM_NULL,
		[SQL_INT] = V1__SQLPARAMETER_TYPE__SQL_PARAM_INT64,
		[SQL_DOUBLE] = V1__SQLPARAMETER_TYPE__SQL_PARAM_DOUBLE,
		[SQL_BOOL] = V1__SQLPARAMETER_TYPE__SQL_PARAM_BOOL,
		[SQL_BYTES] = V1__SQLPARAMETER_TYPE__SQL_PARAM_BYTES,
		[SQL_TEXT] = V1__SQLPARAMETER_TYPE__SQL_PARAM_STRING,
		[SQL_TIME] = V1__SQLPARAMETER_TYPE__SQL_PARAM_TIME,
	};

	v1__sqlparameter__init(p);
	p->type = types[v->type];
	switch (v->type) {
	case SQL_NULL:
		break;
	case SQL_INT:
		p->int64 = v->i;
		break;
	case SQL_DOUBLE:
		p->double_ = v->d;
		break;
	case SQL_BOOL:
		p->bool_ = v->i != 0;
		break;
	case SQL_BYTES:
		p->bytes.data = (uint8_t *)v->bytes.data;
		p->bytes.len = v->bytes.len;
		break;
	case SQL_TEXT:
		p->str = (char *)v->text;
		break;
	case SQL_TIME:
		pack_time(t, v->i);
		p->time = t;
		break;
	}
}

/* protobuf-c packs into buffers of its own kind; this one hands on to ours. */
struct pack_target {
	ProtobufCBuffer base;
	struct buf *buf;
};

static void pack_append(ProtobufCBuffer *base, size_t len, const uint8_t *data)
{
	buf_append(((struct pack_target *)base)->buf, data, len);
}

static bool pack_message(struct buf *b, uint8_t flags, const V1__RaftLogEntry *message)
{
	struct pack_target target = { .base.append = pack_append, .buf = b };

	buf_append_u8(b, flags);
	buf_append_u32(b, (uint32_t)v1__raft_log_entry__get_packed_size(message));
	v1__raft_log_entry__pack_to_buffer(message, &target.base);
	return !b->failed;
}

bool statement_pack(struct buf *b, uint8_t flags, const char *sql, const struct sql_value *params,
		    size_t n_params)
{
	V1__RaftLogEntry message = V1__RAFT_LOG_ENTRY__INIT;
	V1__SQLExec exec = V1__SQLEXEC__INIT;
	V1__SQLStatement statement = V1__SQLSTATEMENT__INIT;
	V1__SQLParameter values[ENTRY_PARAMS_MAX], *pointers[ENTRY_PARAMS_MAX];
	Google__Protobuf__Timestamp times[ENTRY_PARAMS_MAX];

	for (size_t i = 0; i < n_params; i++) {
		pack_value(&values[i], &times[i], &params[i]);
		pointers[i] = &values[i];
	}
	statement.sql = (char *)sql;
	statement.parameters = pointers;
	statement.n_parameters = n_params;
	exec.transaction = true;
	exec.statement = &statement;
	message.type = V1__RAFT_COMMAND_TYPE__EXECUTE;
	message.sql_exec = &exec;
	return pack_message(b, flags, &message);
}

static int malformed(struct error *err, const char *what)
{
	return error_set(err, ERR_INVALID, "a statement of the entry is malformed: %s", what);
}

static int check_message(const V1__RaftLogEntry *m, struct error *err)
{
	if (m->type != V1__RAFT_COMMAND_TYPE__EXECUTE || !m->sql_exec || !m->sql_exec->statement)
		return malformed(err, "no SQLExec");
	if (m->sql_exec->statement->n_parameters > ENTRY_PARAMS_MAX)
		return malformed(err, "too many parameters");
	return 0;
}

struct counting_allocator {
	ProtobufCAllocator base;
	bool failed;
};

static void *count_alloc(void *data, size_t size)
{
	void *p = malloc(size);

	if (!p)
		((struct counting_allocator *)data)->failed = true;
	return p;
}

static void count_free(void *data, void *p)
{
	free(p);
}

/*
 * protobuf-c says NULL for malformed and for no memory alike.  The first is an answer
 * that all nodes give, the second is this node's alone: the allocator tells them apart.
 */
static int unpack(const uint8_t *data, size_t len, V1__RaftLogEntry **ret, struct error *err)
{
	struct counting_allocator a = { .base = { .alloc = count_alloc, .free = count_free } };

	a.base.allocator_data = &a;
	*ret = v1__raft_log_entry__unpack(&a.base, len, data);
	if (*ret)
		return 0;
	if (a.failed)
		return error_set(err, ERR_MEMORY, "no memory for a statement of %zu bytes", len);
	return malformed(err, "no RaftLogEntry");
}

int statement_next(const struct entry_header *h, size_t *pos, struct statement *ret,
		   struct error *err)
{
	size_t left = h->body_len - *pos, len;
	const uint8_t *p = h->body + *pos;
	struct statement st = { 0 };
	int r;

	if (left == 0)
		return 0;
	if (left < STATEMENT_HEADER || (len = load_u32(p + 1)) > left - STATEMENT_HEADER)
		return malformed(err, "it is cut short");
	st.flags = p[0];
	if (st.flags & ~KNOWN_FLAGS)
		return error_set(err, ERR_UNSUPPORTED,
				 "a statement with flags %#x is of a newer release; upgrade "
				 "wgmeshd",
				 st.flags);
	r = unpack(p + STATEMENT_HEADER, len, &st.message, err);
	if (r == 0)
		r = check_message(st.message, err);
	if (r < 0) {
		statement_fini(&st);
		return r;
	}
	st.sql = st.message->sql_exec->statement->sql;
	st.n_params = st.message->sql_exec->statement->n_parameters;
	*pos += STATEMENT_HEADER + len;
	*ret = st;
	return 1;
}

void statement_fini(struct statement *st)
{
	v1__raft_log_entry__free_unpacked(st->message, NULL);
	*st = (struct statement){ 0 };
}

static bool unpack_time(const Google__Protobuf__Timestamp *t, int64_t *ret)
{
	return t && t->nanos >= 0 && t->nanos < NS_PER_S &&
	       !__builtin_mul_overflow(t->seconds, (int64_t)NS_PER_S, ret) &&
	       !__builtin_add_overflow(*ret, (int64_t)t->nanos, ret);
}

int statement_param(const struct statement *st, size_t i, struct sql_value *ret, struct error *err)
{
	const V1__SQLParameter *p = st->message->sql_exec->statement->parameters[i];

	switch (p->type) {
	case V1__SQLPARAMETER_TYPE__SQL_PARAM_NULL:
		*ret = (struct sql_value){ .type = SQL_NULL };
		return 0;
	case V1__SQLPARAMETER_TYPE__SQL_PARAM_INT64:
		*ret = (struct sql_value){ .type = SQL_INT, .i = p->int64 };
		return 0;
	case V1__SQLPARAMETER_TYPE__SQL_PARAM_DOUBLE:
		*ret = (struct sql_value){ .type = SQL_DOUBLE, .d = p->double_ };
		return 0;
	case V1__SQLPARAMETER_TYPE__SQL_PARAM_BOOL:
		*ret = (struct sql_value){ .type = SQL_BOOL, .i = p->bool_ };
		return 0;
	case V1__SQLPARAMETER_TYPE__SQL_PARAM_BYTES:
		*ret = (struct sql_value){
			.type = SQL_BYTES, .bytes = { p->bytes.data, p->bytes.len },
		};
		return 0;
	case V1__SQLPARAMETER_TYPE__SQL_PARAM_STRING:
		*ret = (struct sql_value){ .type = SQL_TEXT, .text = p->str };
		return 0;
	case V1__SQLPARAMETER_TYPE__SQL_PARAM_TIME:
		*ret = (struct sql_value){ .type = SQL_TIME };
		return unpack_time(p->time, &ret->i) ? 0 : malformed(err, "a time out of range");
	default:
		return malformed(err, "a parameter without type");
	}
}

const char *statement_param_name(const struct statement *st, size_t i)
{
	return st->message->sql_exec->statement->parameters[i]->name;
}
