// SPDX-License-Identifier: Apache-2.0
#include "daemon/negotiation.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/api.h"
#include "daemon/channel_policy.h"
#include "daemon/channels.h"
#include "daemon/negotiation_relay.h"
#include "daemon/turn.h"
#include "model/stun_list.h"

/* What is waited for, by the deadline; or what is, and may be for ever. */
enum stage { ASKING, OFFERING, ANSWERING, CONNECTING, CONNECTED, RELAYED, OVER };

static const struct {
	const char *name;
	unsigned int ms;	/* 0: for ever */
} stages[] = {
	[ASKING] = { "asking", NEGOTIATION_SILENCE_MS },
	[OFFERING] = { "offering", NEGOTIATION_OFFER_MS },
	[ANSWERING] = { "answering", NEGOTIATION_SILENCE_MS },
	[CONNECTING] = { "connecting", NEGOTIATION_CONNECT_MS },
	[CONNECTED] = { "connected", 0 },
	[RELAYED] = { "relayed", 0 },	/* the node that dials sees to all the rest */
	[OVER] = { "over", 0 },
};

struct negotiation {
	struct negotiation *next;
	struct daemon *daemon;
	struct rpc_call *call;
	const struct negotiation_words *words;
	enum stage stage;
	uint64_t deadline;		/* uv_now() */
	struct channel_service service;
	char what[API_OBJECT_MAX];	/* the service, and where, for the log */
	struct stun_list stun;
	struct turn_server relay;	/* of TURN */
	bool own_relay;			/* it is this node's, if any */
	uint64_t session;		/* of the engine; 0: none */
	struct negotiation_relay *onward;	/* to the node that dials; NULL: none */
	unsigned int candidates;	/* of the client's */
	uint64_t restarted;		/* uv_now(): of the last new offer */
	bool wants_restart;		/* when it is time for one */
};

static void enter(struct negotiation *n, enum stage stage)
{
	unsigned int ms = stages[stage].ms;

	n->stage = stage;
	n->deadline = ms ? uv_now(&n->daemon->loop) + ms : UINT64_MAX;
}

/* ---- the end ---- */

static void close_other_end(struct negotiation *n)
{
	if (n->session)
		engine_close(channels_engine(n->daemon->channels), n->session);
	n->session = 0;
	negotiation_relay_stop(n->onward);
	n->onward = NULL;
}

/* The client may be slow to hear of it: what the other end holds is let go at once. */
static void end(struct negotiation *n, const struct error *why)
{
	enum stage was = n->stage;

	if (was == OVER)
		return;
	if (was <= OFFERING)
		api_audit(n->call, "data-channel", n->what, why);
	else
		log_info("data-channel-ended", "to=\"%s\" was=%s reason=\"%s\"",
			 log_text(n->what), stages[was].name, log_text(why->text));
	enter(n, OVER);
	close_other_end(n);
	if (why->kind == ERR_NONE)
		rpc_finish(n->call);
	else
		rpc_fail(n->call, why);
}

static void end_with(struct negotiation *n, enum error_kind kind, const char *text)
{
	struct error why = { 0 };

	error_set(&why, kind, "%s", text);
	end(n, &why);
}

static void on_gone(struct rpc_call *call, bool cancelled, void *ctx)
{
	struct negotiation *n = ctx, **at = &n->daemon->negotiations;

	end_with(n, ERR_UNAVAILABLE, "the client has gone");
	while (*at != n)
		at = &(*at)->next;
	*at = n->next;
	wipe(&n->relay, sizeof(n->relay));
	free(n);
}

/* ---- a new offer ---- */

/* What the client is told of STUN and TURN servers, and another node is; whoever has it wipes it. */
struct server_urls {
	char texts[STUN_SERVERS_MAX][STUN_URL_MAX], relay[TURN_URL_MAX];
	char *list[STUN_SERVERS_MAX + 1];
	size_t count;
};

static char **list_servers(const struct negotiation *n, struct server_urls *out)
{
	out->count = 0;
	for (unsigned int i = 0; i < n->stun.count; i++)
		out->list[out->count++] = stun_url_format(&n->stun.items[i], out->texts[i]);
	if (*n->relay.user)
		out->list[out->count++] = turn_server_format(&n->relay, out->relay);
	return out->list;
}

