// SPDX-License-Identifier: Apache-2.0
#include "daemon/log_writer.h"

#include <stdlib.h>

enum { STALL_MS = 50 };

/*
 * A thread of its own, not the pool's: of those another one wakes for each write, to wait for the
 * lock under which it was woken.  What it has to do is set before @wanted is posted, and nobody
 * touches it until it has done so.
 */
struct log_writer {
	uv_loop_t *loop;
	struct log_store *log;
	uv_thread_t thread;
	uv_sem_t wanted;	/* posted for each write, and for the end */
	uv_async_t written;
	uv_mutex_t lock;	/* guards @log against the thread, and the next two */
	uv_cond_t idle;
	bool writing;		/* the thread has, or will have, the log */
	bool finished;		/* it has done it, and the owner has not heard of it */
	bool ending;
	const struct log_batch *batch;	/* NULL: the log begins anew, by the next */
	int (*begin)(struct log_store *log, uint64_t index, uint64_t term, struct error *err);
	uint64_t index, term;		/* behind these */
	struct error err;
	uint64_t took;			/* ns */
	bool busy;			/* the owner's: @done is still to come */
	uint64_t began;			/* uv_now() */
	struct durations durations;
	log_written_fn done;
	void *data;
};

static void write_log(struct log_writer *w)
{
	uint64_t began = uv_hrtime();

	w->err = (struct error){ 0 };
	if (w->batch)
		log_store_append(w->log, w->batch, &w->err);
	else
		w->begin(w->log, w->index, w->term, &w->err);
	uv_mutex_lock(&w->lock);
	w->took = uv_hrtime() - began;
	w->writing = false;
	w->finished = true;
	uv_cond_signal(&w->idle);
	uv_mutex_unlock(&w->lock);
	uv_async_send(&w->written);
}

static void run(void *arg)
{
	struct log_writer *w = arg;

	for (;;) {
		uv_sem_wait(&w->wanted);
		if (w->ending)
			return;
		write_log(w);
	}
}

/* May come for a write that was forgotten, or once for two. */
static void on_written(uv_async_t *written)
{
	struct log_writer *w = written->data;
	struct error err;
	uint64_t took;
	bool finished;

	uv_mutex_lock(&w->lock);
	finished = w->finished;
	w->finished = false;
	err = w->err;
	took = w->took;
	uv_mutex_unlock(&w->lock);
	if (!finished)
		return;
	w->busy = false;
	durations_add(&w->durations, took);
	w->done(w->data, &err);
}

static void free_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static bool init_waiting(struct log_writer *w)
{
	if (uv_sem_init(&w->wanted, 0) < 0)
		return false;
	if (uv_mutex_init(&w->lock) < 0) {
		uv_sem_destroy(&w->wanted);
		return false;
	}
	if (uv_cond_init(&w->idle) < 0) {
		uv_mutex_destroy(&w->lock);
		uv_sem_destroy(&w->wanted);
		return false;
	}
	return true;
}

static void destroy_waiting(struct log_writer *w)
{
	uv_cond_destroy(&w->idle);
	uv_mutex_destroy(&w->lock);
	uv_sem_destroy(&w->wanted);
}

struct log_writer *log_writer_new(uv_loop_t *loop, struct log_store *log)
{
	struct log_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->loop = loop;
	w->log = log;
	w->written.data = w;
	if (!init_waiting(w)) {
		free(w);
		return NULL;
	}
	if (uv_async_init(loop, &w->written, on_written) < 0) {
		destroy_waiting(w);
		free(w);
		return NULL;
	}
	if (uv_thread_create(&w->thread, run, w) < 0) {
		destroy_waiting(w);
		uv_close((uv_handle_t *)&w->written, free_closed);
		return NULL;
	}
	return w;
}

/* On return the caller holds the lock and nobody writes. */
static void lock_idle(struct log_writer *w)
{
	uv_mutex_lock(&w->lock);
	while (w->writing)
		uv_cond_wait(&w->idle, &w->lock);
}

void log_writer_forget(struct log_writer *w)
{
	lock_idle(w);
	w->finished = false;
	uv_mutex_unlock(&w->lock);
	w->busy = false;
}

void log_writer_free(struct log_writer *w)
{
	if (!w)
		return;
	log_writer_forget(w);
	w->ending = true;
	uv_sem_post(&w->wanted);
	uv_thread_join(&w->thread);
	destroy_waiting(w);
	uv_close((uv_handle_t *)&w->written, free_closed);
}

bool log_writer_busy(const struct log_writer *w)
{
	return w->busy;
}

const struct durations *log_writer_durations(const struct log_writer *w)
{
	return &w->durations;
}

bool log_writer_stalls(const struct log_writer *w)
{
	return w->busy && uv_now(w->loop) - w->began > STALL_MS;
}

static void start(struct log_writer *w, log_written_fn done, void *data)
{
	w->busy = true;
	w->began = uv_now(w->loop);
	w->done = done;
	w->data = data;
	w->writing = true;	/* no lock: the thread does not know of it yet */
	uv_sem_post(&w->wanted);
}

void log_writer_append(struct log_writer *w, const struct log_batch *batch, log_written_fn done,
		       void *data)
{
	w->batch = batch;
	start(w, done, data);
}

void log_writer_install(struct log_writer *w, uint64_t index, uint64_t term, log_written_fn done,
			void *data)
{
	w->batch = NULL;
	w->begin = log_store_install;
	w->index = index;
	w->term = term;
	start(w, done, data);
}

void log_writer_replace(struct log_writer *w, uint64_t index, uint64_t term, log_written_fn done,
			void *data)
{
	w->batch = NULL;
	w->begin = log_store_replace;
	w->index = index;
	w->term = term;
	start(w, done, data);
}

int log_writer_term_at(struct log_writer *w, uint64_t index, uint64_t *ret_term,
		       struct error *err)
{
	int r;

	lock_idle(w);
	r = log_store_term_at(w->log, index, ret_term, err);
	uv_mutex_unlock(&w->lock);
	return r;
}

int log_writer_read(struct log_writer *w, uint64_t from, uint64_t to, uint64_t max_bytes,
		    log_entry_fn fn, void *data, struct error *err)
{
	int r;

	lock_idle(w);
	r = log_store_read(w->log, from, to, max_bytes, fn, data, err);
	uv_mutex_unlock(&w->lock);
	return r;
}

struct log_writer_bounds log_writer_bounds(struct log_writer *w)
{
	struct log_writer_bounds bounds;

	lock_idle(w);
	bounds.first = log_store_first_index(w->log);
	bounds.last = log_store_last_index(w->log);
	bounds.hard_state = log_store_hard_state(w->log);
	uv_mutex_unlock(&w->lock);
	return bounds;
}
