// SPDX-License-Identifier: Apache-2.0
/* The kernel's refusals become texts that name the cause and the attribute. */
#include "../cmocka.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/wireguard.h>

#include "netlink/mesh_codec.h"
#include "netlink/wg_codec.h"

static struct wg_prefix prefixes[2];

static struct wg_peer peer_of(uint8_t seed, size_t prefix_count)
{
	struct wg_peer peer = { .prefixes = prefixes, .prefix_count = prefix_count };

	memset(peer.public_key.bytes, seed, KEY_BYTES);
	prefix_parse("10.0.0.0/8", &prefixes[0].prefix);
	prefix_parse("10.1.0.0/16", &prefixes[1].prefix);
	return peer;
}

/* A kernel's refusal of @request; @offset 0: it names no attribute; @text may be NULL. */
static struct message refusal(const struct message *request, int e, const char *text,
			      uint32_t offset, uint32_t missing)
{
	struct message m = message_new(1024, NLMSG_ERROR, NLM_F_CAPPED | NLM_F_ACK_TLVS);
	struct nlmsgerr *head = message_put_header(&m, sizeof(*head));

	head->error = -e;
	head->msg = *message_header(request);
	if (text)
		message_put_text(&m, NLMSGERR_ATTR_MSG, text);
	if (offset)
		message_put_u32(&m, missing ? NLMSGERR_ATTR_MISS_NEST : NLMSGERR_ATTR_OFFS, offset);
	if (missing)
		message_put_u32(&m, NLMSGERR_ATTR_MISS_TYPE, missing);
	return m;
}

/* What the request says when the kernel refuses it like that. */
static const char *told(const struct attr_set *attrs, const struct message *request, int e,
			const char *text, uint32_t offset, uint32_t missing)
{
	struct message m = refusal(request, e, text, offset, missing);
	static struct error err;

	err.text[0] = 0;
	assert_int_not_equal(answer_error(attrs, GENL_HDRLEN, message_header(request),
					  message_header(&m), &err), 0);
	message_fini(&m);
	return err.text;
}

static void attribute_is_named_with_its_peer(void **state)
{
	struct message m = mesh_message(4096, WGMESH_CMD_PEERS_APPLY, 0, "wgt0");
	struct wg_peer first = peer_of(1, 1), second = peer_of(2, 2);
	size_t at;

	(void)state;
	mesh_put_peer(&m, &first);
	at = message_len(&m);
	mesh_put_peer(&m, &second);
	/*
	 * The second peer's nest, its key (36 bytes), its first prefix (20), the next one's nest.
	 */
	at += 4 + 36 + 20 + 4;
	assert_string_equal(told(&mesh_attrs, &m, EINVAL, "host bits are set", (uint32_t)at, 0),
			    "host bits are set (peer AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=, "
			    "prefix 1, address)");
	message_fini(&m);
}

static void missing_attribute_is_named(void **state)
{
	struct message m = mesh_message(4096, WGMESH_CMD_PEERS_APPLY, 0, "wgt0");
	size_t at = message_len(&m);
	struct wg_peer peer = peer_of(1, 0);

	(void)state;
	mesh_put_peer(&m, &peer);
	assert_string_equal(told(&mesh_attrs, &m, EINVAL, NULL, 0, WGMESH_A_MESH_ADDRESS),
			    "address: Invalid argument");
	assert_string_equal(told(&mesh_attrs, &m, EINVAL, "what is it?", (uint32_t)at,
				 WGMESH_A_PEER_ENDPOINT),
			    "what is it? (peer AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=, endpoint)");
	message_fini(&m);
}

static void wireguards_arrays_are_walked(void **state)
{
	struct message m = wg_message(4096, WG_CMD_SET_DEVICE, 0, "wgt0");
	struct wg_peer peer = peer_of(1, 2);
	size_t peers = message_nest(&m, WGDEVICE_A_PEERS), at = message_len(&m);

	(void)state;
	wg_put_peer(&m, &peer, false);
	message_nest_end(&m, peers);
	at += 4 + 36 + 4 + 4;	/* peer, key, list, first prefix: its family */
	assert_string_equal(told(&wg_attrs, &m, EINVAL, "no", (uint32_t)at, 0),
			    "no (peers, element AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=, prefixes, "
			    "element 0, family)");
	message_fini(&m);
}

static void plain_refusals_say_the_errno(void **state)
{
	struct message m = mesh_message(4096, WGMESH_CMD_MESH_GET, 0, "wgt0");

	(void)state;
	assert_string_equal(told(&mesh_attrs, &m, EPERM, NULL, 0, 0),
			    "the kernel refused it: Operation not permitted");
	assert_string_equal(told(&mesh_attrs, &m, ESTALE, "the table has generation 7", 0, 0),
			    "the table has generation 7");
	assert_string_equal(told(&mesh_attrs, &m, INT_MAX, NULL, 0, 0),
			    "the kernel refused it: Input/output error");
	message_fini(&m);
}

static void uncapped_refusals_are_read_too(void **state)
{
	struct message request = mesh_message(4096, WGMESH_CMD_MESH_GET, 0, "wgt0");
	struct message m = message_new(4096, NLMSG_ERROR, NLM_F_ACK_TLVS);
	struct nlmsgerr *head = message_put_header(&m, sizeof(*head));
	struct error err;
	void *rest;

	(void)state;
	head->error = -ENODEV;
	head->msg = *message_header(&request);
	rest = message_put_header(&m, message_len(&request) - NLMSG_HDRLEN);
	assert_non_null(rest);
	message_put_text(&m, NLMSGERR_ATTR_MSG, "no such device");
	assert_int_equal(answer_error(&mesh_attrs, GENL_HDRLEN, message_header(&request),
				      message_header(&m), &err), -ERR_NOT_FOUND);
	assert_string_equal(err.text, "no such device");
	message_fini(&m);
	message_fini(&request);
}

static void damaged_refusals_do_no_harm(void **state)
{
	struct message request = mesh_message(4096, WGMESH_CMD_PEERS_APPLY, 0, "wgt0");
	struct wg_peer peer = peer_of(1, 2);
	struct message m;
	unsigned int seed = 3;
	size_t len;

	(void)state;
	mesh_put_peer(&request, &peer);
	m = refusal(&request, EINVAL, "some text", 60, 3);
	len = message_len(&m);
	for (int round = 0; round < 20000; round++) {
		size_t cut = NLMSG_HDRLEN + (size_t)rand_r(&seed) % (len - NLMSG_HDRLEN + 1);
		uint8_t *copy = malloc(cut);
		struct nlmsghdr *h = (struct nlmsghdr *)copy;
		struct error err;

		memcpy(copy, message_header(&m), cut);
		h->nlmsg_len = (uint32_t)cut;
		for (int i = rand_r(&seed) % 6; i > 0 && cut > NLMSG_HDRLEN; i--)
			copy[NLMSG_HDRLEN + (size_t)rand_r(&seed) % (cut - NLMSG_HDRLEN)] =
				(uint8_t)rand_r(&seed);
		answer_error(&mesh_attrs, GENL_HDRLEN, message_header(&request), h, &err);
		free(copy);
	}
	message_fini(&m);
	message_fini(&request);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attribute_is_named_with_its_peer),
		cmocka_unit_test(missing_attribute_is_named),
		cmocka_unit_test(wireguards_arrays_are_walked),
		cmocka_unit_test(plain_refusals_say_the_errno),
		cmocka_unit_test(uncapped_refusals_are_read_too),
		cmocka_unit_test(damaged_refusals_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
