// SPDX-License-Identifier: Apache-2.0
#include "rpc/channel.h"

#include <grpc/grpc_security.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/buf.h"
#include "rpc/channel_private.h"
#include "rpc/library.h"
#include "rpc/message.h"

enum {
	KEEPALIVE_MS = 20 * 1000,	/* while calls live; servers here allow 5 s and more */
	KEEPALIVE_WAIT_MS = 10 * 1000,
	CONNECT_MS = 5 * 1000,		/* gRPC calls it the minimal backoff: the time to connect */
	RECONNECT_FIRST_MS = 200,
	RECONNECT_MAX_MS = 5 * 1000,
	TARGET_MAX = 4096,
};

/* Which one node the server must be. */
struct pin {
	bool (*peer_is)(const char *cert_pem, const char *node_id);
	char node_id[];
};

/* On any of gRPC's threads, after the chain and the name were found good. */
static int check_pin(const char *target, const char *cert_pem, void *user)
{
	struct pin *pin = user;

	return !pin->peer_is(cert_pem, pin->node_id);
}

static struct pin *make_pin(const struct rpc_channel_config *config)
{
	size_t len = strlen(config->node_id) + 1;
	struct pin *pin = malloc(sizeof(*pin) + len);

	if (!pin)
		return NULL;
	pin->peer_is = config->peer_is;
	memcpy(pin->node_id, config->node_id, len);
	return pin;
}

static int tls_credentials(const struct rpc_channel_config *config,
			   grpc_channel_credentials **ret, struct error *err)
{
	grpc_ssl_pem_key_cert_pair pair = { config->key_pem, config->cert_pem };
	grpc_ssl_verify_peer_options verify = { 0 };

	/* Without a CA gRPC would believe every CA of the system. */
	if (!config->ca_pem || !config->key_pem != !config->cert_pem)
		return error_set(err, ERR_INVALID,
				 "TLS to %s needs a CA, and certificate and key or neither",
				 config->address);
	if (config->node_id) {
		verify.verify_peer_callback = check_pin;
		verify.verify_peer_destruct = free;
		verify.verify_peer_callback_userdata = make_pin(config);
		if (!verify.verify_peer_callback_userdata)
			return error_set(err, ERR_MEMORY, "no memory for a gRPC channel");
	}
	*ret = grpc_ssl_credentials_create_ex(config->ca_pem, config->cert_pem ? &pair : NULL,
					      config->node_id ? &verify : NULL, NULL);
	return 0;
}

static grpc_arg number(const char *key, int value)
{
	grpc_arg arg = { .type = GRPC_ARG_INTEGER, .key = (char *)key };

	arg.value.integer = value;
	return arg;
}

/* "%5B::ffff:c000:201%5D:8443": gRPC's lists have one family, so IPv4 is written as IPv6 has it. */
static int add_address(struct buf *target, const char *address, struct error *err)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct endpoint at;
	char text[IP_TEXT_MAX];

	if (!endpoint_parse(address, &at))
		return error_set(err, ERR_INVALID, "%s is no address:port or [address]:port",
				 address);
	if (at.ip.family == AF_INET) {
		memmove(at.ip.bytes + sizeof(mapped), at.ip.bytes, 4);
		memcpy(at.ip.bytes, mapped, sizeof(mapped));
		at.ip.family = AF_INET6;
	}
	ip_format(&at.ip, text);
	if (!buf_printf(target, "%s%%5B%s%%5D:%u", target->len ? "," : "ipv6:", text, at.port))
		return error_set(err, ERR_MEMORY, "no memory for the addresses of a gRPC channel");
	return 0;
}

static int make_target(const struct rpc_channel_config *config, struct buf *target,
		       struct error *err)
{
	int r = add_address(target, config->address, err);

	if (config->fallback_count > RPC_FALLBACKS_MAX)
		return error_set(err, ERR_INVALID, "%s: more than %d other addresses",
				 config->address, RPC_FALLBACKS_MAX);
	for (size_t i = 0; r == 0 && i < config->fallback_count; i++)
		r = add_address(target, config->fallbacks[i], err);
	return r;
}

static grpc_channel *make(const struct rpc_channel *channel, const char *target,
			  grpc_channel_credentials *creds)
{
	grpc_arg args[] = {
		number(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, channel->message_max),
		number(GRPC_ARG_MAX_SEND_MESSAGE_LENGTH, channel->message_max),
		number(GRPC_ARG_KEEPALIVE_TIME_MS, KEEPALIVE_MS),
		number(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, KEEPALIVE_WAIT_MS),
		number(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, RECONNECT_FIRST_MS),
		number(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, CONNECT_MS),
		number(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, RECONNECT_MAX_MS),
		/* A call is made once; whether to repeat it is the caller's to know. */
		number(GRPC_ARG_ENABLE_RETRIES, 0),
		/* Not the environment's nor the DNS's business. */
		number(GRPC_ARG_ENABLE_HTTP_PROXY, 0),
		number(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1),
		/* No connection is shared with a channel of another identity. */
		number(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1),
		number(GRPC_ARG_ENABLE_CHANNELZ, 0),
		{ .type = GRPC_ARG_STRING, .key = (char *)GRPC_SSL_TARGET_NAME_OVERRIDE_ARG,
		  .value.string = (char *)RPC_TLS_NAME },
	};
	grpc_channel_args list = { sizeof(args) / sizeof(args[0]), args };

	return grpc_channel_create(target, creds, &list);
}

static struct rpc_channel *alloc_channel(const struct rpc_channel_config *config)
{
	struct rpc_channel *channel = calloc(1, sizeof(*channel));

	if (!channel)
		return NULL;
	channel->address = strdup(config->address);
	if (!channel->address) {
		free(channel);
		return NULL;
	}
	channel->refs = 1;
	channel->message_max = config->message_max ? config->message_max : RPC_MESSAGE_MAX;
	return channel;
}

int rpc_channel_new(const struct rpc_channel_config *config, struct rpc_channel **ret,
		    struct error *err)
{
	struct buf target = BUF_INIT(TARGET_MAX);
	grpc_channel_credentials *creds = NULL;
	struct rpc_channel *channel;
	int e = 0;

	if (config->message_max > INT32_MAX)
		return error_set(err, ERR_INVALID, "messages of %zu bytes are beyond gRPC",
				 config->message_max);
	channel = alloc_channel(config);
	if (!channel)
		return error_set(err, ERR_MEMORY, "no memory for a gRPC channel");
	rpc_library_ref();
	if (config->fallback_count)
		e = make_target(config, &target, err);
	if (!e && config->plaintext)
		creds = grpc_insecure_credentials_create();
	else if (!e)
		e = tls_credentials(config, &creds, err);
	if (e) {
		rpc_channel_free(channel);
	} else {
		channel->grpc = make(channel, target.len ? buf_text(&target) : config->address,
				     creds);
		grpc_channel_credentials_release(creds);
		*ret = channel;
	}
	buf_fini(&target);
	return e;
}

struct rpc_channel *rpc_channel_ref(struct rpc_channel *channel)
{
	channel->refs++;
	return channel;
}

void rpc_channel_unref(struct rpc_channel *channel)
{
	if (--channel->refs)
		return;
	if (channel->grpc)
		grpc_channel_destroy(channel->grpc);
	rpc_library_unref();
	free(channel->address);
	free(channel);
}

void rpc_channel_free(struct rpc_channel *channel)
{
	if (channel)
		rpc_channel_unref(channel);
}

const char *rpc_channel_address(const struct rpc_channel *channel)
{
	return channel->address;
}