static bool has_relay(const struct negotiation *n)
{
	return *n->relay.user;
}

/* Those of TURN hold some minutes, and the client's may be another server's. */
static int renew_servers(struct negotiation *n, struct error *err)
{
	return n->own_relay ? turn_login(n->daemon->turn, &n->relay, err) : 0;
}

static int restart_here(struct negotiation *n, struct error *err)
{
	struct ice_servers servers = { n->stun.items[0], n->relay };
	int r = engine_restart(channels_engine(n->daemon->channels), n->session, &servers, err);

	wipe(&servers, sizeof(servers));
	return r;
}

static int restart_there(struct negotiation *n, struct error *err)
{
	struct negotiation_relay_ask ask = { .service = &n->service };
	struct server_urls urls;
	int r;

	ask.stun = list_servers(n, &urls);
	ask.stun_count = urls.count;
	r = negotiation_relay_ask_again(n->onward, n->call, &ask, err);
	wipe(&urls, sizeof(urls));
	return r;
}

/* What cannot be now is wanted again, by whoever finds that the path is still dead. */
static void restart_in_time(struct negotiation *n)
{
	struct error err = { 0 };
	int r;

	if (n->stage != CONNECTED && n->stage != RELAYED)
		n->wants_restart = false;
	if (!n->wants_restart ||
	    uv_now(&n->daemon->loop) - n->restarted < NEGOTIATION_RESTART_MS)
		return;
	n->wants_restart = false;
	n->restarted = uv_now(&n->daemon->loop);
	n->candidates = 0;
	r = renew_servers(n, &err);
	if (r == 0)
		r = n->onward ? restart_there(n, &err) : restart_here(n, &err);
	if (r < 0)
		log_warn("data-channel-restart-failed", "to=\"%s\" reason=\"%s\"",
			 log_text(n->what), log_text(err.text));
}

/* ---- what the other end tells ---- */

static void tell(struct negotiation *n, const struct negotiation_said *said)
{
	struct error err = { 0 };

	if (n->words->tell(n->call, said, &err) < 0)
		end(n, &err);
}

static void tell_offer(struct negotiation *n, const struct negotiation_said *said)
{
	api_audit(n->call, "data-channel", n->what, &(struct error){ 0 });
	enter(n, ANSWERING);
	tell(n, said);
}

/* The first, or the one of a restart, which changes nothing while it is not answered. */
static void on_offer(struct negotiation *n, const char *offer)
{
	struct server_urls urls;
	struct negotiation_said said = { .offer = offer, .candidate = "" };

	said.stun = list_servers(n, &urls);
	said.stun_count = urls.count;
	if (n->stage == OFFERING)
		tell_offer(n, &said);
	else
		tell(n, &said);
	wipe(&urls, sizeof(urls));
}

static void on_connected(struct negotiation *n, const char *path)
{
	log_info(n->stage == CONNECTED ? "data-channel-path" : "data-channel-connected",
		 "to=\"%s\" path=\"%s\"", log_text(n->what), log_text(path));
	enter(n, CONNECTED);
}

static void on_stale(struct negotiation *n, const char *why)
{
	log_info("data-channel-restart", "to=\"%s\" reason=\"%s\"", log_text(n->what),
		 log_text(why));
	n->wants_restart = true;
	restart_in_time(n);
}

static void on_event(const struct engine_event *event, void *user)
{
	struct daemon *d = user;
	struct negotiation *n = d->negotiations;

	while (n && n->session != event->session)
		n = n->next;
	if (!n)
		return;
	switch (event->kind) {
	case ENGINE_DESCRIPTION:
		on_offer(n, event->text);
		break;
	case ENGINE_CANDIDATE:
		tell(n, &(struct negotiation_said){ .offer = "", .candidate = event->text });
		break;
	case ENGINE_CONNECTED:
		on_connected(n, event->text);
		break;
	case ENGINE_STALE:
		on_stale(n, event->text);
		break;
	case ENGINE_ENDED:
		n->session = 0;
		end(n, &event->error);
	}
}

