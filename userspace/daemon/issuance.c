// SPDX-License-Identifier: Apache-2.0
#include "daemon/issuance.h"

#include <stdio.h>
#include <stdlib.h>

#include "daemon/now.h"
#include "store/state_query.h"

static int certify(const struct daemon *d, const struct subject *subject, const char *csr_pem,
		   struct issuance *i, struct error *err)
{
	struct mesh mesh;
	int r;

	ca_set_domain(d->ca, state_get_mesh(d->state, &mesh, NULL) == 0 ? mesh.domain : "");
	r = ca_issue(d->ca, subject, csr_pem, daemon_now() / 1000000000,
			 d->settings.certificate_seconds, &i->issued, err);

	if (r < 0)
		return error_prefix(err, "csr_pem");
	snprintf(i->record.serial, sizeof(i->record.serial), "%s", i->issued.serial);
	snprintf(i->record.node_id, sizeof(i->record.node_id), "%s", subject->name);
	i->record.expires_at = i->issued.not_after * 1000000000;
	return 0;
}

int issuance_new(const struct daemon *d, enum subject_kind kind, const char *name,
		 const char *csr_pem, struct issuance **ret, struct error *err)
{
	struct subject subject;
	struct issuance *i;
	int r;

	if (!d->ca)
		return error_set(err, ERR_UNAVAILABLE,
				 "%s does not have the authority's key yet: try again in a few seconds",
				 d->settings.id);
	if (!subject_init(&subject, kind, ca_mesh_id(d->ca), name))
		return error_set(err, ERR_INVALID, "node_id: \"%.80s\" fits no certificate", name);
	i = calloc(1, sizeof(*i));
	if (!i)
		return error_set(err, ERR_MEMORY, "no memory for a certificate");
	r = certify(d, &subject, csr_pem, i, err);
	if (r < 0)
		issuance_free(i);
	else
		*ret = i;
	return r;
}

void issuance_free(struct issuance *i)
{
	if (i)
		issued_fini(&i->issued);
	free(i);
}
