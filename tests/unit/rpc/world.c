// SPDX-License-Identifier: Apache-2.0
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../cmocka.h"

static void on_join(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	struct world *w = user;

	w->handled++;
	w->identity = *rpc_call_identity(call);
	if (w->join)
		w->join(call, (const V1__JoinRequest *)request, w);
	else
		reply_text(call, "");
}

static void on_get_status(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	V1__Status status = V1__STATUS__INIT;
	struct world *w = user;

	w->handled++;
	w->identity = *rpc_call_identity(call);
	rpc_reply(call, &status.base);
}

static void on_leave(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	Google__Protobuf__Empty empty = GOOGLE__PROTOBUF__EMPTY__INIT;
	struct world *w = user;

	w->handled++;
	w->identity = *rpc_call_identity(call);
	snprintf(w->serial, sizeof(w->serial), "%s", rpc_call_serial(call));
	rpc_reply(call, &empty.base);
}

static void on_follow(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	struct world *w = user;

	w->handled++;
	if (w->follow)
		w->follow(call, (const Webmesh__Ext__V1__FollowRequest *)request, w);
	else
		rpc_finish(call);
}

static void on_negotiate(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	struct world *w = user;

	assert_null(request);
	w->handled++;
	w->negotiate(call, w);
}

static int on_admit(struct rpc_call *call, void *user, struct rpc_onward *ret_onward,
		    struct error *err)
{
	struct world *w = user;

	return w->admit ? w->admit(call, w, ret_onward, err) : 0;
}

static bool on_vouches(const char *node_id, void *user)
{
	const struct world *w = user;

	return w->believed && !strcmp(node_id, w->believed);
}

/* Not its number, but as good: another one for each certificate. */
static bool on_serial_of(const char *cert_pem, char ret[RPC_SERIAL_MAX])
{
	uint64_t sum = 0xcbf29ce484222325u;

	for (; *cert_pem; cert_pem++)
		sum = (sum ^ (uint8_t)*cert_pem) * 0x100000001b3u;
	snprintf(ret, RPC_SERIAL_MAX, "%016lx", (unsigned long)sum);
	return true;
}

static struct rpc_method methods[] = {
	{ &v1__node__descriptor, "Join", RPC_UNARY, RPC_NEED_NOTHING, RPC_LEADER, on_join },
	{ &v1__node__descriptor, "GetStatus", RPC_UNARY, RPC_NEED_ANY, RPC_HERE, on_get_status },
	{ &v1__node__descriptor, "Leave", RPC_UNARY, RPC_NEED_ADMIN, RPC_LEADER, on_leave },
	{ &v1__node__descriptor, "NegotiateDataChannel", RPC_BIDI, RPC_NEED_NOTHING, RPC_HERE,
	  on_negotiate },
	{ &webmesh__ext__v1__replication__descriptor, "Follow", RPC_SERVER_STREAM,
	  RPC_NEED_NOTHING, RPC_HERE, on_follow },
};

/* --- certificates ----------------------------------------------------- */

static char folder[] = "/tmp/wgmesh-test-rpc-XXXXXX";

static void remove_folder(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", folder);
	if (system(command))
		perror(folder);
}

static void make_folder(void)
{
	char command[512];

	if (!strstr(folder, "XXXXXX"))
		return;
	assert_non_null(mkdtemp(folder));
	atexit(remove_folder);
	snprintf(command, sizeof(command), "%s %s", MAKE_CERTS, folder);
	assert_int_equal(system(command), 0);
}

const char *pem(const char *file)
{
	static struct { char name[32], text[8192]; } files[24];
	char path[128];
	size_t i, n;
	FILE *f;

	make_folder();
	for (i = 0; files[i].name[0]; i++)
		if (!strcmp(files[i].name, file))
			return files[i].text;
	assert_true(i < sizeof(files) / sizeof(files[0]) - 1);
	snprintf(path, sizeof(path), "%s/%s", folder, file);
	f = fopen(path, "r");
	assert_non_null(f);
	n = fread(files[i].text, 1, sizeof(files[i].text) - 1, f);
	fclose(f);
	assert_true(n > 0);
	snprintf(files[i].name, sizeof(files[i].name), "%s", file);
	return files[i].text;
}

#define ANY_PORT "127.0.0.1:0"

/* --- the world -------------------------------------------------------- */

static void init(struct world *w, const struct rpc_server_config *limits)
{
	struct rpc_server_config config = { 0 };
	struct error err = { 0 };

	memset(w, 0, sizeof(*w));
	assert_int_equal(uv_loop_init(&w->loop), 0);
	assert_int_equal(rpc_pump_new(&w->loop, &w->pump, &err), 0);
	if (limits)
		config = *limits;
	config.methods = methods;
	config.method_count = sizeof(methods) / sizeof(methods[0]);
	config.mesh_id = "mesh-a";
	config.admit = on_admit;
	config.vouches = on_vouches;
	config.serial_of = on_serial_of;
	config.user = w;
	assert_int_equal(rpc_server_new(w->pump, &config, &w->server, &err), 0);
}

static void serve(struct world *w, const char *address, bool tls)
{
	struct error err = { 0 };
	uint16_t port;

	if (rpc_server_listen(w->server, address, tls, &port, &err))
		fail_msg("%s", err.text);
	rpc_server_start(w->server);
	snprintf(w->address, sizeof(w->address), "127.0.0.1:%u", port);
}

