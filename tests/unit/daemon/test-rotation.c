// SPDX-License-Identifier: Apache-2.0
/*
 * When this node makes another key, announces it and takes it.  Stores are real ones; time, the age
 * of the state and the device are the test's own.
 */
#include "fixture.h"

#include <string.h>

#include "crypto/keypair.h"
#include "daemon/now.h"
#include "daemon/rotation.h"
#include "rpc/call.h"
#include "store/entry.h"
#include "store/schema.h"

enum { SETTLE_MS = 6000, TURN_MS = 60000 };

static const int64_t SECOND = 1000000000;	/* ns */
static const int64_t EPOCH = 1700000000;	/* seconds, when a test begins */

static int64_t wall;			/* ns since 1970 */
static uint64_t loop_ms;		/* what uv_now() says */
static uint64_t state_age_ms;
static unsigned int device_sets;
static struct key device_key;		/* private */
static int device_fails;
static const char *metadata;		/* of a Join; NULL: none */

int64_t __wrap_daemon_now(void);
uint64_t __wrap_uv_now(const uv_loop_t *loop);
void __wrap_replica_status(const struct replica *r, struct replica_status *ret);
int __wrap_converge_change_key(struct converge *c, const struct key *private_key,
			       struct error *err);
bool __wrap_rpc_call_metadata(const struct rpc_call *call, const char *key, char *ret, size_t size);

int64_t __wrap_daemon_now(void)
{
	return wall;
}

uint64_t __wrap_uv_now(const uv_loop_t *loop)
{
	return loop_ms;
}

void __wrap_replica_status(const struct replica *r, struct replica_status *ret)
{
	*ret = (struct replica_status){ .state_age_ms = state_age_ms };
}

int __wrap_converge_change_key(struct converge *c, const struct key *private_key,
			       struct error *err)
{
	if (device_fails)
		return error_set(err, ERR_UNAVAILABLE, "the device is away");
	device_sets++;
	device_key = *private_key;
	return 0;
}

bool __wrap_rpc_call_metadata(const struct rpc_call *call, const char *key, char *ret, size_t size)
{
	assert_string_equal(key, NEXT_KEY_METADATA);
	if (!metadata || strlen(metadata) >= size)
		return false;
	strcpy(ret, metadata);
	return true;
}

/* ---- a node, n1, which is in the mesh with its key ---- */

struct bench {
	struct fixture *f;
	struct daemon d;
	struct key first;		/* public */
};

static void join_with(struct bench *b, const char *id, const struct key *public_key)
{
	struct node node = make_node(id, NODE_OBSERVER, 0);

	node.public_key = *public_key;
	add_node(b->f, &node);
}

static void begin(struct bench *b, struct fixture *f, unsigned int lifetime_seconds)
{
	struct entry *schema = entry_new_schema(SCHEMA_ROTATIONS);
	struct local_key key = { 0 };
	struct error err;

	memset(b, 0, sizeof(*b));
	wall = EPOCH * SECOND;
	loop_ms = 1000;
	state_age_ms = 0;
	device_sets = 0;
	device_fails = 0;
	b->f = f;
	b->d.state = f->state;
	b->d.local = f->local;
	strcpy(b->d.settings.id, "n1");
	b->d.settings.key_rotation_seconds = lifetime_seconds;
	ok(keypair_generate(&key.private_key, &b->first, &err), &err);
	b->d.wireguard_public = b->first;
	ok(local_store_set_key(f->local, &key, &err), &err);
	assert_non_null(schema);
	apply(f, schema);
	join_with(b, "n1", &b->first);
	ok(rotation_load(&b->d, 0, &err), &err);
}

static void advance(struct bench *b)
{
	rotation_advance(&b->d);
}

static void pass_ms(uint64_t ms)
{
	loop_ms += ms;
	wall += (int64_t)ms * 1000000;
}

static void ask(struct bench *b, const char *id)
{
	struct entry *e = new_entry();
	struct error err;

	ok(command_ask_rotation(e, id, wall, &err), &err);
	apply(b->f, e);
}

static void state_announces(struct bench *b, const char *id, const struct key *next)
{
	struct entry *e = new_entry();
	struct error err;

	ok(command_announce_key(e, id, next, wall, &err), &err);
	apply(b->f, e);
}

/* As the Join that goes well does, and the log behind it. */
static struct key announce(struct bench *b)
{
	const struct key *next = rotation_to_announce(&b->d);
	struct key key;

	assert_non_null(next);
	key = *next;
	state_announces(b, "n1", &key);
	rotation_announced(&b->d, &key);
	return key;
}

static void make_one(struct bench *b)
{
	ask(b, "n1");
	advance(b);
	assert_true(b->d.rotation.made);
}

