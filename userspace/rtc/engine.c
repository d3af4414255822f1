// SPDX-License-Identifier: Apache-2.0
#include "rtc/engine.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib.h>

#include "base/buf.h"
#include "rtc/interfaces.h"
#include "rtc/sctp.h"
#include "rtc/session.h"
#include "rtc/watch.h"

enum { LEAVE_MS = 300 };	/* that servers have, at the end, to take their relays back */

enum command_kind {
	COMMAND_OPEN, COMMAND_REACH, COMMAND_RESTART, COMMAND_REOFFER, COMMAND_ANSWER, COMMAND_CANDIDATE, COMMAND_CONNECT,
	COMMAND_CLOSE,
};

struct command {
	struct command *next;
	enum command_kind kind;
	uint64_t session;
	union {
		struct {
			struct channel_service service;
			struct sdp offer;	/* of COMMAND_REACH and COMMAND_REOFFER */
			struct ice_servers servers;
		} open;
		struct sdp answer;
		int fd;			/* owned; -1: taken */
		struct candidate candidate;
	};
};

struct event {
	struct event *next;
	struct engine_event event;
};

struct member {
	struct member *next;
	struct engine *engine;
	uint64_t number;
	struct session *session;	/* NULL: not begun, or it could not */
	bool over;			/* told; freed at the end of the turn */
};

struct engine {
	struct engine_config config;
	struct dtls_identity *identity;
	GMainContext *context;
	struct timer *wakeup, *tick, *reap;
	struct interfaces *interfaces;
	struct member *members;
	int64_t ticked;			/* µs */
	pthread_t thread;
	bool running;

	pthread_mutex_t lock;		/* of what follows, which both threads use */
	struct command *commands, **commands_end;
	unsigned int command_count;
	struct event *events, **events_end;
	uint64_t last_number;
	struct engine_counts counts;
	bool stopping;
};

/* ---- events, from the engine's thread ---- */

static void tell(struct member *m, enum engine_event_kind kind, char *text,
		 const struct error *error)
{
	struct engine *e = m->engine;
	struct event *event = calloc(1, sizeof(*event));

	/* Without memory the owner hears nothing, and its own deadline ends what it waits for. */
	if (!event) {
		free(text);
		return;
	}
	event->event = (struct engine_event){ .kind = kind, .session = m->number, .text = text };
	if (error)
		event->event.error = *error;
	pthread_mutex_lock(&e->lock);
	*e->events_end = event;
	e->events_end = &event->next;
	pthread_mutex_unlock(&e->lock);
	e->config.notify(e->config.user);
}

static void on_described(char *json, void *ctx)
{
	tell(ctx, ENGINE_DESCRIPTION, json, NULL);
}

static void on_candidate(const struct candidate *c, void *ctx)
{
	char text[CANDIDATE_TEXT_MAX];

	tell(ctx, ENGINE_CANDIDATE, strdup(candidate_format(c, text)), NULL);
}

static void on_connected(const char *path, void *ctx)
{
	tell(ctx, ENGINE_CONNECTED, strdup(path), NULL);
}

static void on_stale(const char *why, void *ctx)
{
	tell(ctx, ENGINE_STALE, strdup(why), NULL);
}

static void on_ended(const struct error *why, void *ctx)
{
	struct member *m = ctx;

	m->over = true;
	timer_set(m->engine->reap, 0);
	tell(m, ENGINE_ENDED, NULL, why);
}

static const struct session_ops session_ops = {
	.described = on_described,
	.candidate = on_candidate,
	.connected = on_connected,
	.stale = on_stale,
	.ended = on_ended,
};

/* ---- sessions ---- */

static struct member *lookup(struct engine *e, uint64_t number)
{
	struct member *m = e->members;

	while (m && m->number != number)
		m = m->next;
	return m && !m->over ? m : NULL;
}

static void count_all(struct engine *e)
{
	size_t connections = 0;

	for (const struct member *m = e->members; m; m = m->next)
		connections += m->session ? session_connections(m->session) : 0;
	pthread_mutex_lock(&e->lock);
	e->counts.connections = connections;
	pthread_mutex_unlock(&e->lock);
}

static void remove_member(struct engine *e, struct member **at)
{
	struct member *m = *at;

	*at = m->next;
	session_free(m->session);
	free(m);
	pthread_mutex_lock(&e->lock);
	e->counts.sessions--;
	pthread_mutex_unlock(&e->lock);
}

