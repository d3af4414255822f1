// SPDX-License-Identifier: Apache-2.0
#include "daemon/proposals.h"

#include <stdlib.h>

struct proposal {
	TAILQ_ENTRY(proposal) link;
	struct raft_position at;
	proposal_done_fn done;
	void *data;
};

int proposals_add(struct proposals *p, const struct raft_position *at, proposal_done_fn done,
		  void *data, struct error *err)
{
	struct proposal *one = malloc(sizeof(*one));

	if (!one)
		return error_set(err, ERR_MEMORY, "no memory to wait for a proposal");
	*one = (struct proposal){ .at = *at, .done = done, .data = data };
	TAILQ_INSERT_TAIL(p, one, link);
	return 0;
}

static void answer(struct proposals *p, struct proposal *one, const struct apply_result *result,
		   const char *why)
{
	struct error err = { 0 };

	TAILQ_REMOVE(p, one, link);
	if (!result)
		error_set(&err, ERR_UNAVAILABLE, "%s: ask again", why);
	one->done(one->data, result, &err);
	free(one);
}

void proposals_applied(struct proposals *p, uint64_t index, uint64_t term,
		       const struct apply_result *result)
{
	struct proposal *one;

	while ((one = TAILQ_FIRST(p)) && one->at.index <= index) {
		if (one->at.index == index && one->at.term == term)
			answer(p, one, result, NULL);
		else
			answer(p, one, NULL, "another leader's entry took the place of the change");
	}
}

void proposals_fail(struct proposals *p, const char *why)
{
	struct proposal *one;

	while ((one = TAILQ_FIRST(p)))
		answer(p, one, NULL, why);
}
