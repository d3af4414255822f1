// SPDX-License-Identifier: Apache-2.0
#include "daemon/node_channel.h"

#include <string.h>

/* Whether a certificate is this node's.  On a thread of gRPC's. */
static bool is_node(const char *cert_pem, const char *node_id)
{
	struct cert_info info;

	return cert_inspect(cert_pem, &info, NULL) == 0 && info.subject.kind == SUBJECT_NODE &&
	       strcmp(info.subject.name, node_id) == 0;
}

int node_channel_open(const struct identity *self, const struct directory_entry *entries,
		      size_t count, struct rpc_channel **ret, struct error *err)
{
	const char *fallbacks[RPC_FALLBACKS_MAX];
	struct rpc_channel_config config = { .address = entries[0].address,
					     .ca_pem = self->ca_pem,
					     .cert_pem = self->cert_pem,
					     .key_pem = self->key_pem,
					     .node_id = entries[0].node_id,
					     .peer_is = is_node,
					     .fallbacks = fallbacks };

	while (config.fallback_count < RPC_FALLBACKS_MAX && config.fallback_count + 1 < count) {
		fallbacks[config.fallback_count] = entries[config.fallback_count + 1].address;
		config.fallback_count++;
	}
	return rpc_channel_new(&config, ret, err);
}
