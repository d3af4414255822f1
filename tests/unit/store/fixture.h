/* SPDX-License-Identifier: Apache-2.0 */
/* A directory of its own for each test, and state stores that are fed entries. */
#ifndef WGMESH_TESTS_STORE_FIXTURE_H
#define WGMESH_TESTS_STORE_FIXTURE_H

#include "../cmocka.h"

#include "store/commands.h"
#include "store/state_query.h"

struct fixture {
	char dir[64];
	char path[96];		/* of the database under test */
	struct state_store *state;
	uint64_t index;		/* of the last entry fed */
};

/* cmocka's setup and teardown: a directory; and with a fresh state store in it. */
int setup_dir(void **state);
int setup_state(void **state);
int teardown(void **state);

/* Fails the test with the text of the error. */
void ok(int r, const struct error *err);

/* Apply an entry as the next one, in a batch of its own; frees it. */
struct apply_result feed(struct fixture *f, struct entry *e);
/* The same, in the batch that is open. */
struct apply_result feed_within(struct fixture *f, struct entry *e);
/* As feed(), and it must have been applied. */
void feed_ok(struct fixture *f, struct entry *e);
struct entry *new_entry(void);
struct entry *join_node(const struct node *n);
struct entry *leave_node(const char *id);
void set_role(struct fixture *f, const char *id, enum node_role role, uint64_t server_id);

struct node make_node(unsigned int i);
struct token_record make_token(const char *id, uint32_t uses);
struct mesh make_mesh(const char *ula, const char *ipv4);

/* Overwrite bytes of a file; @offset from the end when negative. */
void patch_file(const char *path, long offset, const void *data, size_t len);
/* Where @needle lies in the file the @nth time (from 0); -1: nowhere. */
long find_in_file(const char *path, const void *needle, size_t len, int nth);
long file_size(const char *path);

#endif
