// SPDX-License-Identifier: Apache-2.0
/*
 * Calls that another server answers.  Here it is the same one: it passes a call on to itself,
 * once.
 */
#include <string.h>

#include "../cmocka.h"
#include "world.h"

/* What the server asks itself by; with a certificate of its own under TLS. */
static struct rpc_channel *self;
static bool vouch;
static unsigned int patience_ms;

static int pass_on(struct rpc_call *call, struct world *w, struct rpc_onward *ret_onward,
		   struct error *err)
{
	if (!rpc_call_forwarded(call)) {
		ret_onward->channel = self;
		ret_onward->vouch = vouch;
		ret_onward->patience_ms = patience_ms;
	}
	return 0;
}

static void hold(struct rpc_call *call, const V1__JoinRequest *request, struct world *w)
{
	assert_true(rpc_call_forwarded(call));
	world_watch(w, call);
	w->held = rpc_call_ref(call);
}

static void wait_held(struct world *w)
{
	while (!w->held)
		uv_run(&w->loop, UV_RUN_ONCE);
}

static void reply_id(struct rpc_call *call, const V1__JoinRequest *request, struct world *w)
{
	assert_true(rpc_call_forwarded(call));
	reply_text(call, request->id);
}

static void init(struct world *w)
{
	world_init(w, NULL);
	w->admit = pass_on;
	self = w->channel;
	vouch = false;
	patience_ms = 0;
}

static void request_and_answer_pass(void **state)
{
	struct result r;
	struct world w;

	init(&w);
	w.join = reply_id;
	r = join(&w, "n1");
	assert_int_equal(r.err.kind, ERR_NONE);
	assert_string_equal(r.text, "n1");
	assert_int_equal(w.handled, 1);
	world_fini(&w);
}

static enum error_kind refusal;

static void refuse(struct rpc_call *call, const V1__JoinRequest *request, struct world *w)
{
	struct error err;

	error_set(&err, refusal, "prefix “fd00::/48” is 100%% used");
	rpc_fail(call, &err);
}

static void expect_refusal(enum error_kind kind)
{
	struct result r;
	struct world w;

	init(&w);
	w.join = refuse;
	refusal = kind;
	r = join(&w, "n1");
	assert_int_equal(r.err.kind, kind);
	assert_non_null(strstr(r.err.text, "prefix “fd00::/48” is 100% used"));
	assert_null(strstr(r.err.text, "no answer"));
	world_fini(&w);
}

static void a_refusal_passes_with_its_text(void **state)
{
	expect_refusal(ERR_EXHAUSTED);
}

/* What the loss of the way there would be told by, too. */
static void that_he_cannot_now_passes_as_he_has_said_it(void **state)
{
	expect_refusal(ERR_UNAVAILABLE);
}

/* A call on its way, for which the one who is to answer has his @patience. */
static struct rpc_client_call *begin_held(struct world *w, unsigned int patience, struct result *r)
{
	struct rpc_client_call *c;

	init(w);
	patience_ms = patience;
	w->join = hold;
	c = join_start(w, "n1", r);
	wait_held(w);
	return c;
}

static void end_held(struct world *w)
{
	rpc_call_unref(w->held);
	world_fini(w);
}

static void a_cancellation_reaches_the_one_who_answers(void **state)
{
	struct rpc_client_call *c;
	struct result r;
	struct world w;

	c = begin_held(&w, 0, &r);
	assert_int_equal(rpc_server_calls(w.server), 2);
	rpc_client_cancel(c);
	world_run_until(&w, &r.done);
	world_run_until(&w, &w.gone);
	assert_true(w.cancelled);
	end_held(&w);
}

static void the_deadline_is_known_to_the_one_who_answers(void **state)
{
	struct result r;
	struct world w;

	begin_held(&w, 0, &r);
	/* On its way gRPC rounds it up to three digits. */
	assert_in_range(rpc_call_time_left(w.held), 1, WAIT_MS + WAIT_MS / 100);
	reply_text(w.held, "late");
	world_run_until(&w, &r.done);
	assert_string_equal(r.text, "late");
	end_held(&w);
}

static void who_does_not_answer_in_the_time_that_is_ours_is_unavailable(void **state)
{
	struct result r;
	struct world w;

	begin_held(&w, 200, &r);
	world_run_until(&w, &r.done);
	assert_int_equal(r.err.kind, ERR_UNAVAILABLE);
	assert_non_null(strstr(r.err.text, w.address));
	world_run_until(&w, &w.gone);
	end_held(&w);
}