static void on_reap(void *ctx)
{
	struct engine *e = ctx;

	for (struct member **at = &e->members; *at;) {
		if ((*at)->over)
			remove_member(e, at);
		else
			at = &(*at)->next;
	}
	count_all(e);
}

static void on_tick(void *ctx)
{
	struct engine *e = ctx;
	int64_t passed = (g_get_monotonic_time() - e->ticked) / 1000;

	e->ticked += passed * 1000;
	sctp_stack_tick((unsigned int)passed);
	count_all(e);
	if (e->members)
		timer_set(e->tick, SCTP_TICK_MS);
}

static void on_addresses(void *ctx)
{
	struct engine *e = ctx;

	for (struct member *m = e->members; m; m = m->next) {
		if (m->session && !m->over)
			session_check_path(m->session);
	}
}

static void open_session(struct engine *e, const struct command *cmd)
{
	struct session_config config = {
		.ice = e->config.ice,
		.identity = e->identity,
		.service = cmd->open.service,
		.offer = cmd->kind == COMMAND_REACH ? &cmd->open.offer : NULL,
		.connections_max = e->config.connections_max,
		.answer_ms = e->config.answer_ms,
		.silence_ms = e->config.silence_ms,
	};
	struct member *m = calloc(1, sizeof(*m));
	struct error err = { 0 };

	if (!m) {
		pthread_mutex_lock(&e->lock);
		e->counts.sessions--;
		pthread_mutex_unlock(&e->lock);
		return;
	}
	config.ice.servers = cmd->open.servers;
	m->engine = e;
	m->number = cmd->session;
	m->next = e->members;
	e->members = m;
	if (session_new(&config, &session_ops, m, &m->session, &err) < 0)
		on_ended(&err, m);
	wipe(&config.ice.servers, sizeof(config.ice.servers));
	e->ticked = m->next ? e->ticked : g_get_monotonic_time();
	timer_set(e->tick, SCTP_TICK_MS);
}

static bool is_opening(const struct command *cmd)
{
	return cmd->kind == COMMAND_OPEN || cmd->kind == COMMAND_REACH;
}

static bool has_servers(const struct command *cmd)
{
	return is_opening(cmd) || cmd->kind == COMMAND_RESTART || cmd->kind == COMMAND_REOFFER;
}

static int take_fd(struct command *cmd)
{
	int fd = cmd->fd;

	cmd->fd = -1;
	return fd;
}

static void command_free(struct command *cmd)
{
	if (!cmd)
		return;
	if (cmd->kind == COMMAND_CONNECT && cmd->fd >= 0)
		close(cmd->fd);
	if (has_servers(cmd))
		wipe(&cmd->open.servers, sizeof(cmd->open.servers));
	free(cmd);
}

static void execute(struct engine *e, struct command *cmd)
{
	struct member *m = lookup(e, cmd->session);

	if (is_opening(cmd))
		open_session(e, cmd);
	else if (!m)
		return;
	else if (cmd->kind == COMMAND_RESTART)
		session_restart(m->session, &cmd->open.servers);
	else if (cmd->kind == COMMAND_REOFFER)
		session_reoffer(m->session, &cmd->open.offer, &cmd->open.servers);
	else if (cmd->kind == COMMAND_ANSWER)
		session_answer(m->session, &cmd->answer);
	else if (cmd->kind == COMMAND_CANDIDATE)
		session_candidate(m->session, &cmd->candidate);
	else if (cmd->kind == COMMAND_CONNECT)
		session_connect(m->session, take_fd(cmd));
	else
		m->over = true;
	timer_set(e->reap, 0);
}

static struct command *take_commands(struct engine *e)
{
	struct command *all;

	pthread_mutex_lock(&e->lock);
	all = e->commands;
	e->commands = NULL;
	e->commands_end = &e->commands;
	e->command_count = 0;
	pthread_mutex_unlock(&e->lock);
	return all;
}

static void on_wakeup(void *ctx)
{
	struct engine *e = ctx;
	struct command *cmd = take_commands(e);

	while (cmd) {
		struct command *next = cmd->next;

		execute(e, cmd);
		command_free(cmd);
		cmd = next;
	}
}

/* ---- the thread ---- */

static bool is_stopping(struct engine *e)
{
	bool stopping;

	pthread_mutex_lock(&e->lock);
	stopping = e->stopping;
	pthread_mutex_unlock(&e->lock);
	return stopping;
}