static void on_told(const struct negotiation_said *said, void *ctx)
{
	struct negotiation *n = ctx;

	if (n->stage == OFFERING && *said->offer)
		tell_offer(n, said);
	else
		tell(n, said);
}

static void on_relay_ended(const struct error *why, void *ctx)
{
	struct negotiation *n = ctx;

	n->onward = NULL;
	end(n, why);
}

/* ---- the request ---- */

static int start_engine(struct daemon *d, struct error *err)
{
	return d->channels ? 0 : channels_new(&d->loop, d->settings.device, on_event, d,
					      &d->channels, err);
}

static int open_session(struct negotiation *n, struct error *err)
{
	struct daemon *d = n->daemon;
	struct ice_servers servers = { n->stun.items[0], n->relay };
	int r = channel_policy_check(d, &n->service, err);

	if (r == 0)
		r = start_engine(d, err);
	if (r == 0)
		r = engine_open(channels_engine(d->channels), &n->service, &servers, &n->session,
				err);
	wipe(&servers, sizeof(servers));
	return r;
}

/* Those that are named; what of them is no address, or too many, is passed over. */
static void choose_named(struct negotiation *n, const struct negotiation_ask *ask)
{
	for (size_t i = 0; i < ask->stun_count && i <= STUN_SERVERS_MAX; i++) {
		if (stun_list_add(&n->stun, ask->stun[i], NULL) < 0 && !has_relay(n))
			turn_server_parse(ask->stun[i], &n->relay, NULL);
	}
	if (!has_relay(n))
		n->relay = (struct turn_server){ 0 };
}

static int choose_servers(struct negotiation *n, const struct negotiation_ask *ask,
			  struct error *err)
{
	choose_named(n, ask);
	if (n->stun.count || has_relay(n))
		return 0;
	n->stun = n->daemon->settings.stun_servers;
	n->own_relay = true;
	return turn_login(n->daemon->turn, &n->relay, err);
}

static bool is_here(const struct negotiation *n, const struct negotiation_ask *ask)
{
	return !*ask->node_id || strcmp(ask->node_id, n->daemon->settings.id) == 0;
}

static void describe(const struct channel_service *wanted, const struct negotiation_ask *ask,
		     bool here, char out[API_OBJECT_MAX])
{
	char service[CHANNEL_SERVICE_MAX];
	const char *more = here ? ask->src : ask->node_id;

	snprintf(out, API_OBJECT_MAX, "%s%s%.64s", channel_service_format(wanted, service),
		 !*more ? "" : here ? " for " : " of ", more);
}

static int open_relay(struct negotiation *n, const char *node_id, struct error *err)
{
	static const struct negotiation_relay_ops ops = { on_told, on_relay_ended };
	struct server_urls urls;
	struct negotiation_relay_ask ask = { .node_id = node_id, .service = &n->service };
	int r;

	ask.stun = list_servers(n, &urls);
	ask.stun_count = urls.count;
	r = negotiation_relay_start(n->daemon, n->call, &ask, &ops, n, &n->onward, err);
	wipe(&urls, sizeof(urls));
	return r;
}

static int begin(struct negotiation *n, const ProtobufCMessage *msg, struct error *err)
{
	struct negotiation_ask ask = { .node_id = "", .src = "" };
	bool here;
	int r = n->words->asked(msg, &ask, err);

	if (r == 0)
		r = channel_service_parse(ask.proto, ask.dst, ask.port, &n->service, err);
	if (r < 0)
		return r;
	here = is_here(n, &ask);
	describe(&n->service, &ask, here, n->what);
	r = choose_servers(n, &ask, err);
	if (r < 0)
		return r;
	enter(n, OFFERING);
	return here ? open_session(n, err) : open_relay(n, ask.node_id, err);
}

/* ---- what the client says ---- */

