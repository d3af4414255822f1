// SPDX-License-Identifier: Apache-2.0
#include "rpc/tls_store.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

/* One per listener: gRPC asks each whether there is something new for it. */
struct reader {
	struct rpc_tls_store *store;
	struct reader *next;
	unsigned int seen;	/* generation */
};

struct rpc_tls_store {
	pthread_mutex_t lock;		/* all below, and every reader's `seen` */
	unsigned int generation;	/* 0: nothing set */
	char *ca_pem, *cert_pem, *key_pem;
	struct reader *readers;		/* the owner's alone */
};

static void free_secret(char *text)
{
	if (text)
		wipe(text, strlen(text));
	free(text);
}

static void free_texts(char *ca_pem, char *cert_pem, char *key_pem)
{
	free(ca_pem);
	free(cert_pem);
	free_secret(key_pem);
}

int rpc_tls_store_new(struct rpc_tls_store **ret, struct error *err)
{
	struct rpc_tls_store *store = calloc(1, sizeof(*store));

	if (!store)
		return error_set(err, ERR_MEMORY, "no memory for the server's certificate");
	pthread_mutex_init(&store->lock, NULL);
	*ret = store;
	return 0;
}

void rpc_tls_store_free(struct rpc_tls_store *store)
{
	struct reader *r, *next;

	if (!store)
		return;
	for (r = store->readers; r; r = next) {
		next = r->next;
		free(r);
	}
	free_texts(store->ca_pem, store->cert_pem, store->key_pem);
	pthread_mutex_destroy(&store->lock);
	free(store);
}

static void swap(char **a, char **b)
{
	char *t = *a;

	*a = *b;
	*b = t;
}

int rpc_tls_store_set(struct rpc_tls_store *store, const struct rpc_tls *tls, struct error *err)
{
	char *ca = strdup(tls->ca_pem), *cert = strdup(tls->cert_pem);
	char *key = strdup(tls->key_pem);

	if (!ca || !cert || !key) {
		free_texts(ca, cert, key);
		return error_set(err, ERR_MEMORY, "no memory for the server's certificate");
	}
	pthread_mutex_lock(&store->lock);
	swap(&store->ca_pem, &ca);
	swap(&store->cert_pem, &cert);
	swap(&store->key_pem, &key);
	store->generation++;
	pthread_mutex_unlock(&store->lock);
	free_texts(ca, cert, key);
	return 0;
}

/* On any of gRPC's threads. */
static grpc_ssl_certificate_config_reload_status
fetch(void *user, grpc_ssl_server_certificate_config **ret_config)
{
	struct reader *reader = user;
	struct rpc_tls_store *store = reader->store;
	grpc_ssl_pem_key_cert_pair pair;
	bool changed;

	pthread_mutex_lock(&store->lock);
	changed = reader->seen != store->generation;
	if (changed) {
		pair.private_key = store->key_pem;
		pair.cert_chain = store->cert_pem;
		*ret_config = grpc_ssl_server_certificate_config_create(store->ca_pem, &pair, 1);
		reader->seen = store->generation;
	}
	pthread_mutex_unlock(&store->lock);
	return changed ? GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW
		       : GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
}

int rpc_tls_store_credentials(struct rpc_tls_store *store, grpc_server_credentials **ret,
			      struct error *err)
{
	grpc_ssl_server_credentials_options *options;
	struct reader *reader;

	if (!store->generation)
		return error_set(err, ERR_PRECONDITION,
				 "no certificate is set for TLS; set the identity first");
	reader = calloc(1, sizeof(*reader));
	if (!reader)
		return error_set(err, ERR_MEMORY, "no memory for a TLS listener");
	reader->store = store;
	reader->next = store->readers;
	store->readers = reader;
	/*
	 * A certificate is wanted but not demanded: who enrolls has none yet.
	 * One that does not verify ends the handshake.
	 */
	options = grpc_ssl_server_credentials_create_options_using_config_fetcher(
		GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY, fetch, reader);
	*ret = grpc_ssl_server_credentials_create_with_options(options);
	return 0;
}