void world_init(struct world *w, const struct rpc_server_config *limits)
{
	struct rpc_channel_config config = { .address = w->address, .plaintext = true };
	struct error err;

	init(w, limits);
	serve(w, ANY_PORT, false);
	assert_int_equal(rpc_channel_new(&config, &w->channel, &err), 0);
}

void world_init_tls(struct world *w, const char *server)
{
	world_init_tls_at(w, server, ANY_PORT);
}

void world_init_tls_at(struct world *w, const char *server, const char *address)
{
	char cert[32], key[32];
	struct rpc_tls tls = { 0 };
	struct error err;

	init(w, NULL);
	snprintf(cert, sizeof(cert), "%s.pem", server);
	snprintf(key, sizeof(key), "%s.key", server);
	tls.ca_pem = pem("ours.pem");
	tls.cert_pem = pem(cert);
	tls.key_pem = pem(key);
	assert_int_equal(rpc_server_set_identity(w->server, &tls, &err), 0);
	serve(w, address, true);
}

struct rpc_channel *world_channel(const struct world *w, const char *identity,
				  const char *authority)
{
	struct rpc_channel_config config = { .address = w->address };
	struct rpc_channel *channel;
	char file[32];
	struct error err;

	snprintf(file, sizeof(file), "%s.pem", authority);
	config.ca_pem = pem(file);
	if (identity) {
		snprintf(file, sizeof(file), "%s.pem", identity);
		config.cert_pem = pem(file);
		snprintf(file, sizeof(file), "%s.key", identity);
		config.key_pem = pem(file);
	}
	if (rpc_channel_new(&config, &channel, &err))
		fail_msg("%s", err.text);
	return channel;
}

static void set_flag(void *user)
{
	*(bool *)user = true;
}

static void on_timeout(uv_timer_t *timer)
{
	*(bool *)timer->data = true;
}

void world_run_until(struct world *w, const bool *flag)
{
	bool late = false;
	uv_timer_t timer;

	uv_timer_init(&w->loop, &timer);
	timer.data = &late;
	uv_timer_start(&timer, on_timeout, WAIT_MS, 0);
	while (!*flag && !late)
		uv_run(&w->loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(&w->loop, UV_RUN_NOWAIT);
	assert_false(late);
}

void world_stop_server(struct world *w, unsigned int grace_ms)
{
	rpc_server_stop(w->server, grace_ms, set_flag, &w->server_stopped);
	world_run_until(w, &w->server_stopped);
}

void world_fini(struct world *w)
{
	bool stopped = false;

	rpc_channel_free(w->channel);
	if (!w->server_stopped)
		world_stop_server(w, 0);
	assert_int_equal(rpc_server_calls(w->server), 0);
	rpc_server_free(w->server);
	rpc_pump_stop(w->pump, set_flag, &stopped);
	world_run_until(w, &stopped);
	rpc_pump_free(w->pump);
	assert_int_equal(uv_loop_close(&w->loop), 0);
}

uint64_t world_ended(const struct world *w, const char *method, int code)
{
	size_t i = 0;

	while (strcmp(methods[i].name, method) != 0)
		i++;
	return rpc_server_ended(w->server, i, code);
}

static void on_gone(struct rpc_call *call, bool cancelled, void *ctx)
{
	struct world *w = ctx;

	assert_false(w->gone);
	w->gone = true;
	w->cancelled = cancelled;
}

void world_watch(struct world *w, struct rpc_call *call)
{
	static const struct rpc_call_ops ops = { .gone = on_gone };

	rpc_call_set_ops(call, &ops, w);
}

/* --- calls ------------------------------------------------------------ */

struct rpc_target target(const ProtobufCServiceDescriptor *service, const char *method)
{
	return (struct rpc_target){ .service = service, .method = method,
				    .timeout_ms = WAIT_MS };
}

static void on_result(const ProtobufCMessage *reply, const struct error *err, void *ctx)
{
	struct result *result = ctx;

	assert_false(result->done);
	assert_true(!reply == !!err->kind);
	result->done = true;
	result->err = *err;
	if (reply && reply->descriptor == &v1__join_response__descriptor)
		snprintf(result->text, sizeof(result->text), "%s",
			 ((const V1__JoinResponse *)reply)->address_ipv4);
}

struct rpc_client_call *join_start(struct world *w, const char *id, struct result *result)
{
	struct rpc_target t = target(&v1__node__descriptor, "Join");
	V1__JoinRequest request = V1__JOIN_REQUEST__INIT;
	struct rpc_client_call *c;
	struct error err;

	memset(result, 0, sizeof(*result));
	request.id = (char *)id;
	assert_int_equal(rpc_client_call(w->pump, w->channel, &t, &request.base, on_result,
					 result, &c, &err), 0);
	return c;
}

struct result join(struct world *w, const char *id)
{
	struct result result;

	join_start(w, id, &result);
	world_run_until(w, &result.done);
	return result;
}

struct result call(struct world *w, struct rpc_channel *channel, const char *method)
{
	/* All requests of v1.Node may be empty, and then look the same on the wire. */
	Google__Protobuf__Empty request = GOOGLE__PROTOBUF__EMPTY__INIT;
	struct rpc_target t = target(&v1__node__descriptor, method);
	struct result result = { 0 };
	struct error err;

	assert_int_equal(rpc_client_call(w->pump, channel, &t, &request.base, on_result, &result,
					 NULL, &err), 0);
	world_run_until(w, &result.done);
	return result;
}

void reply_text(struct rpc_call *call, const char *text)
{
	V1__JoinResponse response = V1__JOIN_RESPONSE__INIT;

	response.address_ipv4 = (char *)text;
	rpc_reply(call, &response.base);
}