/* The text of the engine's error has what is wrong; what it should be is added. */
static int say_answer(struct negotiation *n, const char *answer, struct error *err)
{
	struct error why = { 0 };
	int r = engine_answer(channels_engine(n->daemon->channels), n->session, answer, &why);

	if (r == -ERR_INVALID)
		return error_set(err, ERR_INVALID,
				 "answer: %.200s: send what createAnswer() gives, as JSON: "
				 "{\"type\":\"answer\",\"sdp\":\"...\"}", why.text);
	if (r < 0)
		return error_set(err, why.kind, "%s", why.text);
	if (n->stage == ANSWERING)
		enter(n, CONNECTING);
	return 0;
}

static int say_candidate(struct negotiation *n, const char *candidate, struct error *err)
{
	struct error why = { 0 };
	int r = engine_candidate(channels_engine(n->daemon->channels), n->session, candidate, &why);

	if (r == -ERR_INVALID)
		return error_set(err, ERR_INVALID,
				 "candidate: %.200s: send the bare attribute, as in "
				 "\"candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host\"",
				 why.text);
	return r < 0 ? error_set(err, why.kind, "%s", why.text) : 0;
}

static int say_here(struct negotiation *n, const struct negotiation_said *said, struct error *err)
{
	int r = *said->answer ? say_answer(n, said->answer, err) : 0;

	return r == 0 && *said->candidate ? say_candidate(n, said->candidate, err) : r;
}

static int say_there(struct negotiation *n, const struct negotiation_said *said, struct error *err)
{
	int r = negotiation_relay_say(n->onward, said, err);

	if (r == 0 && *said->answer && n->stage == ANSWERING)
		enter(n, RELAYED);
	return r;
}

static int say(struct negotiation *n, const struct negotiation_said *said, struct error *err)
{
	int r;

	n->candidates += *said->candidate != 0;
	if (n->candidates > NEGOTIATION_CANDIDATES_MAX)
		return error_set(err, ERR_EXHAUSTED, "candidate: more than %d",
				 NEGOTIATION_CANDIDATES_MAX);
	r = n->onward ? say_there(n, said, err) : say_here(n, said, err);
	if (r == 0 && n->stage == ANSWERING)
		enter(n, ANSWERING);
	return r;
}

static int ask_again(struct negotiation *n, const ProtobufCMessage *msg, struct error *err)
{
	struct negotiation_ask ask = { .node_id = "", .src = "" };
	struct channel_service service;
	char what[API_OBJECT_MAX];
	int r = n->words->asked(msg, &ask, err);

	if (r == 0)
		r = channel_service_parse(ask.proto, ask.dst, ask.port, &service, err);
	if (r < 0)
		return r;
	describe(&service, &ask, is_here(n, &ask), what);
	if (strcmp(what, n->what) != 0)
		return error_set(err, ERR_INVALID,
				 "this stream has a data channel to %s: open one more for %s",
				 n->what, what);
	if (ask.stun_count) {
		n->stun.count = 0;
		n->relay = (struct turn_server){ 0 };
		choose_named(n, &ask);
	}
	n->wants_restart = true;
	restart_in_time(n);
	return 0;
}

static int take(struct negotiation *n, const ProtobufCMessage *msg, struct error *err)
{
	struct negotiation_said said = { .answer = "", .candidate = "" };

	if (n->stage == ASKING)
		return begin(n, msg, err);
	return n->words->said(msg, &said) ? say(n, &said, err) : ask_again(n, msg, err);
}

static void on_message(struct rpc_call *call, const ProtobufCMessage *msg, void *ctx)
{
	struct negotiation *n = ctx;
	struct error err = { 0 };

	if (n->stage == OVER)
		return;
	if (!msg) {
		if (n->stage <= ANSWERING)
			end_with(n, ERR_INVALID, n->stage == ASKING ? "nothing was asked for"
						 : "the stream has ended before the answer");
		return;
	}
	if (take(n, msg, &err) < 0)
		end(n, &err);
	else
		rpc_call_read(call);
}

/* ---- the beginning ---- */

static bool is_same(const struct rpc_identity *a, const struct rpc_identity *b)
{
	return a->kind == b->kind && strcmp(a->id, b->id) == 0;
}