static bool changed(const struct bench *b)
{
	return !key_equal(&b->d.wireguard_public, &b->first);
}

/* ---- made ---- */

static void a_key_that_lives_for_ever_changes_when_an_operator_asks(void **state)
{
	struct bench b;

	begin(&b, *state, 0);
	advance(&b);
	wall += 1000000 * SECOND;
	advance(&b);
	assert_null(rotation_to_announce(&b.d));
	make_one(&b);
	assert_non_null(rotation_to_announce(&b.d));
	assert_false(changed(&b));
}

static void a_key_is_due_at_the_end_of_its_life_or_an_eighth_earlier(void **state)
{
	struct local_key kept;
	struct bench b;

	begin(&b, *state, 8000);
	advance(&b);
	assert_null(rotation_to_announce(&b.d));
	assert_in_range(b.d.rotation.expires_at, (EPOCH + 7000) * SECOND, (EPOCH + 8000) * SECOND);
	assert_int_equal(local_store_get_key(b.d.local, &kept, NULL), 0);
	assert_int_equal(kept.expires_at, b.d.rotation.expires_at);
	wall = b.d.rotation.expires_at - 1;
	advance(&b);
	assert_null(rotation_to_announce(&b.d));
	wall++;
	advance(&b);
	assert_non_null(rotation_to_announce(&b.d));
}

static void a_life_that_was_made_shorter_holds_for_the_key_of_now(void **state)
{
	struct bench b;

	begin(&b, *state, 8000);
	advance(&b);
	b.d.settings.key_rotation_seconds = 800;
	advance(&b);
	assert_in_range(b.d.rotation.expires_at, (EPOCH + 700) * SECOND, (EPOCH + 800) * SECOND);
	b.d.settings.key_rotation_seconds = 0;
	advance(&b);
	assert_int_equal(b.d.rotation.expires_at, 0);
}

static void who_is_not_in_the_mesh_by_his_key_makes_none(void **state)
{
	const struct key other = { { 9 } };
	struct bench b;

	begin(&b, *state, 0);
	ask(&b, "n1");
	b.d.wireguard_public = other;
	advance(&b);
	assert_null(rotation_to_announce(&b.d));
}

static void a_key_that_was_made_before_the_end_is_announced_after_it(void **state)
{
	struct key made;
	struct error err;
	struct bench b;

	begin(&b, *state, 0);
	make_one(&b);
	made = b.d.rotation.next;
	b.d.rotation = (struct rotation){ 0 };
	ok(rotation_load(&b.d, 5, &err), &err);
	assert_int_equal(b.d.rotation.expires_at, 5);
	assert_true(key_equal(rotation_to_announce(&b.d), &made));
}

/* ---- announced ---- */

static void it_is_announced_until_a_join_with_that_very_key_went_well(void **state)
{
	const struct key other = { { 9 } };
	struct bench b;

	begin(&b, *state, 0);
	make_one(&b);
	rotation_announced(&b.d, &other);
	assert_non_null(rotation_to_announce(&b.d));
	announce(&b);
	assert_null(rotation_to_announce(&b.d));
}

/* What a Join of n2's with that metadata is answered; the state then has what it announced. */
static int admit(struct bench *b, const char *text, struct key *ret_announced)
{
	struct node node = make_node("n2", NODE_OBSERVER, 0);
	struct rotation_record record;
	struct entry *e = new_entry();
	struct error err;
	int r;

	metadata = text;
	r = rotation_admit(&b->d, NULL, &node, e, &err);
	if (r == 0 && text)
		apply(b->f, e);
	else
		entry_free(e);
	if (r == 0 && text) {
		ok(state_get_rotation(b->f->state, "n2", &record, &err), &err);
		*ret_announced = record.next;
	}
	return r;
}

static void what_others_announce_is_a_key_that_they_do_not_have(void **state)
{
	struct node n2 = make_node("n2", NODE_OBSERVER, 0);
	const struct key key = { { 0xa1 } }, zero = { { 0 } };
	struct key announced = zero;
	char text[KEY_TEXT_MAX];
	struct bench b;

	begin(&b, *state, 0);
	add_node(b.f, &n2);
	assert_int_equal(admit(&b, NULL, &announced), 0);
	assert_int_equal(state_get_rotation(b.f->state, "n2", &(struct rotation_record){ 0 }, NULL),
			 -ERR_NOT_FOUND);
	assert_int_equal(admit(&b, "no key", &announced), -ERR_INVALID);
	assert_int_equal(admit(&b, key_format(&zero, text), &announced), -ERR_INVALID);
	assert_int_equal(admit(&b, key_format(&n2.public_key, text), &announced), -ERR_INVALID);
	assert_int_equal(admit(&b, key_format(&key, text), &announced), 0);
	assert_true(key_equal(&announced, &key));
}

