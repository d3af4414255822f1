// SPDX-License-Identifier: Apache-2.0
#include "daemon/voting_right.h"

#include "store/state_query.h"

int voting_right_check(struct state_store *state, const char *node_id, struct error *err)
{
	const struct acl *decider;
	struct acl *acls;
	size_t n;
	int r = state_list_acls(state, &acls, &n, err);

	if (r < 0)
		return r;
	if (!acl_allows(acls, n, node_id, &decider))
		r = error_set(err, ERR_DENIED, decider ?
			      "%s may not vote: Raft ACL \"%s\" denies it"
						       : "%s may not vote: no Raft ACL allows it%s",
			      node_id, decider ? decider->name : "");
	state_acls_free(acls, n);
	return r;
}
