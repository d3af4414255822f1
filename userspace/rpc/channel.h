/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way to one gRPC server; it connects when first used and again after a
 * loss.  Refused, it tries again after 0.2 s, then ever later, but every 5 s at least as long as it
 * is used; a call in between fails at once.  One thread at a time; calls that live keep what they need of it.
 *
 * The server's certificate must be signed by ca_pem and carry the DNS name
 * RPC_TLS_NAME in its subjectAltName, wherever the connection goes: addresses
 * come and go, so they are not in certificates.
 */
#ifndef WGMESH_RPC_CHANNEL_H
#define WGMESH_RPC_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define RPC_TLS_NAME "wgmesh.internal"

enum { RPC_FALLBACKS_MAX = 16 };

struct rpc_channel_config {
	const char *address;	/* "192.0.2.1:8443", "[::1]:8443", "host:8443", "unix:/path" */
	/* Tried in this order when it does not answer there; all numbers then, @address too. */
	const char *const *fallbacks;
	size_t fallback_count;	/* RPC_FALLBACKS_MAX at most */
	bool plaintext;		/* no TLS: loopback and tests */
	const char *ca_pem;	/* the only CA believed */
	const char *cert_pem;	/* who we are; NULL together with key_pem: nobody */
	const char *key_pem;
	/*
	 * Not NULL: the certificate must also be @node_id's, which peer_is()
	 * tells from its PEM text, before a byte of any request is sent.
	 * Called on any thread.
	 */
	const char *node_id;
	bool (*peer_is)(const char *cert_pem, const char *node_id);
	size_t message_max;	/* bytes of one message, either way; 0: 4 MiB */
};

struct rpc_channel;

/* Copies all of @config.  Bad PEM texts show as ERR_UNAVAILABLE of every call. */
int rpc_channel_new(const struct rpc_channel_config *config, struct rpc_channel **ret,
		    struct error *err);
void rpc_channel_free(struct rpc_channel *channel);	/* NULL is fine */

const char *rpc_channel_address(const struct rpc_channel *channel);

#endif
