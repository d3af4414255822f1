// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int setup_dir(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	strcpy(f->dir, "/tmp/wgmesh-store-XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	snprintf(f->path, sizeof(f->path), "%s/test.db", f->dir);
	*state = f;
	return 0;
}

int setup_state(void **state)
{
	struct fixture *f;

	if (setup_dir(state) < 0)
		return -1;
	f = *state;
	return state_store_open(f->path, &f->state, NULL);
}

int teardown(void **state)
{
	struct fixture *f = *state;
	char path[sizeof(f->dir) + 256 + 2];
	struct dirent *d;
	DIR *dir;

	state_store_close(f->state);
	dir = opendir(f->dir);
	while (dir && (d = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%s", f->dir, d->d_name);
		unlink(path);
	}
	if (dir)
		closedir(dir);
	rmdir(f->dir);
	free(f);
	return 0;
}

void ok(int r, const struct error *err)
{
	if (r < 0)
		fail_msg("%s: %s", error_kind_name(err->kind), err->text);
}

struct apply_result feed_within(struct fixture *f, struct entry *e)
{
	struct log_entry entry = { .index = f->index + 1, .term = 1, .kind = LOG_ENTRY_DATA };
	struct apply_result result;
	struct error err;
	const uint8_t *data;
	size_t len;

	ok(entry_encode(e, &data, &len, &err), &err);
	entry.data = data;
	entry.len = (uint32_t)len;
	ok(state_store_apply(f->state, &entry, &result, &err), &err);
	f->index++;
	entry_free(e);
	return result;
}

struct apply_result feed(struct fixture *f, struct entry *e)
{
	struct apply_result result;
	struct error err;

	ok(state_store_begin(f->state, &err), &err);
	result = feed_within(f, e);
	ok(state_store_commit(f->state, NULL, &err), &err);
	return result;
}

void feed_ok(struct fixture *f, struct entry *e)
{
	struct apply_result r = feed(f, e);

	if (r.error.kind)
		fail_msg("%s: %s", error_kind_name(r.error.kind), r.error.text);
}

struct entry *new_entry(void)
{
	struct entry *e = entry_new(NULL);

	assert_non_null(e);
	return e;
}

struct entry *join_node(const struct node *n)
{
	struct entry *e = new_entry();
	struct error err;

	ok(command_register_node(e, n, &err), &err);
	return e;
}

struct entry *leave_node(const char *id)
{
	struct entry *e = new_entry();
	struct error err;

	ok(command_remove_node(e, id, &err), &err);
	return e;
}

void set_role(struct fixture *f, const char *id, enum node_role role, uint64_t server_id)
{
	struct entry *e = new_entry();

	assert_int_equal(command_set_role(e, id, role, server_id, 5, NULL), 0);
	feed_ok(f, e);
}

struct node make_node(unsigned int i)
{
	struct node n = { .wireguard_port = 51820, .raft_port = 9443, .grpc_port = 8443 };

	snprintf(n.id, sizeof(n.id), "n%u", i);
	memset(n.public_key.bytes, 9, KEY_BYTES);
	memcpy(n.public_key.bytes, &i, sizeof(i));
	n.primary_endpoint = (struct ip){ AF_INET, { 198, 51, 100, 7 } };
	n.endpoints[n.n_endpoints++] = (struct ip){ AF_INET6, { 0x20, 1, 0xd, 0xb8, [15] = 1 } };
	n.created_at = n.updated_at = 1000 + i;
	return n;
}

struct token_record make_token(const char *id, uint32_t uses)
{
	struct token_record t = { .role = NODE_VOTER, .uses_left = uses, .expires_at = 5000 };

	snprintf(t.id, sizeof(t.id), "%s", id);
	memset(t.secret_hash, 3, sizeof(t.secret_hash));
	return t;
}

struct mesh make_mesh(const char *ula, const char *ipv4)
{
	struct mesh m = { .domain = "lab.example" };

	assert_true(prefix_parse(ula, &m.ula));
	assert_true(prefix_parse(ipv4, &m.ipv4));
	return m;
}

void patch_file(const char *path, long offset, const void *data, size_t len)
{
	FILE *file = fopen(path, "r+");

	assert_non_null(file);
	assert_int_equal(fseek(file, offset, offset < 0 ? SEEK_END : SEEK_SET), 0);
	assert_int_equal(fwrite(data, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

long file_size(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (long)st.st_size : -1;
}

long find_in_file(const char *path, const void *needle, size_t len, int nth)
{
	long size = file_size(path), found = -1;
	FILE *file = fopen(path, "r");
	char *all = malloc((size_t)size), *at = all;

	assert_non_null(file);
	assert_non_null(all);
	assert_int_equal(fread(all, 1, (size_t)size, file), size);
	fclose(file);
	while ((at = memmem(at, (size_t)(all + size - at), needle, len)) && nth--)
		at++;
	if (at)
		found = at - all;
	free(all);
	return found;
}
