// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "../cmocka.h"
#include "rtc/sdp.h"

#define FINGERPRINT "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:" \
		    "10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F"
#define HEAD "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
#define MEDIA "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n"
#define ICE "a=ice-ufrag:Ab+/\r\na=ice-pwd:0123456789012345678901\r\n"
#define PRINT "a=fingerprint:sha-256 " FINGERPRINT "\r\n"
#define SETUP "a=setup:active\r\n"
#define CANDIDATE "a=candidate:1 1 udp 1 192.0.2.1 4000 typ host\r\n"

static void an_answer_is_read_whole(void **state)
{
	struct sdp s;

	assert_int_equal(sdp_parse(HEAD MEDIA "a=mid:data\r\n" ICE PRINT SETUP
				   "a=sctp-port:5001\r\na=max-message-size:1000\r\n" CANDIDATE, &s, NULL),
			 0);
	assert_string_equal(s.mid, "data");
	assert_string_equal(s.ufrag, "Ab+/");
	assert_string_equal(s.pwd, "0123456789012345678901");
	assert_int_equal(s.fingerprint[31], 0x1f);
	assert_int_equal(s.setup, SDP_ACTIVE);
	assert_int_equal(s.sctp_port, 5001);
	assert_int_equal(s.message_max, 1000);
	assert_int_equal(s.candidate_count, 1);
}

static void what_is_not_said_has_its_default(void **state)
{
	struct sdp s;

	/* Also of the session's level, with other ends of lines. */
	assert_int_equal(sdp_parse("v=0\n" ICE PRINT SETUP MEDIA, &s, NULL), 0);
	assert_int_equal(s.sctp_port, 5000);
	assert_int_equal(s.message_max, SDP_MESSAGE_SIZE_DEFAULT);
	assert_string_equal(s.mid, "0");
}

static void what_is_formatted_is_parsed_again(void **state)
{
	struct sdp s, back;
	char *json;

	assert_int_equal(sdp_parse(HEAD MEDIA ICE PRINT "a=setup:actpass\r\n" CANDIDATE, &s, NULL), 0);
	json = sdp_format_json(&s, SDP_OFFER);
	assert_non_null(json);
	assert_int_equal(sdp_parse_json(json, SDP_ANSWER, &back, NULL), -ERR_INVALID);
	assert_int_equal(sdp_parse_json(json, SDP_OFFER, &back, NULL), 0);
	assert_memory_equal(&s, &back, sizeof(s));
	free(json);
}

static void other_fingerprints_are_passed_over(void **state)
{
	struct sdp s;

	assert_int_equal(sdp_parse(HEAD MEDIA ICE "a=fingerprint:sha-1 00:01\r\n" PRINT SETUP, &s, NULL), 0);
	assert_int_equal(sdp_parse(HEAD MEDIA ICE "a=fingerprint:sha-1 00:01\r\n" SETUP, &s, NULL),
			 -ERR_INVALID);
}

static void candidates_of_no_use_are_passed_over(void **state)
{
	struct sdp s;

	assert_int_equal(sdp_parse(HEAD MEDIA ICE PRINT SETUP
				   "a=candidate:1 1 udp 1 0b3f6a1e.local 4000 typ host\r\n", &s, NULL), 0);
	assert_int_equal(s.candidate_count, 0);
}

static void candidates_beyond_the_bound_are_dropped(void **state)
{
	char text[SDP_TEXT_MAX] = HEAD MEDIA ICE PRINT SETUP;
	struct sdp s;

	for (int i = 0; i < SDP_CANDIDATES_MAX + 5; i++)
		strcat(text, CANDIDATE);
	assert_int_equal(sdp_parse(text, &s, NULL), 0);
	assert_int_equal(s.candidate_count, SDP_CANDIDATES_MAX);
}

static void what_is_wrong_is_invalid_and_named(void **state)
{
	static const struct {
		const char *text, *named;
	} cases[] = {
		{ "", "v=0" },
		{ HEAD ICE PRINT SETUP, "no section" },
		{ HEAD MEDIA MEDIA ICE PRINT SETUP, "more than one section" },
		{ HEAD "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n" ICE PRINT SETUP, "not a section" },
		{ HEAD "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n" ICE PRINT SETUP, "declined" },
		{ HEAD MEDIA PRINT SETUP, "ice-ufrag" },
		{ HEAD MEDIA "a=ice-ufrag:abc\r\n", "ice-ufrag" },
		{ HEAD MEDIA "a=ice-pwd:012345678901234567890\r\n", "ice-pwd" },
		{ HEAD MEDIA "a=ice-ufrag:ab cd\r\n", "ice-ufrag" },
		{ HEAD MEDIA ICE SETUP, "fingerprint" },
		{ HEAD MEDIA ICE SETUP "a=fingerprint:sha-256 00:01\r\n", "fingerprint" },
		{ HEAD MEDIA ICE PRINT, "setup" },
		{ HEAD MEDIA ICE PRINT "a=setup:holdconn\r\n", "setup" },
		{ HEAD MEDIA ICE PRINT SETUP "a=sctp-port:0\r\n", "sctp-port" },
		{ HEAD MEDIA ICE PRINT SETUP "a=sctp-port:65536\r\n", "sctp-port" },
		{ HEAD MEDIA ICE PRINT SETUP "a=max-message-size:x\r\n", "max-message-size" },
		{ HEAD MEDIA ICE PRINT SETUP "a=candidate:1 1 udp\r\n", "candidate" },
	};
	struct error err;
	struct sdp s;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(sdp_parse(cases[i].text, &s, &err), -ERR_INVALID);
		assert_non_null(strstr(err.text, cases[i].named));
	}
}

static void what_is_too_long_is_invalid(void **state)
{
	char *text = malloc(SDP_TEXT_MAX + 2);
	struct sdp s;

	assert_non_null(text);
	memset(text, 'a', SDP_TEXT_MAX + 1);
	text[SDP_TEXT_MAX + 1] = 0;
	memcpy(text, "v=0\n", 4);
	assert_int_equal(sdp_parse(text, &s, NULL), -ERR_INVALID);
	text[SDP_TEXT_MAX / 2] = 0;	/* one line still */
	assert_int_equal(sdp_parse(text, &s, NULL), -ERR_INVALID);
	free(text);
}

static void what_is_no_description_in_json_is_invalid(void **state)
{
	static const char *const texts[] = {
		"", "{", "[]", "7", "{\"type\":\"answer\"}", "{\"type\":7,\"sdp\":\"v=0\"}",
		"{\"type\":\"answer\",\"sdp\":\"v=0\",\"sdp\":\"v=0\"}",
		"{\"type\":\"answer\",\"sdp\":\"x\\u0000y\"}",
	};
	struct sdp s;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(sdp_parse_json(texts[i], SDP_ANSWER, &s, NULL), -ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_read_whole),
		cmocka_unit_test(what_is_not_said_has_its_default),
		cmocka_unit_test(what_is_formatted_is_parsed_again),
		cmocka_unit_test(other_fingerprints_are_passed_over),
		cmocka_unit_test(candidates_of_no_use_are_passed_over),
		cmocka_unit_test(candidates_beyond_the_bound_are_dropped),
		cmocka_unit_test(what_is_wrong_is_invalid_and_named),
		cmocka_unit_test(what_is_too_long_is_invalid),
		cmocka_unit_test(what_is_no_description_in_json_is_invalid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