static size_t count(const struct daemon *d)
{
	size_t n_all = 0;

	for (const struct negotiation *n = d->negotiations; n; n = n->next)
		n_all++;
	return n_all;
}

static int check_room(const struct daemon *d, const struct rpc_call *call, struct error *err)
{
	const struct rpc_identity *who = rpc_call_identity(call);
	unsigned int of_one = 0;

	for (const struct negotiation *n = d->negotiations; n; n = n->next)
		of_one += is_same(rpc_call_identity(n->call), who);
	if (of_one >= NEGOTIATIONS_OF_ONE_MAX)
		return error_set(err, ERR_EXHAUSTED,
				 "%s has %u data channels at %s, which is the most: close one",
				 who->id, of_one, d->settings.id);
	if (count(d) >= NEGOTIATIONS_MAX)
		return error_set(err, ERR_EXHAUSTED,
				 "%s has %d data channels, which is the most: ask another node",
				 d->settings.id, NEGOTIATIONS_MAX);
	return 0;
}

static int add(struct daemon *d, struct rpc_call *call, const struct negotiation_words *words,
	       struct error *err)
{
	static const struct rpc_call_ops ops = { .message = on_message, .gone = on_gone };
	struct negotiation *n = calloc(1, sizeof(*n));

	if (!n)
		return error_set(err, ERR_MEMORY, "no memory for a data channel");
	*n = (struct negotiation){ .next = d->negotiations, .daemon = d, .call = call,
				   .words = words, .what = "nothing yet" };
	d->negotiations = n;
	enter(n, ASKING);
	rpc_call_set_ops(call, &ops, n);
	rpc_call_read(call);
	return 0;
}

void negotiation_start(struct daemon *d, struct rpc_call *call,
		       const struct negotiation_words *words)
{
	struct error err = { 0 };
	int r = channel_policy_check_on(d, &err);

	if (r == 0)
		r = check_room(d, call, &err);
	if (r == 0)
		r = add(d, call, words, &err);
	if (r == 0)
		return;
	api_audit(call, "data-channel", "nothing yet", &err);
	rpc_fail(call, &err);
}

/* ---- all of them ---- */

static void end_late(struct negotiation *n)
{
	switch (n->stage) {
	case ASKING:
		end_with(n, ERR_DEADLINE, "nothing was asked for in 10 s");
		break;
	case OFFERING:
		end_with(n, ERR_UNAVAILABLE, "no offer was made in 10 s: try again");
		break;
	case ANSWERING:
		end_with(n, ERR_DEADLINE, "neither answer nor candidate was sent in 10 s");
		break;
	default:
		end_with(n, ERR_DEADLINE, "the data channel could not be connected in time");
	}
}

void negotiations_advance(struct daemon *d)
{
	struct negotiation *next;

	for (struct negotiation *n = d->negotiations; n; n = next) {
		next = n->next;
		restart_in_time(n);
		if (uv_now(&d->loop) >= n->deadline)
			end_late(n);
	}
}

void negotiations_review(struct daemon *d)
{
	struct negotiation *next;
	struct error err = { 0 };

	for (struct negotiation *n = d->negotiations; n; n = next) {
		next = n->next;
		if ((n->session ? channel_policy_check(d, &n->service, &err)
				: channel_policy_check_on(d, &err)) < 0)
			end(n, &err);
	}
}

void negotiations_removed(struct daemon *d, const char *node_id)
{
	const struct rpc_identity node = { .kind = RPC_IDENTITY_NODE };
	struct rpc_identity gone = node;
	struct negotiation *next;

	snprintf(gone.id, sizeof(gone.id), "%s", node_id);
	for (struct negotiation *n = d->negotiations; n; n = next) {
		next = n->next;
		if (is_same(rpc_call_identity(n->call), &gone))
			end_with(n, ERR_DENIED, "the node was taken out of the mesh");
	}
}

void negotiations_end(struct daemon *d)
{
	struct negotiation *next;

	for (struct negotiation *n = d->negotiations; n; n = next) {
		next = n->next;
		end_with(n, ERR_UNAVAILABLE, "the node stops: ask another, or it again later");
	}
}
