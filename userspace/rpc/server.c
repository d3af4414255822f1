// SPDX-License-Identifier: Apache-2.0
#include "rpc/server.h"

#include <errno.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/impl/codegen/compression_types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/addr.h"
#include "rpc/call_private.h"
#include "rpc/event.h"
#include "rpc/message.h"
#include "rpc/path.h"
#include "rpc/tls_store.h"

enum {
	ACCEPT_SLOTS = 16,	/* calls that gRPC may hand over before we answer */
	CALLS_MAX = 4096,
	STREAMS_MAX = 256,
	MEMORY_MAX = 256 * 1024 * 1024,
	METADATA_MAX = 8 * 1024,
	HANDSHAKE_MS = 10 * 1000,	/* who connects and says nothing is dropped */
	IDLE_MS = 15 * 60 * 1000,
	KEEPALIVE_MS = 30 * 1000,
	KEEPALIVE_WAIT_MS = 10 * 1000,
	PING_MIN_MS = 5 * 1000,		/* who pings more often is told to go away */
};

struct entry {
	char path[RPC_PATH_MAX];
	const struct rpc_method *method;
	const ProtobufCMethodDescriptor *types;
};

struct rpc_server {
	struct rpc_pump *pump;
	grpc_server *grpc;
	struct rpc_tls_store *tls;
	struct rpc_server_config config;
	char mesh_id[RPC_ID_MAX];
	struct entry *entries;		/* by path */
	uint64_t (*ended)[RPC_STATUS_COUNT];	/* by method, those of none behind them */

	struct rpc_call *first;		/* of the slots, until start: one there must be */
	unsigned int armed;		/* accept slots that gRPC holds */
	unsigned int calls;		/* accepted and not released */
	LIST_HEAD(living_calls, rpc_call) living;	/* these */
	bool stopping, shut;
	struct rpc_event shut_down;
	uv_timer_t grace;
	void (*stopped)(void *user);
	void *stopped_user;
};

/* --- methods ---------------------------------------------------------- */

