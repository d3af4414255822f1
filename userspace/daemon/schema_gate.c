// SPDX-License-Identifier: Apache-2.0
#include "daemon/schema_gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "rpc/call.h"
#include "store/commands.h"
#include "store/state_query.h"

static void raised(void *data, const struct apply_result *result, const struct error *err)
{
	struct daemon *d = data;

	d->raising_schema = false;
	if (err->kind == ERR_NONE)
		log_info("schema", "version=%u", state_schema(d->state));
	else
		log_info("schema-not-raised", "reason=\"%s\"", log_text(err->text));
}

static int propose(struct daemon *d, uint32_t version, struct error *err)
{
	struct entry *e = entry_new_schema(version);
	int r = e ? replica_propose(d->replica, e, raised, d, err)
		  : error_set(err, ERR_MEMORY, "no memory for a log entry");

	entry_free(e);
	return r;
}

/* Who holds the others up is named once, until it is another. */
static void tell_waiting(struct daemon *d, uint32_t version, const char *node_id)
{
	if (strcmp(d->schema_waits, node_id) == 0)
		return;
	snprintf(d->schema_waits, sizeof(d->schema_waits), "%s", node_id);
	log_info("schema-waits", "version=%u for=%s reason=\"its wgmeshd is to be upgraded, or it is to be removed\"",
		 version, node_id);
}

void schema_gate_advance(struct daemon *d)
{
	uint32_t next = state_schema(d->state) + 1, lowest;
	char node_id[NODE_ID_MAX + 1];
	struct error err;
	int r;

	if (next > state_schema_latest() || d->raising_schema ||
	    !replica_leads_up_to_date(d->replica))
		return;
	r = state_lowest_ability(d->state, &lowest, node_id, &err);
	if (r == 0 && lowest < next) {
		tell_waiting(d, next, node_id);
		return;
	}
	if (r == 0)
		r = propose(d, next, &err);
	if (r < 0)
		log_info("schema-not-raised", "reason=\"%s\"", log_text(err.text));
	d->raising_schema = r == 0;
}

int schema_gate_admit(struct daemon *d, const struct rpc_call *call, const char *node_id,
		      struct entry *entry, struct error *err)
{
	char text[16], *end;
	unsigned long version;

	if (!rpc_call_metadata(call, SCHEMA_METADATA, text, sizeof(text)))
		return 0;
	version = strtoul(text, &end, 10);
	if (*text < '1' || *text > '9' || *end || version > INT32_MAX)
		return error_set(err, ERR_INVALID, SCHEMA_METADATA ": \"%s\" is no version", text);
	if (version < state_schema(d->state))
		return error_set(err, ERR_DENIED, "the state is at schema version %u, and %s knows %lu: upgrade its wgmeshd",
				 state_schema(d->state), node_id, version);
	return command_set_ability(entry, node_id, (uint32_t)version, err);
}
