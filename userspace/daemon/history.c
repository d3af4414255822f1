// SPDX-License-Identifier: Apache-2.0
#include "daemon/history.h"

/* Terms do not fall along a log: one that is compacted here is not above the first that is not. */
static bool may_go_on(const struct history_claim *c)
{
	if (c->index == 0)
		return true;
	switch (c->where) {
	case HISTORY_BEFORE:
		return c->term <= c->own_term;
	case HISTORY_WITHIN:
		return c->term == c->own_term || c->term == 0;
	case HISTORY_AHEAD:
		break;
	}
	return false;
}

/*
 * Being ahead is no fault: a source may lag.  Not of one that has everything, though, nor with a
 * term below the source's: further on there is none that is lower.
 */
enum history_verdict history_judge(const struct history_claim *c)
{
	if (may_go_on(c))
		return HISTORY_GOES_ON;
	if (c->term == 0)
		return HISTORY_UNKNOWN;
	if (c->confirmed || c->own_term > c->term)
		return HISTORY_FORKED;
	return c->leads ? HISTORY_UNCLEAR : HISTORY_UNKNOWN;
}
