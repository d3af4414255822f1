/* SPDX-License-Identifier: Apache-2.0 */
/* A certificate that the authority on this node has issued, and its row for the state.  Owner thread. */
#ifndef WGMESH_DAEMON_ISSUANCE_H
#define WGMESH_DAEMON_ISSUANCE_H

#include "daemon/daemon.h"
#include "store/records.h"

struct issuance {
	struct issued issued;
	struct certificate record;	/* but for the role, which whoever knows it sets */
};

/*
 * Certifies the key of @csr_pem for a node or an administrator of this mesh, for as long as the setting
 * certificate-seconds says.  ERR_UNAVAILABLE: the authority's key is not here yet; ERR_INVALID names
 * the field node_id or csr_pem.
 */
int issuance_new(const struct daemon *d, enum subject_kind kind, const char *name,
		 const char *csr_pem, struct issuance **ret, struct error *err);
void issuance_free(struct issuance *i);

#endif