static void an_end_of_the_server_ends_what_it_has_passed_on(void **state)
{
	struct result r;
	struct world w;

	begin_held(&w, 0, &r);
	world_stop_server(&w, 0);
	world_run_until(&w, &r.done);
	assert_int_not_equal(r.err.kind, ERR_NONE);
	end_held(&w);
}

static void who_cannot_be_reached_is_named(void **state)
{
	struct rpc_channel_config config = { .address = "127.0.0.1:1", .plaintext = true };
	struct result r;
	struct error err;
	struct world w;

	init(&w);
	assert_int_equal(rpc_channel_new(&config, &self, &err), 0);
	r = join(&w, "n1");
	assert_int_equal(r.err.kind, ERR_UNAVAILABLE);
	assert_non_null(strstr(r.err.text, "no answer from 127.0.0.1:1"));
	assert_non_null(strstr(r.err.text, "try again"));
	rpc_channel_free(self);
	world_fini(&w);
}

/* @caller's Leave, for administrators, by way of n2. */
static struct result leave_by_n2(struct world *w, const char *caller, bool named,
				 const char *believed)
{
	struct rpc_channel *channel;
	struct result r;

	world_init_tls(w, "n1");
	w->admit = pass_on;
	w->believed = believed;
	vouch = named;
	self = world_channel(w, "n2", "ours");
	channel = world_channel(w, caller, "ours");
	r = call(w, channel, "Leave");
	rpc_channel_free(channel);
	rpc_channel_free(self);
	world_fini(w);
	return r;
}

static void a_believed_node_names_the_caller(void **state)
{
	struct result r;
	struct world w;

	r = leave_by_n2(&w, "ann", true, "n2");
	assert_int_equal(r.err.kind, ERR_NONE);
	assert_int_equal(w.identity.kind, RPC_IDENTITY_ADMIN);
	assert_string_equal(w.identity.id, "ann");
}

static void a_node_that_is_not_believed_is_refused(void **state)
{
	struct result r;
	struct world w;

	r = leave_by_n2(&w, "ann", true, "n3");
	assert_int_equal(r.err.kind, ERR_DENIED);
	assert_int_equal(w.handled, 0);
}

static void without_a_name_the_call_is_the_nodes_own(void **state)
{
	struct result r;
	struct world w;

	r = leave_by_n2(&w, "ann", false, "n2");
	assert_int_equal(r.err.kind, ERR_DENIED);
	assert_non_null(strstr(r.err.text, "n2"));
	assert_int_equal(w.handled, 0);
}

/* The number of @caller's certificate, as the one who answers is told it. */
static void learn_serial(const char *caller, bool through, char out[RPC_SERIAL_MAX])
{
	struct rpc_channel *channel;
	struct world w;

	world_init_tls(&w, "n1");
	w.admit = through ? pass_on : NULL;
	w.believed = "n2";
	vouch = true;
	self = world_channel(&w, "n2", "ours");
	channel = world_channel(&w, caller, "ours");
	assert_int_equal(call(&w, channel, "Leave").err.kind, ERR_NONE);
	memcpy(out, w.serial, RPC_SERIAL_MAX);
	rpc_channel_free(channel);
	rpc_channel_free(self);
	world_fini(&w);
}

static void the_callers_certificate_is_known_to_the_one_who_answers(void **state)
{
	char direct[RPC_SERIAL_MAX], through[RPC_SERIAL_MAX];

	learn_serial("ann", false, direct);
	learn_serial("ann", true, through);
	assert_true(*direct);
	assert_string_equal(through, direct);
}

/* ---- streams; test-streams.c has their ways to go and to end ---- */

struct listener {
	struct rpc_client_call *call;
	bool done;
	struct error err;
};

static void on_said(struct rpc_client_call *call, const ProtobufCMessage *msg, void *ctx)
{
	rpc_client_read(call);
}

static void on_listened(struct rpc_client_call *call, const struct error *err, void *ctx)
{
	struct listener *l = ctx;

	l->done = true;
	l->err = *err;
}

static struct listener talk(struct world *w, struct rpc_channel *channel)
{
	static const struct rpc_client_ops ops = { .message = on_said, .done = on_listened };
	struct rpc_target t = target(&v1__node__descriptor, "NegotiateDataChannel");
	struct listener l = { 0 };
	struct error err;