/* An agent that is removed lets its streams go in the context, later, and its relays when their server answers. */
static void leave(GMainContext *context)
{
	const gint64 end = g_get_monotonic_time() + LEAVE_MS * 1000;

	do {
		while (g_main_context_iteration(context, FALSE))
			;
		if (ice_is_leaving())
			g_usleep(1000);
	} while (ice_is_leaving() && g_get_monotonic_time() < end);
}

static void *run(void *arg)
{
	struct engine *e = arg;

	/* libnice's own asynchronous steps go to the default context of the thread. */
	g_main_context_push_thread_default(e->context);
	while (!is_stopping(e))
		g_main_context_iteration(e->context, TRUE);
	while (e->members)
		remove_member(e, &e->members);
	leave(e->context);
	g_main_context_pop_thread_default(e->context);
	return NULL;
}

static void set_defaults(struct engine_config *c)
{
	if (!c->sessions_max)
		c->sessions_max = ENGINE_SESSIONS_MAX;
	if (!c->connections_max)
		c->connections_max = ENGINE_CONNECTIONS_MAX;
	if (!c->answer_ms)
		c->answer_ms = ENGINE_ANSWER_MS;
	if (!c->silence_ms)
		c->silence_ms = ENGINE_SILENCE_MS;
}

static int start(struct engine *e, struct error *err)
{
	int r = sctp_stack_start(err);

	if (r < 0)
		return r;
	r = dtls_identity_new(&e->identity, err);
	e->context = g_main_context_new();
	e->config.ice.context = e->context;
	e->wakeup = timer_new(e->context, on_wakeup, e);
	e->tick = timer_new(e->context, on_tick, e);
	e->reap = timer_new(e->context, on_reap, e);
	if (r == 0)
		r = interfaces_watch(e->context, on_addresses, e, &e->interfaces, err);
	if (r == 0 && pthread_create(&e->thread, NULL, run, e) != 0)
		r = error_set(err, ERR_UNAVAILABLE, "no thread for WebRTC");
	e->running = r == 0;
	return r;
}

int engine_new(const struct engine_config *config, struct engine **ret, struct error *err)
{
	struct engine *e = calloc(1, sizeof(*e));
	int r;

	if (!e)
		return error_set(err, ERR_MEMORY, "no memory for WebRTC");
	e->config = *config;
	set_defaults(&e->config);
	pthread_mutex_init(&e->lock, NULL);
	e->commands_end = &e->commands;
	e->events_end = &e->events;
	r = start(e, err);
	if (r < 0)
		engine_free(e);
	else
		*ret = e;
	return r;
}

static void stop(struct engine *e)
{
	pthread_mutex_lock(&e->lock);
	e->stopping = true;
	pthread_mutex_unlock(&e->lock);
	g_main_context_wakeup(e->context);
	pthread_join(e->thread, NULL);
}

static void drop_queues(struct engine *e)
{
	struct engine_event event;
	struct command *next;

	for (struct command *cmd = e->commands; cmd; cmd = next) {
		next = cmd->next;
		command_free(cmd);
	}
	while (engine_next(e, &event))
		free(event.text);
}

void engine_free(struct engine *e)
{
	if (!e)
		return;
	if (e->running)
		stop(e);
	if (e->context) {
		timer_free(e->wakeup);
		timer_free(e->tick);
		timer_free(e->reap);
		interfaces_free(e->interfaces);
		g_main_context_unref(e->context);
		sctp_stack_stop();
	}
	dtls_identity_free(e->identity);
	drop_queues(e);
	pthread_mutex_destroy(&e->lock);
	free(e);
}

/* ---- the owner's side ---- */

static struct command *command_new(enum command_kind kind, uint64_t session, struct error *err)
{
	struct command *cmd = calloc(1, sizeof(*cmd));

	if (!cmd) {
		error_set(err, ERR_MEMORY, "no memory for WebRTC");
		return NULL;
	}
	cmd->kind = kind;
	cmd->session = session;
	return cmd;
}

/* Under the lock; takes it over. */
static void enqueue(struct engine *e, struct command *cmd)
{
	*e->commands_end = cmd;
	e->commands_end = &cmd->next;
	e->command_count++;
	timer_set(e->wakeup, 0);
}

/* Takes it over. */
static int add_session(struct engine *e, struct command *cmd, uint64_t *ret_session,
		       struct error *err)
{
	bool full;

	pthread_mutex_lock(&e->lock);
	full = e->counts.sessions >= e->config.sessions_max;
	if (!full) {
		e->counts.sessions++;
		cmd->session = ++e->last_number;
		*ret_session = cmd->session;
		enqueue(e, cmd);
	}
	pthread_mutex_unlock(&e->lock);
	if (!full)
		return 0;
	command_free(cmd);
	return error_set(err, ERR_EXHAUSTED, "%u WebRTC sessions are open, which is the limit",
			 e->config.sessions_max);
}

