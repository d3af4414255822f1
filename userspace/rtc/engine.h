/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All sessions of this process, on a thread of their own: what they carry never
 * passes the owner's loop.  Sessions are numbers here; one that is over is
 * not found, and what is said to it is dropped.  The functions are for one
 * thread, the owner's; `notify` comes from the engine's.
 */
#ifndef WGMESH_RTC_ENGINE_H
#define WGMESH_RTC_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "rtc/connection.h"
#include "rtc/ice.h"

enum {
	ENGINE_SESSIONS_MAX = 64,
	ENGINE_CONNECTIONS_MAX = 256,	/* of one session */
	ENGINE_ANSWER_MS = 60 * 1000,
	ENGINE_SILENCE_MS = 20 * 1000,
	ENGINE_COMMANDS_MAX = 1024,	/* that the engine has not taken yet */
};

struct engine_config {
	struct ice_config ice;		/* context: the engine sets it */
	/* 0 stands for the values above. */
	unsigned int sessions_max, connections_max, answer_ms, silence_ms;
	/* There is something for engine_next(); any number of events may be told by one call. */
	void (*notify)(void *user);
	void *user;
};

enum engine_event_kind {
	/* text: {"type":"offer","sdp":"…"}, or "answer" of engine_reach(); first, and at restarts */
	ENGINE_DESCRIPTION,
	ENGINE_CANDIDATE,	/* text: "candidate:…" */
	ENGINE_CONNECTED,	/* text: the path, as ice_path(); again with each new one */
	ENGINE_STALE,		/* text: why a restart is due; again while none has come of it */
	ENGINE_ENDED,		/* error: why, ERR_NONE: the peer has closed it; last */
};

struct engine_event {
	enum engine_event_kind kind;
	uint64_t session;
	char *text;		/* for free(), may be NULL */
	struct error error;
};

struct engine_counts {
	size_t sessions, connections;	/* that hold resources now */
};

struct engine;

/* ERR_PRECONDITION: there is one in this process. */
int engine_new(const struct engine_config *config, struct engine **ret, struct error *err);
/* Ends all sessions and the thread; waits for it, some milliseconds. */
void engine_free(struct engine *e);

/*
 * @servers: NULL stands for those of the configuration.  ERR_EXHAUSTED: too many sessions.  The
 * offer and all that follows come as events.
 */
int engine_open(struct engine *e, const struct channel_service *service,
		const struct ice_servers *servers, uint64_t *ret_session, struct error *err);
/*
 * The other way: a service of the peer's is reached, by UDP or TCP, which has made @offer (JSON).
 * ERR_INVALID: it is none; ERR_EXHAUSTED.
 */
int engine_reach(struct engine *e, const char *offer, bool udp, const struct ice_servers *servers,
		 uint64_t *ret_session, struct error *err);
/*
 * Opens a connection of such a session, once it is connected, for @fd: a socket that is connected,
 * whose bytes are a stream with TCP and datagrams with UDP.  It is taken in any case, and closed when there is no room or no session.
 */
void engine_connect(struct engine *e, uint64_t session, int fd);
/* The peer's answer, and candidates before or after it.  ERR_INVALID: it cannot be one. */
int engine_answer(struct engine *e, uint64_t session, const char *json, struct error *err);
int engine_candidate(struct engine *e, uint64_t session, const char *text, struct error *err);
/*
 * ICE anew, when ENGINE_STALE asks for it or the peer does: a new offer comes as event, to be
 * answered like the first; of a session that reaches it is the peer's new offer that begins it.
 * Connections go on.  What does not stand yet, or is over, hears nothing of it.
 */
int engine_restart(struct engine *e, uint64_t session, const struct ice_servers *servers,
		   struct error *err);
int engine_reoffer(struct engine *e, uint64_t session, const char *offer,
		   const struct ice_servers *servers, struct error *err);
/* No event follows that is not on its way already. */
void engine_close(struct engine *e, uint64_t session);

/* False: nothing is there.  The caller frees the text. */
bool engine_next(struct engine *e, struct engine_event *ret);

struct engine_counts engine_counts(struct engine *e);

#endif