	assert_int_equal(rpc_client_bidi(w->pump, channel, &t, &ops, &l, &l.call, &err), 0);
	rpc_client_read(l.call);
	world_run_until(w, &l.done);
	return l;
}

static void remember_caller(struct rpc_call *call, struct world *w)
{
	assert_true(rpc_call_forwarded(call));
	w->identity = *rpc_call_identity(call);
	rpc_finish(call);
}

/* @caller's stream, by way of n2, which is believed or not. */
static struct listener talk_by_n2(struct world *w, const char *caller, const char *believed)
{
	struct rpc_channel *channel;
	struct listener l;

	world_init_tls(w, "n1");
	w->admit = pass_on;
	w->negotiate = remember_caller;
	w->believed = believed;
	vouch = true;
	self = world_channel(w, "n2", "ours");
	channel = world_channel(w, caller, "ours");
	l = talk(w, channel);
	rpc_channel_free(channel);
	rpc_channel_free(self);
	world_fini(w);
	return l;
}

static void a_stream_is_in_the_callers_name(void **state)
{
	struct listener l;
	struct world w;

	l = talk_by_n2(&w, "ann", "n2");
	assert_int_equal(l.err.kind, ERR_NONE);
	assert_int_equal(w.identity.kind, RPC_IDENTITY_ADMIN);
	assert_string_equal(w.identity.id, "ann");
}

static void a_stream_of_a_node_that_is_not_believed_is_refused(void **state)
{
	struct listener l;
	struct world w;

	l = talk_by_n2(&w, "ann", "n3");
	assert_int_equal(l.err.kind, ERR_DENIED);
	assert_int_equal(w.handled, 0);
}

static void a_stream_to_who_cannot_be_reached_names_him(void **state)
{
	struct rpc_channel_config config = { .address = "127.0.0.1:1", .plaintext = true };
	struct listener l;
	struct error err;
	struct world w;

	init(&w);
	assert_int_equal(rpc_channel_new(&config, &self, &err), 0);
	l = talk(&w, w.channel);
	assert_int_equal(l.err.kind, ERR_UNAVAILABLE);
	assert_non_null(strstr(l.err.text, "no answer from 127.0.0.1:1"));
	assert_non_null(strstr(l.err.text, "try again"));
	rpc_channel_free(self);
	world_fini(&w);
}

/* A handler that has another node answer, as GetStatus of other nodes does. */
static void pass_on_by_itself(struct rpc_call *call, struct world *w)
{
	const struct rpc_onward onward = { .channel = w->channel };

	if (rpc_call_forwarded(call))
		rpc_finish(call);
	else
		rpc_forward(call, &onward);
}

static void a_handler_may_pass_a_stream_on(void **state)
{
	struct listener l;
	struct world w;

	init(&w);
	w.admit = NULL;
	w.negotiate = pass_on_by_itself;
	l = talk(&w, w.channel);
	assert_int_equal(l.err.kind, ERR_NONE);
	assert_int_equal(w.handled, 2);
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_and_answer_pass),
		cmocka_unit_test(a_refusal_passes_with_its_text),
		cmocka_unit_test(that_he_cannot_now_passes_as_he_has_said_it),
		cmocka_unit_test(a_cancellation_reaches_the_one_who_answers),
		cmocka_unit_test(the_deadline_is_known_to_the_one_who_answers),
		cmocka_unit_test(who_does_not_answer_in_the_time_that_is_ours_is_unavailable),
		cmocka_unit_test(an_end_of_the_server_ends_what_it_has_passed_on),
		cmocka_unit_test(who_cannot_be_reached_is_named),
		cmocka_unit_test(a_believed_node_names_the_caller),
		cmocka_unit_test(a_node_that_is_not_believed_is_refused),
		cmocka_unit_test(without_a_name_the_call_is_the_nodes_own),
		cmocka_unit_test(the_callers_certificate_is_known_to_the_one_who_answers),
		cmocka_unit_test(a_stream_is_in_the_callers_name),
		cmocka_unit_test(a_stream_of_a_node_that_is_not_believed_is_refused),
		cmocka_unit_test(a_stream_to_who_cannot_be_reached_names_him),
		cmocka_unit_test(a_handler_may_pass_a_stream_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
