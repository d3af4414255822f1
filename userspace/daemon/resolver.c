// SPDX-License-Identifier: Apache-2.0
#include "daemon/resolver.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

enum { AGAIN_MS = 60000 /* it may have been started anew, or only now */ };

struct resolver {
	uv_loop_t *loop;
	bool stopped;
	struct resolved_link has;	/* as far as we know; ifindex 0: nothing of ours */
	uint64_t again_at;		/* uv_now() */
	bool logged;			/* how an attempt went, which is */
	enum error_kind told;		/* so that a trouble is logged once */

	/* the pool's while it is busy */
	uv_work_t work;
	bool busy;
	struct resolved_link next;
	struct error err;
};

static void tell(uv_work_t *work)
{
	struct resolver *r = work->data;
	struct sd_bus *bus = NULL;
	int failed = resolved_open(&bus, &r->err);

	if (failed == 0 && r->has.ifindex && r->has.ifindex != r->next.ifindex)
		resolved_revert(bus, r->has.ifindex, NULL);
	if (failed == 0 && r->next.ifindex)
		resolved_set(bus, &r->next, &r->err);
	resolved_close(bus);
}

static void begin(struct resolver *r, const struct resolved_link *next);

/* That it does not run is how many a host is meant to be. */
static void log_trouble(struct resolver *r)
{
	if (r->logged && r->err.kind == r->told)
		return;
	r->logged = true;
	r->told = r->err.kind;
	if (r->err.kind == ERR_NOT_FOUND)
		log_debug("dns-not-resolved", "reason=\"%s\"", log_text(r->err.text));
	else if (r->err.kind != ERR_NONE)
		log_warn("dns-not-resolved",
			 "reason=\"%s\" remedy=\"point the host's resolver at this node for %s, or "
			 "--dns-resolved off\"", log_text(r->err.text), r->next.mesh.domain);
	else if (r->next.ifindex)
		log_info("dns-resolved", "domain=%s", r->next.mesh.domain);
}

static void told(uv_work_t *work, int status)
{
	const struct resolved_link nothing = { 0 };
	struct resolver *r = work->data;

	r->busy = false;
	if (r->next.ifindex)
		log_trouble(r);
	/* What failed half-way is taken back like what did not. */
	r->has = r->err.kind == ERR_NOT_FOUND ? nothing : r->next;
	if (r->stopped && r->has.ifindex)
		begin(r, &nothing);
}

static void begin(struct resolver *r, const struct resolved_link *next)
{
	r->busy = true;
	r->next = *next;
	r->err = (struct error){ 0 };
	r->again_at = uv_now(r->loop) + AGAIN_MS;
	uv_queue_work(r->loop, &r->work, tell, told);
}

static bool same(const struct resolved_link *a, const struct resolved_link *b)
{
	if (a->ifindex != b->ifindex || a->server_count != b->server_count ||
	    strcmp(a->mesh.domain, b->mesh.domain) != 0)
		return false;
	for (unsigned int i = 0; i < a->server_count; i++)
		if (!endpoint_equal(&a->servers[i], &b->servers[i]))
			return false;
	return true;
}

void resolver_advance(struct resolver *r, const struct resolved_link *wanted)
{
	bool due = wanted->ifindex && uv_now(r->loop) >= r->again_at;

	if (r->busy || r->stopped)
		return;
	/* One that does not run has nothing, however often it is told: that is for the next attempt. */
	if (due || (!same(wanted, &r->has) && !(r->told == ERR_NOT_FOUND && same(wanted, &r->next))))
		begin(r, wanted);
}

/* ---- life ---- */

struct resolver *resolver_new(uv_loop_t *loop)
{
	struct resolver *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->loop = loop;
	r->work.data = r;
	return r;
}

void resolver_stop(struct resolver *r)
{
	const struct resolved_link nothing = { 0 };

	r->stopped = true;
	if (!r->busy && r->has.ifindex)
		begin(r, &nothing);
}

void resolver_free(struct resolver *r)
{
	free(r);
}
