// SPDX-License-Identifier: Apache-2.0
#include "daemon/snapshots.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/closing.h"

enum { KEEP_MS = 60000, RETRY_MS = 2000 };

struct snapshots {
	uv_loop_t *loop;
	char path[PATH_MAX], copy[PATH_MAX];
	uv_work_t work;
	bool busy;
	snapshots_synced_fn synced;	/* NULL: a copy is being made */
	void *synced_data;
	struct error err;		/* of the work under way, then of the last copy */
	uint64_t index;
	struct snapshot_info info;
	int fd;
	struct snapshot_file *last;	/* held by us too, for those who come soon */
	uint64_t last_used, failed_at;	/* uv_now() */
	struct closing closing;
};

struct snapshots *snapshots_new(uv_loop_t *loop, const char *path)
{
	struct snapshots *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->loop = loop;
	s->work.data = s;
	snprintf(s->path, sizeof(s->path), "%s", path);
	snprintf(s->copy, sizeof(s->copy), "%.*s.copy", PATH_MAX - 6, path);
	unlink(s->copy);
	return s;
}

void snapshot_file_put(struct snapshot_file *file)
{
	if (!file || --file->holders)
		return;
	close(file->fd);
	free(file);
}

static void finish_free(struct snapshots *s)
{
	snapshot_file_put(s->last);
	closing_tell(s->closing);
	free(s);
}

void snapshots_free(struct snapshots *s, void (*closed)(void *data), void *data)
{
	closing_begin(&s->closing, closed, data);
	if (!s->busy)
		finish_free(s);
}

bool snapshots_busy(const struct snapshots *s)
{
	return s->busy;
}

/* ---- syncing ---- */

/* On a thread of the pool. */
static void sync_state(uv_work_t *work)
{
	struct snapshots *s = work->data;

	state_sync(s->path, &s->index, &s->err);
}

static void sync_done(uv_work_t *work, int status)
{
	struct snapshots *s = work->data;

	s->busy = false;
	if (s->closing.begun)
		finish_free(s);
	else
		s->synced(s->synced_data, s->index, &s->err);
}

void snapshots_sync(struct snapshots *s, snapshots_synced_fn done, void *data)
{
	s->busy = true;
	s->err = (struct error){ 0 };
	s->synced = done;
	s->synced_data = data;
	uv_queue_work(s->loop, &s->work, sync_state, sync_done);
}

/* ---- copying ---- */

/* On a thread of the pool.  Unlinked at once: nothing to clean up, whenever the daemon ends. */
static void copy_state(uv_work_t *work)
{
	struct snapshots *s = work->data;

	if (snapshot_write(s->path, s->copy, &s->info, &s->err) < 0)
		return;
	s->fd = open(s->copy, O_RDONLY | O_CLOEXEC);
	if (s->fd < 0)
		error_errno(&s->err, errno, "%s", s->copy);
	unlink(s->copy);
}

static void keep(struct snapshots *s)
{
	struct snapshot_file *file = calloc(1, sizeof(*file));

	if (!file) {
		close(s->fd);
		error_set(&s->err, ERR_MEMORY, "no memory for a snapshot");
		return;
	}
	*file = (struct snapshot_file){ .info = s->info, .fd = s->fd, .holders = 1 };
	snapshot_file_put(s->last);
	s->last = file;
	s->last_used = uv_now(s->loop);
	log_info("snapshot-made", "index=%lu bytes=%lu", (unsigned long)s->info.index,
		 (unsigned long)s->info.size);
}

static void copy_done(uv_work_t *work, int status)
{
	struct snapshots *s = work->data;

	s->busy = false;
	if (s->err.kind == ERR_NONE)
		keep(s);
	if (s->err.kind != ERR_NONE) {
		s->failed_at = uv_now(s->loop);
		log_warn("snapshot-failed", "reason=\"%s\"", log_text(s->err.text));
	}
	if (s->closing.begun)
		finish_free(s);
}

static void start_copy(struct snapshots *s)
{
	if (s->busy || (s->failed_at && uv_now(s->loop) - s->failed_at < RETRY_MS))
		return;
	s->busy = true;
	s->failed_at = 0;
	s->err = (struct error){ 0 };
	uv_queue_work(s->loop, &s->work, copy_state, copy_done);
}

struct snapshot_file *snapshots_get(struct snapshots *s, uint64_t index_min,
				    const char **ret_trouble)
{
	*ret_trouble = s->failed_at ? s->err.text : "";
	if (!s->last || s->last->info.index < index_min) {
		start_copy(s);
		return NULL;
	}
	s->last_used = uv_now(s->loop);
	s->last->holders++;
	return s->last;
}

void snapshots_forget(struct snapshots *s)
{
	snapshot_file_put(s->last);
	s->last = NULL;
}

void snapshots_tidy(struct snapshots *s)
{
	if (s->last && uv_now(s->loop) - s->last_used >= KEEP_MS)
		snapshots_forget(s);
}