static int compare_entries(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

static int resolve_methods(struct rpc_server *server, struct error *err)
{
	size_t i, count = server->config.method_count;
	struct entry *e;
	int ret;

	server->entries = calloc(count ? count : 1, sizeof(*server->entries));
	server->ended = calloc(count + 1, sizeof(*server->ended));
	if (!server->entries || !server->ended)
		return error_set(err, ERR_MEMORY, "no memory for %zu methods", count);
	for (i = 0; i < count; i++) {
		e = &server->entries[i];
		e->method = &server->config.methods[i];
		ret = rpc_path_resolve(e->method->service, e->method->name, e->path, &e->types,
				       err);
		if (ret)
			return ret;
	}
	qsort(server->entries, count, sizeof(*server->entries), compare_entries);
	for (i = 1; i < count; i++)
		if (!compare_entries(&server->entries[i - 1], &server->entries[i]))
			return error_set(err, ERR_EXISTS, "method %s is there twice",
					 server->entries[i].path);
	return 0;
}

/* Paths have no NUL: a slice that has one compares unequal. */
static int compare_path(const void *key, const void *entry)
{
	const grpc_slice *path = key;
	const char *text = ((const struct entry *)entry)->path;
	size_t len = GRPC_SLICE_LENGTH(*path), text_len = strlen(text);
	int c = memcmp(GRPC_SLICE_START_PTR(*path), text, len < text_len ? len : text_len);

	if (c)
		return c;
	return (len > text_len) - (len < text_len);
}

const struct rpc_method *rpc_server_lookup(const struct rpc_server *server, grpc_slice path,
					   const ProtobufCMethodDescriptor **ret_types)
{
	const struct entry *e = bsearch(&path, server->entries, server->config.method_count,
					sizeof(*server->entries), compare_path);

	if (!e)
		return NULL;
	*ret_types = e->types;
	return e->method;
}

/* --- what calls ask of their server ----------------------------------- */

bool rpc_server_crowded(const struct rpc_server *server)
{
	return server->calls > server->config.calls_max;
}

int rpc_server_admit(struct rpc_server *server, struct rpc_call *call,
		     struct rpc_onward *ret_onward, struct error *err)
{
	if (!server->config.admit)
		return 0;
	return server->config.admit(call, server->config.user, ret_onward, err);
}

bool rpc_server_believes(const struct rpc_server *server, const struct rpc_identity *who)
{
	return who->kind == RPC_IDENTITY_NODE && server->config.vouches &&
	       server->config.vouches(who->id, server->config.user);
}

bool rpc_server_serial_of(const struct rpc_server *server, const char *cert_pem,
			  char ret[RPC_SERIAL_MAX])
{
	return server->config.serial_of && server->config.serial_of(cert_pem, ret);
}

void rpc_server_handle(struct rpc_server *server, struct rpc_call *call,
		       const ProtobufCMessage *request)
{
	call->method->handler(call, request, server->config.user);
}

const char *rpc_server_mesh_id(const struct rpc_server *server)
{
	return server->mesh_id;
}

struct rpc_pump *rpc_server_pump(const struct rpc_server *server)
{
	return server->pump;
}

size_t rpc_server_message_max(const struct rpc_server *server)
{
	return server->config.message_max;
}

unsigned int rpc_server_calls(const struct rpc_server *server)
{
	return server->calls;
}

void rpc_server_review(struct rpc_server *server,
		       int (*may)(struct rpc_call *call, void *user, struct error *err))
{
	struct rpc_call *call;
	struct error err;

	LIST_FOREACH(call, &server->living, link)
		if (call->method && call->method->kind != RPC_UNARY && !call->ending &&
		    may(call, server->config.user, &err) < 0)
			rpc_fail(call, &err);
}

/* --- accepting -------------------------------------------------------- */

static void grace_closed(uv_handle_t *handle)
{
	struct rpc_server *server = handle->data;

	server->stopped(server->stopped_user);
}

static void check_stopped(struct rpc_server *server)
{
	if (server->shut && !server->armed && !server->calls)
		uv_close((uv_handle_t *)&server->grace, grace_closed);
}

static void on_accepted(struct rpc_event *ev, bool ok);

/* Takes @call, which may be NULL for want of memory. */
static bool arm(struct rpc_server *server, struct rpc_call *call)
{
	grpc_completion_queue *queue = rpc_pump_queue(server->pump);
	grpc_call_error e;

	if (!call)
		return false;
	rpc_event_init(&call->accepted, on_accepted);
	rpc_event_arm(&call->accepted);
	e = grpc_server_request_call(server->grpc, &call->grpc, &call->details, &call->metadata,
				     queue, queue, &call->accepted);
	if (e != GRPC_CALL_OK) {
		rpc_call_free_unused(call);
		return false;
	}
	server->armed++;
	return true;
}

/*
 * What memory does not allow now is made up for when a call comes or goes:
 * the last slot's call, when it goes, leaves the memory for the next.
 */
static void arm_all(struct rpc_server *server)
{
	while (!server->stopping && server->armed < ACCEPT_SLOTS &&
	       arm(server, rpc_call_new(server)))
		;
}

static void on_accepted(struct rpc_event *ev, bool ok)
{
	struct rpc_call *call = rpc_event_owner(ev, struct rpc_call, accepted);
	struct rpc_server *server = call->server;

	server->armed--;
	if (!ok) {	/* the server is stopping */
		rpc_call_free_unused(call);
		check_stopped(server);
		return;
	}
	server->calls++;
	LIST_INSERT_HEAD(&server->living, call, link);
	arm_all(server);
	rpc_call_begin(call);
}

/* What others answer may have a status that nobody knows. */
void rpc_server_note_end(struct rpc_server *server, const struct rpc_method *method, int status)
{
	size_t row = method ? (size_t)(method - server->config.methods)
			    : server->config.method_count;

	if (status < 0 || status >= RPC_STATUS_COUNT)
		status = GRPC_STATUS_UNKNOWN;
	server->ended[row][status]++;
}

uint64_t rpc_server_ended(const struct rpc_server *server, size_t method, int status)
{
	return server->ended[method][status];
}

bool rpc_server_stopping(const struct rpc_server *server)
{
	return server->stopping;
}

void rpc_server_released(struct rpc_server *server)
{
	server->calls--;
	arm_all(server);
	check_stopped(server);
}

/* --- life ------------------------------------------------------------- */

static grpc_arg number(const char *key, int value)
{
	grpc_arg arg = { .type = GRPC_ARG_INTEGER, .key = (char *)key };

	arg.value.integer = value;
	return arg;
}

static grpc_server *make(const struct rpc_server_config *config)
{
	grpc_resource_quota *quota = grpc_resource_quota_create("wgmesh");
	grpc_arg args[] = {
		number(GRPC_ARG_ALLOW_REUSEPORT, 0),	/* a second daemon must fail to listen */
		number(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, config->message_max),
		number(GRPC_ARG_MAX_SEND_MESSAGE_LENGTH, config->message_max),
		number(GRPC_ARG_MAX_CONCURRENT_STREAMS, config->streams_max),
		number(GRPC_ARG_MAX_METADATA_SIZE, METADATA_MAX),
		number(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, HANDSHAKE_MS),
		number(GRPC_ARG_MAX_CONNECTION_IDLE_MS, IDLE_MS),
		number(GRPC_ARG_KEEPALIVE_TIME_MS, KEEPALIVE_MS),
		number(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, KEEPALIVE_WAIT_MS),
		number(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, PING_MIN_MS),
		/* The limits count bytes on the wire; a bomb is small there. */
		number(GRPC_COMPRESSION_CHANNEL_ENABLED_ALGORITHMS_BITSET,
		       1 << GRPC_COMPRESS_NONE),
		number(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0),
		number(GRPC_ARG_ENABLE_CHANNELZ, 0),
		{ .type = GRPC_ARG_POINTER, .key = (char *)GRPC_ARG_RESOURCE_QUOTA,
		  .value.pointer = { quota, grpc_resource_quota_arg_vtable() } },
	};
	grpc_channel_args list = { sizeof(args) / sizeof(args[0]), args };
	grpc_server *server;

	grpc_resource_quota_resize(quota, config->memory_max);
	server = grpc_server_create(&list, NULL);
	grpc_resource_quota_unref(quota);
	return server;
}

static void on_shut_down(struct rpc_event *ev, bool ok)
{
	struct rpc_server *server = rpc_event_owner(ev, struct rpc_server, shut_down);

	server->shut = true;
	check_stopped(server);
}

static void set_defaults(struct rpc_server_config *config)
{
	if (!config->message_max)
		config->message_max = RPC_MESSAGE_MAX;
	if (!config->calls_max)
		config->calls_max = CALLS_MAX;
	if (!config->streams_max)
		config->streams_max = STREAMS_MAX;
	if (!config->memory_max)
		config->memory_max = MEMORY_MAX;
}

static int check_config(const struct rpc_server_config *config, struct error *err)
{
	size_t len = strlen(config->mesh_id);

	if (!len || len >= RPC_ID_MAX)
		return error_set(err, ERR_INVALID, "a mesh id has 1-%d characters, not %zu",
				 RPC_ID_MAX - 1, len);
	if (config->message_max > INT32_MAX || config->streams_max > INT32_MAX)
		return error_set(err, ERR_INVALID, "a limit of the gRPC server is above %d",
				 INT32_MAX);
	return 0;
}

/* Without one slot no call would ever come that could make up for it. */
static int reserve_slot(struct rpc_server *server, struct error *err)
{
	server->first = rpc_call_new(server);
	return server->first ? 0 : error_set(err, ERR_MEMORY, "no memory to take calls");
}

int rpc_server_new(struct rpc_pump *pump, const struct rpc_server_config *config,
		   struct rpc_server **ret, struct error *err)
{
	struct rpc_server *server;
	int e = check_config(config, err);

	if (e)
		return e;
	server = calloc(1, sizeof(*server));
	if (!server)
		return error_set(err, ERR_MEMORY, "no memory for the gRPC server");
	server->pump = pump;
	server->config = *config;
	set_defaults(&server->config);
	snprintf(server->mesh_id, sizeof(server->mesh_id), "%s", config->mesh_id);
	rpc_event_init(&server->shut_down, on_shut_down);
	e = resolve_methods(server, err);
	if (!e)
		e = rpc_tls_store_new(&server->tls, err);
	if (!e)
		e = reserve_slot(server, err);
	if (e) {
		rpc_server_free(server);
		return e;
	}
	server->grpc = make(&server->config);
	grpc_server_register_completion_queue(server->grpc, rpc_pump_queue(pump), NULL);
	*ret = server;
	return 0;
}

void rpc_server_free(struct rpc_server *server)
{
	if (!server)
		return;
	if (server->first)
		rpc_call_free_unused(server->first);
	if (server->grpc)
		grpc_server_destroy(server->grpc);
	rpc_tls_store_free(server->tls);
	free(server->entries);
	free(server->ended);
	free(server);
}

int rpc_server_set_identity(struct rpc_server *server, const struct rpc_tls *tls,
			    struct error *err)
{
	return rpc_tls_store_set(server->tls, tls, err);
}

void rpc_server_start(struct rpc_server *server)
{
	grpc_server_start(server->grpc);
	arm(server, server->first);
	server->first = NULL;
	arm_all(server);
}

static void on_grace_over(uv_timer_t *timer)
{
	struct rpc_server *server = timer->data;
	struct rpc_call *call;

	/* Their handlers may not answer before the server is gone. */
	LIST_FOREACH(call, &server->living, link)
		rpc_call_watch(call);
	grpc_server_cancel_all_calls(server->grpc);
}

void rpc_server_stop(struct rpc_server *server, unsigned int grace_ms,
		     void (*stopped)(void *user), void *user)
{
	server->stopping = true;
	server->stopped = stopped;
	server->stopped_user = user;
	uv_timer_init(rpc_pump_loop(server->pump), &server->grace);
	server->grace.data = server;
	uv_timer_start(&server->grace, on_grace_over, grace_ms, 0);
	rpc_event_arm(&server->shut_down);
	grpc_server_shutdown_and_notify(server->grpc, rpc_pump_queue(server->pump),
					&server->shut_down);
}

/* --- listening -------------------------------------------------------- */

/* gRPC says only that it failed: try the same to learn why. */
static int why_not(const char *address, bool tls, struct error *err)
{
	struct sockaddr_in6 sa;
	struct endpoint at;
	socklen_t len;
	int fd, on = 1, e = 0;

	if (endpoint_parse(address, &at)) {
		len = endpoint_to_sockaddr(&at, &sa);
		fd = socket(sa.sin6_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0)
			return error_errno(err, errno, "cannot listen on %s", address);
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		if (bind(fd, (struct sockaddr *)&sa, len) || listen(fd, 1))
			e = errno;
		close(fd);
		if (e)
			return error_errno(err, e, "cannot listen on %s", address);
	}
	return error_set(err, tls ? ERR_INVALID : ERR_IO, "cannot listen on %s%s", address,
			 tls ? ": certificate, key and CA are not usable together" : "");
}

static bool address_valid(const char *address)
{
	struct endpoint at;

	/* Names would be resolved here and now, and block the owner. */
	return !strncmp(address, "unix:", 5) || endpoint_parse(address, &at);
}

int rpc_server_listen(struct rpc_server *server, const char *address, bool tls,
		      uint16_t *ret_port, struct error *err)
{
	grpc_server_credentials *credentials;
	int port, ret;

	if (!address_valid(address))
		return error_set(err, ERR_INVALID,
				 "%s is no address:port, [address]:port or unix:/path", address);
	if (tls) {
		ret = rpc_tls_store_credentials(server->tls, &credentials, err);
		if (ret)
			return ret;
	} else {
		credentials = grpc_insecure_server_credentials_create();
	}
	port = grpc_server_add_http2_port(server->grpc, address, credentials);
	grpc_server_credentials_release(credentials);
	if (!port)
		return why_not(address, tls, err);
	if (ret_port)
		*ret_port = port;
	return 0;
}
