// SPDX-License-Identifier: Apache-2.0
#include "wmctl/doctor_mesh.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

typedef Webmesh__Ext__V1__DescribeResponse describe;
typedef Webmesh__Ext__V1__ListServersResponse servers_list;

#define SECOND INT64_C(1000000000)

enum {
	DAY = 86400,
	EXPIRY_WARN_DAYS = 30,
	EXPIRY_WARN_PART = 4,	/* of its time; nodes renew theirs when a third is left */
	SILENT_MS = 5000,	/* a server answers several times a second */
	AGE_WARN_MS = 10000,	/* then a follower looks for another source, too */
	CLOCK_WARN_S = 2,	/* what is told has whole seconds */
	CLOCK_FAIL_S = 60,	/* tokens and certificates begin and end at other times */
};

static bool ends_soon(const struct cert_info *info, int64_t left)
{
	return left < EXPIRY_WARN_DAYS * DAY &&
	       left < (info->not_after - info->not_before) / EXPIRY_WARN_PART;
}

void mesh_check_certificate(struct findings *f, const char *whose, const struct cert_info *info,
			    int64_t now, const char *remedy)
{
	int64_t left = info->not_after - now;

	if (left <= 0)
		findings_add(f, VERDICT_FAIL, "certificate", remedy,
			     "%s has expired %" PRId64 " days ago",
			     whose, -left / DAY);
	else
		findings_add(f, ends_soon(info, left) ? VERDICT_WARN : VERDICT_OK, "certificate",
			     remedy, "%s: %" PRId64 " days left", whose, left / DAY);
}

/* ---- the group ---- */

static bool is_silent(const Webmesh__Ext__V1__Server *v)
{
	return *v->progress && v->silent_ms > SILENT_MS && strcmp(v->role, "learner") != 0;
}

static unsigned int list_silent(const servers_list *l, char *out, size_t cap)
{
	unsigned int silent = 0;
	size_t at = 0;

	*out = 0;
	for (size_t i = 0; i < l->n_servers; i++) {
		if (!is_silent(l->servers[i]))
			continue;
		if (at < cap)
			at += (size_t)snprintf(out + at, cap - at, "%s%s", silent ? ", " : "",
					       l->servers[i]->node_id);
		silent++;
	}
	return silent;
}

void mesh_check_quorum(struct findings *f, const describe *d, const servers_list *servers)
{
	unsigned int needed = d->voters / 2 + 1, silent;
	char names[160];

	if (!*d->leader_id) {
		findings_add(f, VERDICT_FAIL, "quorum",
			     "start the voters that are down; are they gone for good: wgmeshd "
			     "recover",
			     "no leader is known: %u of %u voters must reach each other", needed,
			     d->voters);
		return;
	}
	silent = servers ? list_silent(servers, names, sizeof(names)) : 0;
	if (silent)
		findings_add(f, VERDICT_WARN, "quorum",
			     "wmctl raft peers; wgmeshd on these machines",
			     "%s leads %u voters, and hears nothing of %s", d->leader_id,
			     d->voters, names);
	else if (d->voters < 3)
		findings_add(f, VERDICT_WARN, "quorum",
			     "wmctl token create --role voter, for three or five",
			     "%s leads %u voters: changes stop with the loss of one", d->leader_id,
			     d->voters);
	else
		findings_add(f, VERDICT_OK, "quorum", "", "%s leads %u voters, %u needed%s",
			     d->leader_id,
			     d->voters, needed, servers ? ", all are heard" : "");
}

/* ---- the node ---- */

void mesh_check_state(struct findings *f, const describe *d)
{
	static const char remedy[] = "can this node reach the voters' API port? its log says "
		"whom it asks";

	if (d->state_age_ms == UINT64_MAX)
		findings_add(f, VERDICT_FAIL, "state", remedy,
			     "not current since the daemon's start");
	else if (d->state_age_ms > AGE_WARN_MS)
		findings_add(f, VERDICT_WARN, "state", remedy, "%" PRIu64 " s old",
			     d->state_age_ms / 1000);
	else
		findings_add(f, VERDICT_OK, "state", "", "current: %u nodes, entry %" PRIu64,
			     d->nodes,
			     d->applied_index);
}

void mesh_check_dataplane(struct findings *f, const describe *d)
{
	bool best = strcmp(d->backend, "mesh") == 0 || strstr(d->backend_reason, "configured");

	if (*d->last_error)
		findings_add(f, VERDICT_FAIL, "daemon", "journalctl -u wgmeshd", "it says: %s",
			     d->last_error);
	findings_add(f, best ? VERDICT_OK : VERDICT_WARN, "dataplane",
		     "with the module wgmesh the kernel holds a million peers: see the check "
		     "\"module\"",
		     "%s on %s: %s; %u peers known, %u active", d->backend, d->device,
		     d->backend_reason, d->peers_known, d->peers_active);
}

void mesh_check_clock(struct findings *f, const V1__Status *leader, int64_t asked, int64_t answered)
{
	unsigned int h, m, s;
	int64_t its, off = 0;

	if (!leader->started_at || sscanf(leader->uptime, "%uh%um%us", &h, &m, &s) != 3) {
		findings_add(f, VERDICT_WARN, "clock", "", "%s does not tell its time", leader->id);
		return;
	}
	its = (leader->started_at->seconds + (int64_t)h * 3600 + m * 60 + s) * SECOND +
	      leader->started_at->nanos;
	/* Its uptime is cut to whole seconds. */
	if (its > answered)
		off = its - answered;
	else if (its + SECOND < asked)
		off = its + SECOND - asked;
	if (off > -CLOCK_WARN_S * SECOND && off < CLOCK_WARN_S * SECOND)
		findings_add(f, VERDICT_OK, "clock", "", "as the leader's, %s's", leader->id);
	else
		findings_add(f, off < -CLOCK_FAIL_S * SECOND || off > CLOCK_FAIL_S * SECOND
			     ? VERDICT_FAIL : VERDICT_WARN, "clock",
				"timedatectl set-ntp true, on both machines",
			     "the leader's, %s's, is %" PRId64 " s %s", leader->id,
			     (off < 0 ? -off : off) / SECOND, off < 0 ? "behind" : "ahead");
}
