// SPDX-License-Identifier: Apache-2.0
/* Who may connect, who may call what, and what both sides believe of each other. */
#include <stdio.h>
#include <string.h>

#include "../cmocka.h"
#include "world.h"

static struct result call_as(struct world *w, const char *identity, const char *method)
{
	struct rpc_channel *channel = world_channel(w, identity, "ours");
	struct result r = call(w, channel, method);

	rpc_channel_free(channel);
	return r;
}

static void a_node_is_known_by_its_certificate(void **state)
{
	struct result r;
	struct world w;

	world_init_tls(&w, "n1");
	r = call_as(&w, "n2", "GetStatus");
	assert_int_equal(r.err.kind, ERR_NONE);
	assert_int_equal(w.identity.kind, RPC_IDENTITY_NODE);
	assert_string_equal(w.identity.id, "n2");
	world_fini(&w);
}

static void an_administrator_is_known_by_his(void **state)
{
	struct result r;
	struct world w;

	world_init_tls(&w, "n1");
	r = call_as(&w, "ann", "Leave");
	assert_int_equal(r.err.kind, ERR_NONE);
	assert_int_equal(w.identity.kind, RPC_IDENTITY_ADMIN);
	assert_string_equal(w.identity.id, "ann");
	r = call_as(&w, "ann", "GetStatus");	/* for anybody with an identity */
	assert_int_equal(r.err.kind, ERR_NONE);
	world_fini(&w);
}

static void who_has_no_certificate_yet_may_call_what_needs_none(void **state)
{
	struct result r;
	struct world w;

	world_init_tls(&w, "n1");
	r = call_as(&w, NULL, "Join");
	assert_int_equal(r.err.kind, ERR_NONE);
	assert_int_equal(w.identity.kind, RPC_IDENTITY_NONE);
	assert_int_equal(w.handled, 1);
	r = call_as(&w, NULL, "GetStatus");
	assert_int_equal(r.err.kind, ERR_UNAUTHENTICATED);
	assert_non_null(strstr(r.err.text, "mesh-a"));
	r = call_as(&w, NULL, "Leave");
	assert_int_equal(r.err.kind, ERR_UNAUTHENTICATED);
	assert_int_equal(w.handled, 1);
	world_fini(&w);
}

static void a_node_may_not_what_administrators_may(void **state)
{
	struct result r;
	struct world w;

	world_init_tls(&w, "n1");
	r = call_as(&w, "n2", "Leave");
	assert_int_equal(r.err.kind, ERR_DENIED);
	assert_non_null(strstr(r.err.text, "n2"));
	assert_int_equal(w.handled, 0);
	world_fini(&w);
}

/* Signed by our CA, and still nobody. */
static void a_certificate_that_names_nobody_of_this_mesh_is_none(void **state)
{
	static const char *const nobodies[] = { "stranger", "two-faced", "plain" };
	struct result r;
	struct world w;
	size_t i;

	world_init_tls(&w, "n1");
	for (i = 0; i < 3; i++) {
		r = call_as(&w, nobodies[i], "GetStatus");
		assert_int_equal(r.err.kind, ERR_UNAUTHENTICATED);
	}
	assert_int_equal(w.handled, 0);
	world_fini(&w);
}

static void a_certificate_of_another_authority_does_not_connect(void **state)
{
	struct result r;
	struct world w;

	world_init_tls(&w, "n1");
	r = call_as(&w, "forged", "Join");	/* not even what needs no certificate */
	assert_int_equal(r.err.kind, ERR_UNAVAILABLE);
	assert_int_equal(w.handled, 0);
	world_fini(&w);
}

static void a_client_believes_its_own_authority_only(void **state)
{
	struct rpc_channel *channel;
	struct result r;
	struct world w;

	world_init_tls(&w, "n1");
	channel = world_channel(&w, NULL, "theirs");
	r = call(&w, channel, "Join");
	assert_int_equal(r.err.kind, ERR_UNAVAILABLE);
	assert_non_null(strstr(r.err.text, "not signed by this mesh's CA"));
	assert_int_equal(w.handled, 0);
	rpc_channel_free(channel);
	world_fini(&w);
}

/* An administrator's certificate is good, but not for a server. */
static void a_client_believes_no_server_without_its_name(void **state)
{
	struct result r;
	struct world w;

	world_init_tls(&w, "ann");
	r = call_as(&w, "n2", "Join");
	assert_int_equal(r.err.kind, ERR_UNAVAILABLE);
	assert_non_null(strstr(r.err.text, "no server's"));
	assert_int_equal(w.handled, 0);
	world_fini(&w);
}

static void a_server_without_tls_is_told_apart(void **state)
{
	struct rpc_channel *channel;
	struct result r;
	struct world w;

	world_init(&w, NULL);
	channel = world_channel(&w, "n1", "ours");
	r = call(&w, channel, "Join");
	assert_int_equal(r.err.kind, ERR_UNAVAILABLE);
	assert_non_null(strstr(r.err.text, "does not speak TLS"));
	assert_int_equal(w.handled, 0);
	rpc_channel_free(channel);
	world_fini(&w);
}

