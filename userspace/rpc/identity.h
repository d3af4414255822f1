/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is at the other end, as its certificate says.  A certificate counts when
 * the mesh's CA signed it and its only URI in subjectAltName is exactly
 *	wgmesh://MESH/node/ID	or	wgmesh://MESH/admin/NAME
 * with our MESH.  Whoever shows anything else is nobody, as is he who shows nothing.
 */
#ifndef WGMESH_RPC_IDENTITY_H
#define WGMESH_RPC_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>

enum { RPC_ID_MAX = 64 };	/* mesh ids, node ids and names: 1-63 characters and a NUL */

/* Of a certificate, in hexadecimal, and a NUL (RFC 5280, 4.1.2.2: 20 bytes at most). */
enum { RPC_SERIAL_MAX = 41 };

enum rpc_identity_kind { RPC_IDENTITY_NONE, RPC_IDENTITY_NODE, RPC_IDENTITY_ADMIN };

struct rpc_identity {
	enum rpc_identity_kind kind;
	char id[RPC_ID_MAX];	/* "" for RPC_IDENTITY_NONE */
};

/* What a method asks of its caller. */
enum rpc_need { RPC_NEED_NOTHING, RPC_NEED_ANY, RPC_NEED_NODE, RPC_NEED_ADMIN };

/*
 * @uri is @len bytes and need not end in NUL.  False, and @ret untouched,
 * unless it is one of the two forms above, whole and exact.  Any thread.
 */
bool rpc_identity_parse(const char *uri, size_t len, const char *mesh_id,
			struct rpc_identity *ret);

#endif