int engine_open(struct engine *e, const struct channel_service *service,
		const struct ice_servers *servers, uint64_t *ret_session, struct error *err)
{
	struct command *cmd = command_new(COMMAND_OPEN, 0, err);

	if (!cmd)
		return -ERR_MEMORY;
	cmd->open.service = *service;
	cmd->open.servers = servers ? *servers : e->config.ice.servers;
	return add_session(e, cmd, ret_session, err);
}

int engine_reach(struct engine *e, const char *offer, bool udp, const struct ice_servers *servers,
		 uint64_t *ret_session, struct error *err)
{
	struct command *cmd = command_new(COMMAND_REACH, 0, err);
	int r = cmd ? sdp_parse_json(offer, SDP_OFFER, &cmd->open.offer, err) : -ERR_MEMORY;

	if (r < 0) {
		free(cmd);
		return r;
	}
	cmd->open.service.udp = udp;
	cmd->open.servers = servers ? *servers : e->config.ice.servers;
	return add_session(e, cmd, ret_session, err);
}

/* Takes it over. */
static int say(struct engine *e, struct command *cmd, struct error *err)
{
	bool full;

	pthread_mutex_lock(&e->lock);
	full = e->command_count >= ENGINE_COMMANDS_MAX && cmd->kind != COMMAND_CLOSE;
	if (!full)
		enqueue(e, cmd);
	pthread_mutex_unlock(&e->lock);
	if (!full)
		return 0;
	command_free(cmd);
	return error_set(err, ERR_EXHAUSTED, "WebRTC has more to do than it can");
}

int engine_restart(struct engine *e, uint64_t session, const struct ice_servers *servers,
		   struct error *err)
{
	struct command *cmd = command_new(COMMAND_RESTART, session, err);

	if (!cmd)
		return -ERR_MEMORY;
	cmd->open.servers = *servers;
	return say(e, cmd, err);
}

int engine_reoffer(struct engine *e, uint64_t session, const char *offer,
		   const struct ice_servers *servers, struct error *err)
{
	struct command *cmd = command_new(COMMAND_REOFFER, session, err);
	int r = cmd ? sdp_parse_json(offer, SDP_OFFER, &cmd->open.offer, err) : -ERR_MEMORY;

	if (r < 0) {
		free(cmd);
		return r;
	}
	cmd->open.servers = *servers;
	return say(e, cmd, err);
}

int engine_answer(struct engine *e, uint64_t session, const char *json, struct error *err)
{
	struct command *cmd = command_new(COMMAND_ANSWER, session, err);
	int r = cmd ? sdp_parse_json(json, SDP_ANSWER, &cmd->answer, err) : -ERR_MEMORY;

	if (r == 0)
		return say(e, cmd, err);
	free(cmd);
	return r;
}

int engine_candidate(struct engine *e, uint64_t session, const char *text, struct error *err)
{
	struct command *cmd = command_new(COMMAND_CANDIDATE, session, err);
	int r = cmd ? candidate_parse(text, &cmd->candidate, err) : -ERR_MEMORY;

	if (r == 0)
		return say(e, cmd, err);
	free(cmd);
	return r == -ERR_UNSUPPORTED ? 0 : r;
}

void engine_connect(struct engine *e, uint64_t session, int fd)
{
	struct command *cmd = command_new(COMMAND_CONNECT, session, NULL);

	if (!cmd) {
		close(fd);
		return;
	}
	cmd->fd = fd;
	say(e, cmd, NULL);
}

void engine_close(struct engine *e, uint64_t session)
{
	struct command *cmd = command_new(COMMAND_CLOSE, session, NULL);

	/* Without memory it ends when its peer does. */
	if (cmd)
		say(e, cmd, NULL);
}

bool engine_next(struct engine *e, struct engine_event *ret)
{
	struct event *event;

	pthread_mutex_lock(&e->lock);
	event = e->events;
	if (event) {
		e->events = event->next;
		if (!e->events)
			e->events_end = &e->events;
	}
	pthread_mutex_unlock(&e->lock);
	if (!event)
		return false;
	*ret = event->event;
	free(event);
	return true;
}

struct engine_counts engine_counts(struct engine *e)
{
	struct engine_counts counts;

	pthread_mutex_lock(&e->lock);
	counts = e->counts;
	pthread_mutex_unlock(&e->lock);
	return counts;
}
