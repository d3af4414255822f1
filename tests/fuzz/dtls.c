// SPDX-License-Identifier: Apache-2.0
/* crypto: DTLS, as somebody on the way changes it: what is read is what was written, or nothing. */
#include "crypto/dtls.h"

#include "wire.h"

enum { TURNS_MAX = 400, EXPIRIES_MAX = 3, WRITES = 4 };

static const char text[] = "what has been written";

struct end {
	struct wire *wire;
	unsigned int number;
	struct dtls *dtls;
	bool over;
};

static struct dtls_identity *identity;

static void on_send(const void *datagram, size_t len, void *ctx)
{
	struct end *e = ctx;

	must(len <= DTLS_DATAGRAM_MAX);
	wire_put(e->wire, !e->number, datagram, len);
}

static void begin(struct end *e, struct wire *w, unsigned int number)
{
	struct dtls_config config = { .identity = identity, .send = on_send, .ctx = e,
				      .side = number ? DTLS_SERVER : DTLS_CLIENT };

	*e = (struct end){ .wire = w, .number = number };
	memcpy(config.peer, dtls_identity_fingerprint(identity), sizeof(config.peer));
	must(dtls_new(&config, &e->dtls, NULL) == 0);
	must(dtls_start(e->dtls, NULL) == 0);
}

static void take(struct end *e, const struct datagram *d)
{
	static uint8_t plain[DTLS_PLAIN_MAX];
	uint8_t *copy = fuzz_copy(d->data, d->len);
	size_t len = 1;

	if (!e->over && dtls_is_record(copy, d->len)) {
		dtls_feed(e->dtls, copy, d->len);
		while (!e->over && len) {
			e->over = dtls_read(e->dtls, plain, sizeof(plain), &len, NULL) < 0;
			must(e->over || len == 0 || len == sizeof(text));
			must(e->over || len == 0 || memcmp(plain, text, len) == 0);
		}
	}
	free(copy);
}

static void run(struct wire *w, struct end ends[2])
{
	static struct datagram d;
	unsigned int written = 0, expired = 0;
	bool lost;

	for (unsigned int i = 0; i < TURNS_MAX; i++) {
		if (wire_take(w, 13, &d, &lost)) {
			if (!lost)
				take(&ends[d.to], &d);
		} else if (dtls_established(ends[0].dtls) && dtls_established(ends[1].dtls) &&
			   written < WRITES && !ends[written % 2].over) {
			dtls_write(ends[written++ % 2].dtls, text, sizeof(text), NULL);
		} else if (expired++ >= EXPIRIES_MAX) {
			return;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct wire w;
	struct end ends[2];

	if (!identity)
		must(dtls_identity_new(&identity, NULL) == 0);
	w.script = data;
	w.left = size;
	w.first = w.count = 0;
	w.touched = false;
	begin(&ends[0], &w, 0);
	begin(&ends[1], &w, 1);
	run(&w, ends);
	must(w.touched || (dtls_established(ends[0].dtls) && dtls_established(ends[1].dtls)));
	for (int i = 0; i < 2; i++) {
		dtls_close(ends[i].dtls);
		dtls_free(ends[i].dtls);
	}
	return 0;
}
