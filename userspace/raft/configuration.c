// SPDX-License-Identifier: Apache-2.0
#include "raft/configuration.h"

#include <string.h>

enum { LAYOUT_VERSION = 1, SERVER_FIXED_BYTES = 8 + 1 + 1 };

static bool name_is_valid(const char *name)
{
	size_t len = name ? strnlen(name, RAFT_NAME_MAX) : 0;

	return len > 0 && len < RAFT_NAME_MAX;
}

static int check_server(uint64_t id, enum raft_server_role role, const char *name,
			struct error *err)
{
	if (id == 0)
		return error_set(err, ERR_INVALID, "server id 0 is reserved");
	if (role != RAFT_VOTER && role != RAFT_LEARNER)
		return error_set(err, ERR_INVALID,
				 "server %llu: role %d is neither voter nor learner",
				 (unsigned long long)id, (int)role);
	if (!name_is_valid(name))
		return error_set(err, ERR_INVALID, "server %llu: the name must have 1 to %d bytes",
				 (unsigned long long)id, RAFT_NAME_MAX - 1);
	return 0;
}

static int check_room(const struct raft_configuration *c, uint64_t id, const char *name,
		      struct error *err)
{
	if (raft_configuration_lookup(c, id))
		return error_set(err, ERR_EXISTS, "server %llu is in the configuration already",
				 (unsigned long long)id);
	if (raft_configuration_lookup_name(c, name))
		return error_set(err, ERR_EXISTS, "server name %s is in the configuration already",
				 name);
	if (c->count == RAFT_SERVERS_MAX)
		return error_set(err, ERR_EXHAUSTED, "a configuration holds at most %d servers",
				 RAFT_SERVERS_MAX);
	return 0;
}

int raft_configuration_add(struct raft_configuration *c, uint64_t id, enum raft_server_role role,
			   const char *name, struct error *err)
{
	unsigned int at = 0;
	int rc;

	rc = check_server(id, role, name, err);
	if (!rc)
		rc = check_room(c, id, name, err);
	if (rc)
		return rc;
	while (at < c->count && c->servers[at].id < id)
		at++;
	memmove(&c->servers[at + 1], &c->servers[at], (c->count - at) * sizeof(c->servers[0]));
	memset(&c->servers[at], 0, sizeof(c->servers[at]));
	c->servers[at].id = id;
	c->servers[at].role = role;
	memcpy(c->servers[at].name, name, strlen(name));
	c->count++;
	return 0;
}

void raft_configuration_remove(struct raft_configuration *c, uint64_t id)
{
	for (unsigned int i = 0; i < c->count; i++) {
		if (c->servers[i].id != id)
			continue;
		c->count--;
		memmove(&c->servers[i], &c->servers[i + 1],
			(c->count - i) * sizeof(c->servers[0]));
		return;
	}
}

const struct raft_server *raft_configuration_lookup(const struct raft_configuration *c,
						    uint64_t id)
{
	for (unsigned int i = 0; i < c->count; i++)
		if (c->servers[i].id == id)
			return &c->servers[i];
	return NULL;
}

const struct raft_server *raft_configuration_lookup_name(const struct raft_configuration *c,
							 const char *name)
{
	for (unsigned int i = 0; i < c->count; i++)
		if (strcmp(c->servers[i].name, name) == 0)
			return &c->servers[i];
	return NULL;
}

bool raft_configuration_is_voter(const struct raft_configuration *c, uint64_t id)
{
	const struct raft_server *s = raft_configuration_lookup(c, id);

	return s && s->role == RAFT_VOTER;
}

unsigned int raft_configuration_voters(const struct raft_configuration *c)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < c->count; i++)
		n += c->servers[i].role == RAFT_VOTER;
	return n;
}

int raft_configuration_encode(const struct raft_configuration *c, struct buf *out,
			      struct error *err)
{
	if (raft_configuration_voters(c) == 0)
		return error_set(err, ERR_INVALID, "a configuration needs a voter");
	buf_append_u8(out, LAYOUT_VERSION);
	buf_append_u8(out, (uint8_t)c->count);
	for (unsigned int i = 0; i < c->count; i++) {
		const struct raft_server *s = &c->servers[i];
		size_t len = strlen(s->name);

		buf_append_u64(out, s->id);
		buf_append_u8(out, (uint8_t)s->role);
		buf_append_u8(out, (uint8_t)len);
		buf_append(out, s->name, len);
	}
	if (out->failed)
		return error_set(err, ERR_MEMORY, "no memory to encode a configuration");
	return 0;
}

/* What is left to decode. */
struct cursor {
	const uint8_t *p;
	size_t left;
};

static int decode_server(struct cursor *in, struct raft_configuration *c, struct error *err)
{
	char name[RAFT_NAME_MAX] = "";
	uint64_t id;
	uint8_t role, len;

	if (in->left < SERVER_FIXED_BYTES)
		return error_set(err, ERR_INVALID, "configuration: server %u is cut short",
				 c->count);
	id = load_u64(in->p);
	role = in->p[8];
	len = in->p[9];
	in->p += SERVER_FIXED_BYTES;
	in->left -= SERVER_FIXED_BYTES;
	if (len >= RAFT_NAME_MAX || len > in->left)
		return error_set(err, ERR_INVALID,
				 "configuration: name of server %u is %u bytes long",
				 c->count, len);
	memcpy(name, in->p, len);
	if (strlen(name) != len)
		return error_set(err, ERR_INVALID, "configuration: name of server %u has a NUL",
				 c->count);
	in->p += len;
	in->left -= len;
	if (c->count && c->servers[c->count - 1].id >= id)
		return error_set(err, ERR_INVALID, "configuration: ids of servers do not ascend");
	return raft_configuration_add(c, id, role, name, err);
}

static int decode_all(struct cursor *in, unsigned int count, struct raft_configuration *c,
		      struct error *err)
{
	for (unsigned int i = 0; i < count; i++) {
		/* Also what add() calls taken or too much is just malformed here. */
		if (decode_server(in, c, err)) {
			if (err)
				err->kind = ERR_INVALID;
			return -(int)ERR_INVALID;
		}
	}
	if (in->left)
		return error_set(err, ERR_INVALID, "configuration: %zu bytes too many", in->left);
	if (raft_configuration_voters(c) == 0)
		return error_set(err, ERR_INVALID, "configuration: no voter");
	return 0;
}

int raft_configuration_decode(const void *data, size_t len, struct raft_configuration *ret,
			      struct error *err)
{
	struct cursor in = { .p = data, .left = len };
	struct raft_configuration c = { 0 };
	int rc;

	if (len < 2)
		return error_set(err, ERR_INVALID, "configuration: %zu bytes are too few", len);
	if (in.p[0] != LAYOUT_VERSION)
		return error_set(err, ERR_INVALID, "configuration: layout version %u is unknown",
				 in.p[0]);
	in.p += 2;
	in.left -= 2;
	rc = decode_all(&in, ((const uint8_t *)data)[1], &c, err);
	if (rc)
		return rc;
	*ret = c;
	return 0;
}