static void a_client_without_tls_gets_nowhere(void **state)
{
	struct rpc_channel_config config = { .plaintext = true };
	struct rpc_channel *channel;
	struct result r;
	struct error err;
	struct world w;

	world_init_tls(&w, "n1");
	config.address = w.address;
	assert_int_equal(rpc_channel_new(&config, &channel, &err), 0);
	r = call(&w, channel, "Join");
	assert_int_equal(r.err.kind, ERR_UNAVAILABLE);
	rpc_channel_free(channel);
	world_fini(&w);
}

/* What openssl writes has more lines around the same certificate. */
static bool is_node(const char *cert_pem, const char *node_id)
{
	char file[32];

	snprintf(file, sizeof(file), "%s.pem", node_id);
	return strstr(pem(file), cert_pem);
}

static struct result call_pinned(struct world *w, const char *node_id)
{
	struct rpc_channel_config config = {
		.address = w->address, .ca_pem = pem("ours.pem"),
		.node_id = node_id, .peer_is = is_node,
	};
	struct rpc_channel *channel;
	struct result r;
	struct error err;

	pem("n1.pem");		/* before gRPC's threads ask */
	pem("n2.pem");
	assert_int_equal(rpc_channel_new(&config, &channel, &err), 0);
	r = call(w, channel, "Join");
	rpc_channel_free(channel);
	return r;
}

static void a_client_can_insist_on_one_node(void **state)
{
	struct result r;
	struct world w;

	world_init_tls(&w, "n1");
	r = call_pinned(&w, "n1");
	assert_int_equal(r.err.kind, ERR_NONE);
	assert_int_equal(w.handled, 1);
	r = call_pinned(&w, "n2");
	assert_int_equal(r.err.kind, ERR_UNAVAILABLE);
	assert_non_null(strstr(r.err.text, "another node"));
	assert_int_equal(w.handled, 1);
	world_fini(&w);
}

static void a_server_changes_its_certificate_while_it_runs(void **state)
{
	struct rpc_tls tls = { pem("theirs.pem"), pem("forged.pem"), pem("forged.key") };
	struct rpc_channel *before, *after;
	struct error err;
	struct world w;

	world_init_tls(&w, "n1");
	before = world_channel(&w, "n2", "ours");
	assert_int_equal(call(&w, before, "GetStatus").err.kind, ERR_NONE);
	assert_int_equal(rpc_server_set_identity(w.server, &tls, &err), 0);
	/* What is connected stays; what connects sees the new one. */
	assert_int_equal(call(&w, before, "GetStatus").err.kind, ERR_NONE);
	after = world_channel(&w, "forged", "theirs");
	assert_int_equal(call(&w, after, "GetStatus").err.kind, ERR_NONE);
	assert_string_equal(w.identity.id, "n1");
	assert_int_equal(call_as(&w, "n2", "GetStatus").err.kind, ERR_UNAVAILABLE);
	rpc_channel_free(before);
	rpc_channel_free(after);
	world_fini(&w);
}

static void listening_with_a_useless_certificate_fails(void **state)
{
	struct rpc_tls tls = { pem("ours.pem"), pem("n1.pem"), pem("n2.key") };
	struct rpc_server_config config = { .mesh_id = "mesh-a" };
	struct rpc_server *server;
	struct error err;
	struct world w;

	world_init(&w, NULL);
	assert_int_equal(rpc_server_new(w.pump, &config, &server, &err), 0);
	assert_int_equal(rpc_server_set_identity(server, &tls, &err), 0);
	assert_int_equal(rpc_server_listen(server, "127.0.0.1:0", true, NULL, &err),
			 -ERR_INVALID);
	assert_non_null(strstr(err.text, "certificate"));
	rpc_server_free(server);
	world_fini(&w);
}

static void a_channel_without_an_authority_is_refused(void **state)
{
	struct rpc_channel_config config = { .address = "127.0.0.1:1" };
	struct rpc_channel *channel;
	struct error err;

	assert_int_equal(rpc_channel_new(&config, &channel, &err), -ERR_INVALID);
	config.ca_pem = pem("ours.pem");
	config.cert_pem = pem("n1.pem");	/* and no key */
	assert_int_equal(rpc_channel_new(&config, &channel, &err), -ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_node_is_known_by_its_certificate),
		cmocka_unit_test(an_administrator_is_known_by_his),
		cmocka_unit_test(who_has_no_certificate_yet_may_call_what_needs_none),
		cmocka_unit_test(a_node_may_not_what_administrators_may),
		cmocka_unit_test(a_certificate_that_names_nobody_of_this_mesh_is_none),
		cmocka_unit_test(a_certificate_of_another_authority_does_not_connect),
		cmocka_unit_test(a_client_believes_its_own_authority_only),
		cmocka_unit_test(a_client_believes_no_server_without_its_name),
		cmocka_unit_test(a_server_without_tls_is_told_apart),
		cmocka_unit_test(a_client_without_tls_gets_nowhere),
		cmocka_unit_test(a_client_can_insist_on_one_node),
		cmocka_unit_test(a_server_changes_its_certificate_while_it_runs),
		cmocka_unit_test(listening_with_a_useless_certificate_fails),
		cmocka_unit_test(a_channel_without_an_authority_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
