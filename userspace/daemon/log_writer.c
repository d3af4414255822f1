// SPDX-License-Identifier: Apache-2.0
#include "daemon/log_writer.h"

#include <stdlib.h>

enum { STALL_MS = 50 };

/*
 * The request is memory of its own: when a write is forgotten, the pool's
 * completion still comes later, finds no writer, and frees it.
 */
struct write_request {
	uv_work_t work;
	struct log_writer *writer;	/* NULL: nobody waits any more */
	const struct log_batch *batch;	/* NULL: a snapshot is installed */
	uint64_t index, term;		/* of the snapshot */
	struct error err;
};

struct log_writer {
	uv_loop_t *loop;
	struct log_store *log;
	uv_mutex_t lock;	/* guards @log against the pool's thread */
	uv_cond_t idle;
	bool writing;		/* under @lock: the pool has, or will have, the log */
	struct write_request *request;	/* not NULL: busy */
	uint64_t began;			/* uv_now() */
	log_written_fn done;
	void *data;
};

struct log_writer *log_writer_new(uv_loop_t *loop, struct log_store *log)
{
	struct log_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->loop = loop;
	w->log = log;
	if (uv_mutex_init(&w->lock) < 0) {
		free(w);
		return NULL;
	}
	if (uv_cond_init(&w->idle) < 0) {
		uv_mutex_destroy(&w->lock);
		free(w);
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
	uv_mutex_unlock(&w->lock);
	if (w->request)
		w->request->writer = NULL;
	w->request = NULL;
}

void log_writer_free(struct log_writer *w)
{
	if (!w)
		return;
	log_writer_forget(w);
	uv_cond_destroy(&w->idle);
	uv_mutex_destroy(&w->lock);
	free(w);
}

bool log_writer_busy(const struct log_writer *w)
{
	return w->request;
}

bool log_writer_stalls(const struct log_writer *w)
{
	return w->request && uv_now(w->loop) - w->began > STALL_MS;
}

/* On a thread of the pool. */
static void write_batch(uv_work_t *work)
{
	struct write_request *request = (struct write_request *)work;
	struct log_writer *w = request->writer;

	if (request->batch)
		log_store_append(w->log, request->batch, &request->err);
	else
		log_store_install(w->log, request->index, request->term, &request->err);
	uv_mutex_lock(&w->lock);
	w->writing = false;
	uv_cond_signal(&w->idle);
	uv_mutex_unlock(&w->lock);
}

static void write_done(uv_work_t *work, int status)
{
	struct write_request *request = (struct write_request *)work;
	struct log_writer *w = request->writer;

	if (w) {
		w->request = NULL;
		w->done(w->data, &request->err);
	}
	free(request);
}

static int start(struct log_writer *w, const struct write_request *what, log_written_fn done,
		 void *data, struct error *err)
{
	struct write_request *request = calloc(1, sizeof(*request));

	if (!request)
		return error_set(err, ERR_MEMORY, "no memory to store a log batch");
	*request = *what;
	request->writer = w;
	w->request = request;
	w->began = uv_now(w->loop);
	w->done = done;
	w->data = data;
	w->writing = true;	/* no lock: the pool does not know of it yet */
	uv_queue_work(w->loop, &request->work, write_batch, write_done);
	return 0;
}

int log_writer_append(struct log_writer *w, const struct log_batch *batch, log_written_fn done,
		      void *data, struct error *err)
{
	return start(w, &(struct write_request){ .batch = batch }, done, data, err);
}

int log_writer_install(struct log_writer *w, uint64_t index, uint64_t term, log_written_fn done,
		       void *data, struct error *err)
{
	return start(w, &(struct write_request){ .index = index, .term = term }, done, data, err);
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
