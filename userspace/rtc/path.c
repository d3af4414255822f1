// SPDX-License-Identifier: Apache-2.0
#include "rtc/path.h"

#include <stdlib.h>

#include "base/buf.h"
#include "rtc/watch.h"

/* One generation. */
struct way {
	struct path *path;
	struct ice *ice;
	bool described;			/* by the peer */
	size_t early_count;
	struct candidate early[PATH_EARLY_MAX];
};

struct path {
	struct ice_config config;	/* without servers */
	const struct path_ops *ops;
	void *ctx;
	struct way *used;		/* the first one, or one that works */
	struct way *next;		/* that is looked for; NULL: none */
	struct way *last;		/* was used before; NULL: none */
	bool found;
	struct timer *give_up;		/* @next */
	struct timer *leave;		/* @last */
};

static struct way *newest(const struct path *p)
{
	return p->next ? p->next : p->used;
}

static void way_free(struct way *w)
{
	if (!w)
		return;
	ice_free(w->ice);
	free(w);
}

/* ---- what ICE tells ---- */

static void on_candidate(const struct candidate *c, void *ctx)
{
	struct way *w = ctx;

	if (w == newest(w->path))
		w->path->ops->candidate(c, w->path->ctx);
}

static void on_connected(void *ctx)
{
	struct way *w = ctx;
	struct path *p = w->path;

	if (w == p->next) {
		/* Not freed here: this is a callback, and of two that were left one is long silent. */
		way_free(p->last);
		p->last = p->used;
		p->used = w;
		p->next = NULL;
		timer_set(p->give_up, -1);
		timer_set(p->leave, PATH_LINGER_MS);
	}
	p->found = true;
	p->ops->found(p->ctx);
}

static void on_failed(void *ctx)
{
	struct way *w = ctx;
	struct path *p = w->path;

	if (w == p->next)
		timer_set(p->give_up, 0);
	else if (!p->found)
		p->ops->failed(p->ctx);
}

/* By whichever way it came: the peer may not have left the old one yet, or left it before us. */
static void on_datagram(const void *data, size_t len, void *ctx)
{
	struct way *w = ctx;

	w->path->ops->datagram(data, len, w->path->ctx);
}

static const struct ice_ops ice_ops = {
	.candidate = on_candidate,
	.connected = on_connected,
	.failed = on_failed,
	.datagram = on_datagram,
};

static int way_new(struct path *p, const struct ice_servers *servers, struct way **ret,
		   struct error *err)
{
	struct way *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return error_set(err, ERR_MEMORY, "no memory for a way to the peer");
	w->path = p;
	p->config.servers = *servers;
	r = ice_new(&p->config, &ice_ops, w, &w->ice, err);
	wipe(&p->config.servers, sizeof(p->config.servers));
	if (r < 0)
		free(w);
	else
		*ret = w;
	return r;
}

/* ---- the path ---- */

static void on_give_up(void *ctx)
{
	struct path *p = ctx;

	way_free(p->next);
	p->next = NULL;
}

static void on_leave(void *ctx)
{
	struct path *p = ctx;

	way_free(p->last);
	p->last = NULL;
}

int path_new(const struct ice_config *config, const struct path_ops *ops, void *ctx,
	     struct path **ret, struct error *err)
{
	struct path *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return error_set(err, ERR_MEMORY, "no memory for a way to the peer");
	p->config = *config;
	p->ops = ops;
	p->ctx = ctx;
	p->give_up = timer_new(config->context, on_give_up, p);
	p->leave = timer_new(config->context, on_leave, p);
	r = way_new(p, &config->servers, &p->used, err);
	if (r < 0)
		path_free(p);
	else
		*ret = p;
	return r;
}

void path_free(struct path *p)
{
	if (!p)
		return;
	way_free(p->next);
	way_free(p->last);
	way_free(p->used);
	timer_free(p->give_up);
	timer_free(p->leave);
	free(p);
}

int path_renew(struct path *p, const struct ice_servers *servers, struct error *err)
{
	struct way *w;
	int r = way_new(p, servers, &w, err);

	if (r < 0)
		return r;
	way_free(p->next);
	p->next = w;
	timer_set(p->give_up, PATH_FIND_MS);
	return 0;
}

const char *path_ufrag(const struct path *p)
{
	return ice_ufrag(newest(p)->ice);
}

const char *path_pwd(const struct path *p)
{
	return ice_pwd(newest(p)->ice);
}

int path_gather(struct path *p, struct error *err)
{
	return ice_gather(newest(p)->ice, err);
}

/* ---- the peer's ---- */

bool path_is_open(const struct path *p)
{
	return !newest(p)->described;
}

int path_set_remote(struct path *p, const struct sdp *remote, struct error *err)
{
	struct way *w = newest(p);
	int r = ice_set_remote(w->ice, remote->ufrag, remote->pwd, err);

	if (r < 0)
		return r;
	w->described = true;
	for (size_t i = 0; i < remote->candidate_count; i++)
		path_add_candidate(p, &remote->candidates[i]);
	for (size_t i = 0; i < w->early_count; i++)
		path_add_candidate(p, &w->early[i]);
	return 0;
}

void path_add_candidate(struct path *p, const struct candidate *c)
{
	struct way *w = newest(p);

	if (w->described)
		ice_add_candidate(w->ice, c);
	else if (w->early_count < PATH_EARLY_MAX)
		w->early[w->early_count++] = *c;
}

/* ---- the way that there is ---- */

bool path_is_renewing(const struct path *p)
{
	return p->next;
}

bool path_is_homeless(const struct path *p)
{
	return p->found && ice_is_homeless(p->used->ice);
}

void path_send(struct path *p, const void *data, size_t len)
{
	ice_send(p->used->ice, data, len);
}

char *path_format(const struct path *p, char out[ICE_PATH_MAX])
{
	return ice_path(p->used->ice, out);
}