/* ---- settled and changed ---- */

static void the_key_is_taken_when_all_others_had_the_time_to_hear_of_it(void **state)
{
	struct local_key kept;
	struct key next, public_key;
	struct bench b;

	begin(&b, *state, 800);
	make_one(&b);
	next = announce(&b);
	advance(&b);
	pass_ms(SETTLE_MS - 1);
	advance(&b);
	assert_false(changed(&b));
	pass_ms(1);
	advance(&b);
	assert_true(key_equal(&b.d.wireguard_public, &next));
	assert_int_equal(device_sets, 1);
	assert_int_equal(local_store_get_key(b.d.local, &kept, NULL), 0);
	assert_true(key_equal(&kept.private_key, &device_key));
	assert_int_equal(keypair_public(&device_key, &public_key, NULL), 0);
	assert_true(key_equal(&public_key, &next));
	assert_true(kept.expires_at > wall && kept.expires_at == b.d.rotation.expires_at);
	assert_null(rotation_to_announce(&b.d));
}

/* A state that is old may lack what others have announced: the time begins again behind it. */
static void while_the_state_is_old_no_time_passes(void **state)
{
	struct bench b;

	begin(&b, *state, 0);
	make_one(&b);
	announce(&b);
	advance(&b);
	pass_ms(SETTLE_MS);
	state_age_ms = 2000;
	advance(&b);
	state_age_ms = 1999;
	advance(&b);
	assert_false(changed(&b));
	pass_ms(SETTLE_MS);
	advance(&b);
	assert_true(changed(&b));
}

static void a_key_that_the_state_does_not_have_is_not_taken(void **state)
{
	struct bench b;

	begin(&b, *state, 0);
	make_one(&b);
	rotation_announced(&b.d, &b.d.rotation.next);
	advance(&b);
	pass_ms(SETTLE_MS + TURN_MS);
	advance(&b);
	assert_false(changed(&b));
}

static void who_announced_earlier_changes_first_if_it_does_so_within_a_minute(void **state)
{
	const struct key theirs = { { 2 } }, their_next = { { 3 } };
	struct bench b;

	begin(&b, *state, 0);
	join_with(&b, "n2", &theirs);
	state_announces(&b, "n2", &their_next);
	pass_ms(1);
	make_one(&b);
	announce(&b);
	advance(&b);
	pass_ms(SETTLE_MS);
	advance(&b);
	assert_false(changed(&b));
	join_with(&b, "n2", &their_next);	/* it has */
	advance(&b);
	assert_true(changed(&b));
}

static void who_announced_earlier_and_does_not_change_is_waited_for_a_minute(void **state)
{
	const struct key theirs = { { 2 } }, their_next = { { 3 } };
	struct bench b;

	begin(&b, *state, 0);
	join_with(&b, "n2", &theirs);
	state_announces(&b, "n2", &their_next);
	pass_ms(1);
	make_one(&b);
	announce(&b);
	advance(&b);
	pass_ms(TURN_MS - 1);
	advance(&b);
	assert_false(changed(&b));
	pass_ms(1);
	advance(&b);
	assert_true(changed(&b));
}

static void a_device_that_is_away_gets_the_key_when_it_is_back(void **state)
{
	struct bench b;

	begin(&b, *state, 0);
	make_one(&b);
	announce(&b);
	advance(&b);
	pass_ms(SETTLE_MS);
	device_fails = 1;
	advance(&b);
	assert_true(changed(&b));	/* on the disk, which all expect */
	assert_int_equal(device_sets, 0);
	device_fails = 0;
	advance(&b);
	assert_int_equal(device_sets, 1);
	advance(&b);
	assert_int_equal(device_sets, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_stores(a_key_that_lives_for_ever_changes_when_an_operator_asks),
		with_stores(a_key_is_due_at_the_end_of_its_life_or_an_eighth_earlier),
		with_stores(a_life_that_was_made_shorter_holds_for_the_key_of_now),
		with_stores(who_is_not_in_the_mesh_by_his_key_makes_none),
		with_stores(a_key_that_was_made_before_the_end_is_announced_after_it),
		with_stores(it_is_announced_until_a_join_with_that_very_key_went_well),
		with_stores(what_others_announce_is_a_key_that_they_do_not_have),
		with_stores(the_key_is_taken_when_all_others_had_the_time_to_hear_of_it),
		with_stores(while_the_state_is_old_no_time_passes),
		with_stores(a_key_that_the_state_does_not_have_is_not_taken),
		with_stores(who_announced_earlier_changes_first_if_it_does_so_within_a_minute),
		with_stores(who_announced_earlier_and_does_not_change_is_waited_for_a_minute),
		with_stores(a_device_that_is_away_gets_the_key_when_it_is_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
