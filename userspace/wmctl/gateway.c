// SPDX-License-Identifier: Apache-2.0
/*
 * wmctl gateway [PORT [FOLDER]]: browsers on this machine, in the name of whoever runs it, until
 * SIGINT or SIGTERM.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/buf.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "web/gateway.h"
#include "wmctl/command.h"

#define USAGE "gateway [PORT [FOLDER]]"

enum { N_SIGNALS = 2, TOKEN_BYTES = 16, TOKEN_CHARS = 2 * TOKEN_BYTES };

struct door {
	uv_loop_t loop;
	uv_signal_t signals[N_SIGNALS];
	struct gateway *gateway;
	char token[TOKEN_CHARS + 1];
};

static void stopped(void *user)
{
	struct door *door = user;

	door->gateway = NULL;
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct door *door = handle->data;

	gateway_stop(door->gateway, stopped, door);
	for (int i = 0; i < N_SIGNALS; i++)
		uv_close((uv_handle_t *)&door->signals[i], NULL);
}

static void watch_signals(struct door *door)
{
	static const int numbers[N_SIGNALS] = { SIGINT, SIGTERM };

	for (int i = 0; i < N_SIGNALS; i++) {
		uv_signal_init(&door->loop, &door->signals[i]);
		door->signals[i].data = door;
		uv_signal_start(&door->signals[i], on_signal, numbers[i]);
	}
}

static int make_token(struct door *door, struct error *err)
{
	uint8_t token[TOKEN_BYTES];
	int r = random_bytes(token, sizeof(token), err);

	if (r == 0)
		hex_format(token, sizeof(token), door->token);
	wipe(token, sizeof(token));
	return r;
}

static int start(struct door *door, struct session *s, uint16_t port, const char *files,
		 struct error *err)
{
	struct gateway_config config = { .loop = &door->loop, .channel = s->channel,
					 .token = door->token, .files = files };
	int r = make_token(door, err);

	ip_parse("127.0.0.1", &config.address.ip);
	config.address.port = port;
	if (r == 0)
		r = gateway_start(&config, &door->gateway, err);
	if (r < 0)
		return r;
	watch_signals(door);
	printf("http://%s/#%s until Ctrl-C\n", gateway_host(door->gateway), door->token);
	fflush(stdout);
	return 0;
}

static int run(struct session *s, uint16_t port, const char *files, struct error *err)
{
	struct door door = { 0 };
	int r;

	signal(SIGPIPE, SIG_IGN);
	uv_loop_init(&door.loop);
	r = start(&door, s, port, files, err);
	uv_run(&door.loop, UV_RUN_DEFAULT);
	uv_loop_close(&door.loop);
	wipe(door.token, sizeof(door.token));
	return r;
}

static bool parse_port(const char *text, uint16_t *ret)
{
	char *end;
	unsigned long port = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || port > UINT16_MAX)
		return false;
	*ret = (uint16_t)port;
	return true;
}

int gateway_main(struct session *s, int argc, char **argv)
{
	struct error err = { 0 };
	uint16_t port = 0;

	if (argc > 3 || (argc > 1 && !parse_port(argv[1], &port)))
		return command_usage(USAGE);
	return run(s, port, argc > 2 ? argv[2] : GATEWAY_FILES, &err) < 0 ? command_fail(&err)
									 : EXIT_OK;
}
