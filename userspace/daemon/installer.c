// SPDX-License-Identifier: Apache-2.0
#include "daemon/installer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/closing.h"

#define PART	 ".part"
#define INCOMING ".incoming"

enum { WAIT_MS = 50 };	/* for whoever reads the state that is to be replaced */

struct installer {
	struct installer_config config;
	installer_done_fn done;
	void *data;
	char path[PATH_MAX], part[PATH_MAX], incoming[PATH_MAX];
	int fd;			/* of the part; -1: none */
	uint64_t have;		/* bytes of it */
	struct snapshot_info info;	/* as announced */
	uv_work_t work;
	uv_timer_t timer;
	struct error err;	/* of the work on the pool */
	bool busy, working;	/* working: the pool has it */
	struct closing closing;
};

static void name(char out[PATH_MAX], const char *path, const char *suffix)
{
	snprintf(out, PATH_MAX, "%.*s%s", PATH_MAX - 16, path, suffix);
}

int installer_new(const struct installer_config *config, installer_done_fn done, void *data,
		  struct installer **ret, struct error *err)
{
	struct installer *i = calloc(1, sizeof(*i));

	if (!i)
		return error_set(err, ERR_MEMORY, "no memory to take a snapshot in");
	i->config = *config;
	i->done = done;
	i->data = data;
	i->fd = -1;
	i->work.data = i;
	name(i->path, config->path, "");
	name(i->part, config->path, PART);
	name(i->incoming, config->path, INCOMING);
	uv_timer_init(config->loop, &i->timer);
	i->timer.data = i;
	*ret = i;
	return 0;
}

static void drop_part(struct installer *i)
{
	if (i->fd < 0)
		return;
	close(i->fd);
	i->fd = -1;
	unlink(i->part);
}

static void timer_closed(uv_handle_t *handle)
{
	struct installer *i = handle->data;

	closing_tell(i->closing);
	free(i);
}

static void finish_free(struct installer *i)
{
	drop_part(i);
	uv_close((uv_handle_t *)&i->timer, timer_closed);
}

void installer_free(struct installer *i, void (*closed)(void *data), void *data)
{
	closing_begin(&i->closing, closed, data);
	if (!i->working)
		finish_free(i);
}

bool installer_busy(const struct installer *i)
{
	return i->busy;
}

static void finish(struct installer *i, const struct error *err, bool intact)
{
	i->busy = false;
	i->done(i->data, err, intact);
}

/* ---- 4: the state ---- */

static void replace_state(uv_timer_t *timer)
{
	struct installer *i = timer->data;
	struct error err = { 0 };

	if (snapshots_busy(i->config.snapshots) || agreement_busy(i->config.agreement) ||
	    (i->config.is_read && i->config.is_read(i->config.is_read_data))) {
		uv_timer_start(&i->timer, replace_state, WAIT_MS, 0);
		return;
	}
	if (state_store_replace(i->config.state, i->incoming, &err) == 0)
		log_info("snapshot-installed", "index=%lu term=%lu bytes=%lu",
			 (unsigned long)i->info.index, (unsigned long)i->info.term,
			 (unsigned long)i->info.size);
	finish(i, &err, false);
}

/* ---- 3: the log ---- */

static void log_installed(void *data, const struct error *err)
{
	struct installer *i = data;

	if (err->kind == ERR_NONE)
		replace_state(&i->timer);
	else
		finish(i, err, true);
}

/* ---- 2: the file ---- */

/* On a thread of the pool. */
static void check_file(uv_work_t *work)
{
	struct installer *i = work->data;
	struct snapshot_info info;

	if (snapshot_check(i->part, &info, &i->err) < 0)
		return;
	if (info.index != i->info.index || info.term != i->info.term)
		error_set(&i->err, ERR_CORRUPT, "the snapshot is of entry %lu, announced was %lu",
			  (unsigned long)info.index, (unsigned long)i->info.index);
	else
		snapshot_move(i->part, i->incoming, &i->err);
}

