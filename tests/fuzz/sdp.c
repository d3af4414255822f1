// SPDX-License-Identifier: Apache-2.0
/* rtc: descriptions of sessions and candidates, as a peer's stack writes them. */
#include "rtc/sdp.h"

#include "fuzz.h"

static void check_candidate(const struct candidate *c)
{
	char text[CANDIDATE_TEXT_MAX], again[CANDIDATE_TEXT_MAX];
	struct candidate back;

	must(c->priority && c->at.port && c->at.ip.family != AF_UNSPEC);
	must(candidate_parse(candidate_format(c, text), &back, NULL) == 0);
	must(strcmp(candidate_format(&back, again), text) == 0);
}

static void check(const struct sdp *s)
{
	struct sdp back;
	char *json = sdp_format_json(s, SDP_ANSWER);

	must(s->candidate_count <= SDP_CANDIDATES_MAX && *s->ufrag && *s->pwd && s->sctp_port);
	for (size_t i = 0; i < s->candidate_count; i++)
		check_candidate(&s->candidates[i]);
	must(json && sdp_parse_json(json, SDP_ANSWER, &back, NULL) == 0);
	must(strcmp(back.pwd, s->pwd) == 0 && back.candidate_count == s->candidate_count);
	free(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct candidate c;
	struct sdp s;

	if (sdp_parse(text, &s, NULL) == 0)
		check(&s);
	if (sdp_parse_json(text, SDP_ANSWER, &s, NULL) == 0)
		check(&s);
	if (candidate_parse(text, &c, NULL) == 0)
		check_candidate(&c);
	free(text);
	return 0;
}