static void file_checked(uv_work_t *work, int status)
{
	struct installer *i = work->data;

	i->working = false;
	if (i->err.kind == ERR_NONE) {
		close(i->fd);
		i->fd = -1;
	}
	if (i->closing.begun) {
		finish_free(i);
		return;
	}
	if (i->err.kind == ERR_NONE && i->config.server)
		log_writer_install(i->config.writer, i->info.index, i->info.term, log_installed, i);
	else if (i->err.kind == ERR_NONE)
		log_writer_replace(i->config.writer, i->info.index, i->info.term, log_installed, i);
	if (i->err.kind != ERR_NONE)
		finish(i, &i->err, true);
}

/* ---- 1: the pieces ---- */

/* Within one history neither falls (thesis 3.5). */
static bool goes_on(const struct installer *i, const struct snapshot_info *whole)
{
	return whole->index > state_store_applied(i->config.state) &&
	       whole->term >= state_store_applied_term(i->config.state);
}

static int check_place(const struct installer *i, const struct installer_piece *piece,
		       struct error *err)
{
	unsigned long applied = state_store_applied(i->config.state);
	unsigned long index = piece->whole.index;

	if (piece->other_history && !i->config.server)
		log_warn("history-given-up", "applied=%lu term=%lu snapshot=%lu of-term=%lu", applied,
			 (unsigned long)state_store_applied_term(i->config.state), index,
			 (unsigned long)piece->whole.term);
	else if (!goes_on(i, &piece->whole))
		return error_set(err, ERR_INVALID,
				 "a snapshot of entry %lu of term %lu is offered, and %lu is applied",
				 index, (unsigned long)piece->whole.term, applied);
	return 0;
}

static int begin(struct installer *i, const struct installer_piece *piece, struct error *err)
{
	int r;

	drop_part(i);
	r = check_place(i, piece, err);
	if (r < 0)
		return r;
	i->fd = open(i->part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (i->fd < 0)
		return error_errno(err, errno, "%s", i->part);
	i->info = piece->whole;
	i->have = 0;
	return 0;
}

static bool continues(const struct installer *i, const struct installer_piece *p)
{
	return i->fd >= 0 && p->offset == i->have && p->whole.index == i->info.index &&
	       p->whole.size == i->info.size && p->len <= i->info.size - i->have;
}

static int put(struct installer *i, const void *data, size_t len, struct error *err)
{
	ssize_t n = pwrite(i->fd, data, len, (off_t)i->have);

	if (n < 0)
		return error_errno(err, errno, "%s: cannot write", i->part);
	if ((size_t)n != len)
		return error_set(err, ERR_EXHAUSTED, "%s: no room for the snapshot", i->part);
	i->have += len;
	return 0;
}

int installer_add(struct installer *i, const struct installer_piece *piece, struct error *err)
{
	int r = piece->offset == 0 ? begin(i, piece, err) : 0;

	if (r < 0)
		return r;
	if (!continues(i, piece))
		return error_set(err, ERR_CORRUPT, "a piece of the snapshot is missing at %lu",
				 (unsigned long)i->have);
	r = put(i, piece->data, piece->len, err);
	if (r < 0 || i->have < i->info.size)
		return r;
	i->busy = i->working = true;
	i->err = (struct error){ 0 };
	uv_queue_work(i->config.loop, &i->work, check_file, file_checked);
	return 1;
}

/* ---- after a crash ---- */

/* The index alone does not tell: the log may be that of another history. */
static bool fits(struct log_store *log, const struct snapshot_info *info)
{
	uint64_t term;

	return info->index + 1 == log_store_first_index(log) &&
	       log_store_term_at(log, info->index, &term, NULL) == 0 && term == info->term;
}

int installer_recover(const char *path, struct log_store *log, struct error *err)
{
	char part[PATH_MAX], incoming[PATH_MAX];
	struct snapshot_info info;
	int r;

	name(part, path, PART);
	name(incoming, path, INCOMING);
	unlink(part);
	if (access(incoming, F_OK) < 0)
		return 0;
	r = snapshot_check(incoming, &info, err);
	if (r == 0 && fits(log, &info))
		return snapshot_move(incoming, path, err);
	if (unlink(incoming) < 0)
		return error_errno(err, errno, "%s: cannot remove", incoming);
	return 0;
}
