// SPDX-License-Identifier: Apache-2.0
/*
 * seeds FOLDER: writes the part of the corpus that is not text, a folder per harness, by the encoders that
 * make such bytes in earnest.  The corpus is committed: run it again when an encoding is another one.
 */
#include "fuzz.h"

#include <linux/genetlink.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/wireguard.h>
#include <sys/stat.h>

#include "crypto/base64url.h"
#include "crypto/ca.h"
#include "crypto/identity.h"
#include "crypto/token.h"
#include "daemon/api.h"
#include "netlink/link.h"
#include "netlink/mesh_codec.h"
#include "netlink/wg_codec.h"
#include "raft/configuration.h"
#include "store/commands.h"
#include "transport/frame.h"

enum { NOW = 1800000000, YEARS = 10 * 365 * 86400, DEPTH_MAX = 3, BYTES_MAX = 64 * 1024 };

static const char *folder;

static void save(const char *harness, const char *name, const void *data, size_t len)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, harness);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/%s/%s", folder, harness, name);
	file = fopen(path, "we");
	must(file && fwrite(data, 1, len, file) == len);
	must(fclose(file) == 0);
}

/* ---- Raft ---- */

static void save_frame(const char *name, const struct raft_message *m)
{
	struct frame *f;

	must(!frame_new(m, &f, NULL));
	save("frame", name, f->data + FRAME_HEAD, f->len - FRAME_HEAD);
	free(f);
}

static void seed_frames(void)
{
	struct raft_entry *entries[2] = {
		raft_entry_new(42, 6, RAFT_ENTRY_DATA, "hello", 5),
		raft_entry_new(43, 7, RAFT_ENTRY_NOOP, NULL, 0),
	};
	struct raft_message m = {
		.type = RAFT_APPEND, .from = 1, .to = 2, .term = 7, .log_index = 41, .log_term = 6,
		.commit_index = 40, .entries = entries, .entry_count = 2,
	};

	save_frame("append", &m);
	m = (struct raft_message){
		.type = RAFT_APPEND_REPLY, .from = 2, .to = 1, .term = 7, .reject = true,
		.log_index = 41, .hint_index = 13, .hint_term = 5, .round = 1ull << 63,
	};
	save_frame("reply", &m);
	m = (struct raft_message){ .type = RAFT_VOTE, .from = 1, .to = 2, .transfer = true };
	save_frame("vote", &m);
	raft_entry_unref(entries[0]);
	raft_entry_unref(entries[1]);
}

static void seed_configuration(void)
{
	struct raft_configuration c = { 0 };
	struct buf out = BUF_INIT(RAFT_CONFIGURATION_BYTES_MAX);

	must(!raft_configuration_add(&c, 1, RAFT_VOTER, "n1", NULL));
	must(!raft_configuration_add(&c, 1ull << 40, RAFT_LEARNER, "node-2.example", NULL));
	must(!raft_configuration_encode(&c, &out, NULL));
	save("configuration", "two", out.data, out.len);
	buf_fini(&out);
}

static void save_entry(const char *name, struct entry *e)
{
	const uint8_t *data;
	size_t len;

	must(e && !entry_encode(e, &data, &len, NULL));
	save("entry", name, data, len);
	entry_free(e);
}

static void seed_entries(void)
{
	const struct sql_value params[] = {
		{ .type = SQL_NULL }, { .type = SQL_INT, .i = -1 }, { .type = SQL_DOUBLE, .d = 0.5 },
		{ .type = SQL_BOOL, .i = 1 }, { .type = SQL_BYTES, .bytes = { "\0\1", 2 } },
		{ .type = SQL_TEXT, .text = "x" }, { .type = SQL_TIME, .i = -5 },
	};
	static const uint8_t id[ENTRY_REQUEST_ID] = { 1 }, digest[STATE_DIGEST] = { 2 };
	struct entry *e = entry_new(id);

	must(!entry_add(e, ENTRY_MUST_CHANGE, "SELECT ?1", params, 7, NULL));
	must(!command_remove_node(e, "n1", NULL));
	save_entry("sql", e);
	save_entry("schema", entry_new_schema(3));
	save_entry("digest", entry_new_digest(99, digest));
}

/* ---- identity ---- */

static void seed_token(const struct ca *ca)
{
	char text[TOKEN_TEXT_MAX], *body;
	uint8_t fields[TOKEN_TEXT_MAX];
	struct token token;
	size_t len;

	must(!token_generate(ca_cert_pem(ca), "m1", &token, NULL));
	must(!token_add_address(&token, "192.0.2.1:8443", NULL));
	must(!token_add_address(&token, "[2001:db8::1]:8443", NULL));
	must(!token_format(&token, text, NULL));
	save("token", "text", text, strlen(text));
	body = strchr(text, '.') + 1;
	must(base64url_decode(body, strcspn(body, "."), fields, sizeof(fields), &len));
	save("token", "fields", fields, len);
}

/* As in a file: the certificate, and the authority's behind it. */
static void seed_identity(void)
{
	struct buf chain = BUF_INIT(BYTES_MAX);
	struct subject subject;
	struct issued issued;
	char *key, *csr;
	uint8_t *der;
	struct ca *ca;
	size_t len;

	must(!ca_new("m1", NOW, &ca, NULL) && !identity_request(&key, &csr, NULL));
	must(subject_init(&subject, SUBJECT_NODE, "m1", "n1"));
	must(!ca_issue(ca, &subject, csr, NOW, YEARS, &issued, NULL));
	buf_append_text(&chain, issued.pem);
	buf_append_text(&chain, ca_cert_pem(ca));
	save("cert", "chain.pem", chain.data, chain.len);
	must(!cert_pem_to_der(issued.pem, &der, &len, NULL));
	save("cert", "node.der", der, len);
	save("csr", "request.pem", csr, strlen(csr));
	seed_token(ca);
	free(der);
	free(csr);
	identity_key_free(key);
	issued_fini(&issued);
	buf_fini(&chain);
	ca_free(ca);
}

/* ---- protocol buffers, as the bytes that any other library would send ---- */

static void put_varint(struct buf *out, uint64_t v)
{
	for (; v > 127; v >>= 7)
		buf_append_u8(out, (uint8_t)(v | 128));
	buf_append_u8(out, (uint8_t)v);
}

static void put_message(struct buf *out, const ProtobufCMessageDescriptor *type, unsigned int depth);

/* Wire types: 0 varint, 1 eight bytes, 2 a length and as many bytes, 5 four bytes. */
static void put_field(struct buf *out, const ProtobufCFieldDescriptor *field, unsigned int depth)
{
	struct buf inner = BUF_INIT(BYTES_MAX);
	unsigned int wire = 2;

	if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		put_message(&inner, field->descriptor, depth + 1);
	else if (field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_BYTES)
		buf_append_text(&inner, "n1");
	else if (field->type == PROTOBUF_C_TYPE_DOUBLE || field->type == PROTOBUF_C_TYPE_FIXED64)
		wire = 1;
	else if (field->type == PROTOBUF_C_TYPE_FLOAT || field->type == PROTOBUF_C_TYPE_FIXED32)
		wire = 5;
	else
		wire = 0;
	put_varint(out, field->id << 3 | wire);
	if (wire == 2)
		put_varint(out, inner.len);
	else
		buf_append(&inner, "\1\0\0\0\0\0\0\0", wire == 1 ? 8 : wire == 5 ? 4 : 1);
	buf_append(out, inner.data, inner.len);
	buf_fini(&inner);
}

static void put_message(struct buf *out, const ProtobufCMessageDescriptor *type, unsigned int depth)
{
	for (unsigned int i = 0; depth < DEPTH_MAX && i < type->n_fields; i++)
		put_field(out, &type->fields[i], depth);
}

static void save_message(size_t choice, const ProtobufCMessageDescriptor *type)
{
	struct buf out = BUF_INIT(BYTES_MAX);

	buf_append_u8(&out, (uint8_t)choice);
	buf_append_u8(&out, 0);
	put_message(&out, type, 0);
	must(!out.failed);
	if (out.len > 2)
		save("message", type->name, out.data, out.len);
	buf_fini(&out);
}

static void seed_messages(void)
{
	const ProtobufCMethodDescriptor *types;
	const struct rpc_method *methods;
	size_t count = api_methods(&methods);

	for (size_t i = 0; i < count; i++) {
		if (!methods[i].service->name)
			continue;
		types = protobuf_c_service_descriptor_get_method_by_name(methods[i].service,
									 methods[i].name);
		save_message(2 * i, types->input);
		save_message(2 * i + 1, types->output);
	}
}

/* ---- netlink ---- */

static void save_netlink(const char *harness, const char *name, struct message *m)
{
	must(!m->failed);
	save(harness, name, message_header(m), message_header(m)->nlmsg_len);
	message_fini(m);
}

static struct wg_prefix sample_prefixes[2] = { { .metric = 1 }, { .metric = 2 } };

static struct wg_peer sample_peer(void)
{
	struct wg_peer peer = {
		.public_key = { .bytes = { 1, 2, 3 } }, .keepalive = 25, .floor = { 4, 5 },
		.fields = WG_PEER_ENDPOINT | WG_PEER_KEEPALIVE | WG_PEER_FLOOR,
		.prefixes = sample_prefixes, .prefix_count = 2,
	};

	must(prefix_parse("172.16.0.9/32", &sample_prefixes[0].prefix));
	must(prefix_parse("fd00::/64", &sample_prefixes[1].prefix));
	must(endpoint_parse("[2001:db8::1]:51820", &peer.endpoint));
	return peer;
}

static struct message mesh_answer(uint8_t command)
{
	struct message m = mesh_message(BYTES_MAX, command, 0, "wg0");

	message_put_u32(&m, WGMESH_A_MESH_IFINDEX, 7);
	message_put_u64(&m, WGMESH_A_MESH_GENERATION, 42);
	return m;
}

static void put_hop(struct message *m, const struct wg_peer *peer)
{
	size_t nest = message_nest(m, WGMESH_A_PREFIX_HOP);

	message_put(m, WGMESH_A_HOP_PUBLIC_KEY, peer->public_key.bytes, KEY_BYTES);
	message_put_u32(m, WGMESH_A_HOP_METRIC, 3);
	message_put_u32(m, WGMESH_A_HOP_STATE, 1);
	message_nest_end(m, nest);
}

static void seed_mesh(void)
{
	static const uint8_t events[] = {
		WGMESH_CMD_MESH_NEW_NTF, WGMESH_CMD_APPLY_NTF, WGMESH_CMD_PEER_NTF, WGMESH_CMD_FAULT_NTF,
	};
	struct wg_peer peer = sample_peer();
	struct message m;
	size_t nest;
	char name[16];

	for (size_t i = 0; i < sizeof(events); i++) {
		m = mesh_answer(events[i]);
		message_put_u32(&m, WGMESH_A_MESH_REASON, 1);
		message_put_u32(&m, WGMESH_A_MESH_SUPPRESSED, 9);
		mesh_put_peer(&m, &peer);
		snprintf(name, sizeof(name), "event%zu", i);
		save_netlink("mesh", name, &m);
	}
	m = mesh_answer(WGMESH_CMD_PREFIX_LIST);
	nest = message_nest(&m, WGMESH_A_MESH_PREFIX);
	message_put_ip(&m, WGMESH_A_PREFIX_ADDRESS, &sample_prefixes[0].prefix.ip);
	message_put_u8(&m, WGMESH_A_PREFIX_LENGTH, 32);
	put_hop(&m, &peer);
	message_nest_end(&m, nest);
	save_netlink("mesh", "prefix", &m);
}

static void seed_wireguard(void)
{
	struct wg_device device = {
		.fields = WG_DEVICE_PRIVATE_KEY | WG_DEVICE_LISTEN_PORT | WG_DEVICE_FWMARK,
		.listen_port = 51820, .fwmark = 9,
	};
	struct message m = wg_message(BYTES_MAX, WG_CMD_GET_DEVICE, 0, "wg0");
	struct wg_peer peer = sample_peer();
	size_t nest;

	wg_put_device(&m, &device);
	nest = message_nest(&m, WGDEVICE_A_PEERS);
	wg_put_peer(&m, &peer, false);
	wg_put_peer(&m, &peer, false);
	peer.public_key.bytes[0] = 9;
	wg_put_peer(&m, &peer, false);
	message_nest_end(&m, nest);
	save_netlink("wireguard", "device", &m);
}

static void seed_links(void)
{
	struct message m = message_new(BYTES_MAX, RTM_NEWLINK, 0);
	struct ip address = { .family = AF_INET, .bytes = { 172, 16, 0, 1 } };
	struct rtmsg *route;
	struct ifaddrmsg *a;
	size_t nest;

	message_put_header(&m, sizeof(struct ifinfomsg));
	message_put_u32(&m, IFLA_MTU, 1420);
	nest = message_nest(&m, IFLA_LINKINFO);
	message_put_text(&m, IFLA_INFO_KIND, "wireguard");
	message_nest_end(&m, nest);
	save_netlink("link", "device", &m);

	m = message_new(BYTES_MAX, RTM_NEWADDR, 0);
	a = message_put_header(&m, sizeof(*a));
	*a = (struct ifaddrmsg){ .ifa_family = AF_INET, .ifa_prefixlen = 12, .ifa_index = 7 };
	message_put_ip(&m, IFA_LOCAL, &address);
	save_netlink("link", "address", &m);

	m = message_new(BYTES_MAX, RTM_NEWROUTE, 0);
	route = message_put_header(&m, sizeof(*route));
	*route = (struct rtmsg){ .rtm_family = AF_INET, .rtm_dst_len = 12, .rtm_table = RT_TABLE_MAIN,
				 .rtm_protocol = LINK_ROUTE_PROTOCOL };
	message_put_ip(&m, RTA_DST, &address);
	message_put_u32(&m, RTA_OIF, 7);
	save_netlink("link", "route", &m);
}

/* An answer that is capped, and one that has the request in it. */
static void seed_refusals(void)
{
	struct nlmsgerr *e;
	struct message m;

	for (int capped = 0; capped < 2; capped++) {
		m = message_new(BYTES_MAX, NLMSG_ERROR, NLM_F_ACK_TLVS | (capped ? NLM_F_CAPPED : 0));
		e = message_put_header(&m, sizeof(*e) + (capped ? 0 : 8));
		e->error = -22;
		e->msg.nlmsg_len = NLMSG_HDRLEN + 8;
		message_put_text(&m, NLMSGERR_ATTR_MSG, "no such thing");
		message_put_u32(&m, NLMSGERR_ATTR_OFFS, 28);
		message_put_u32(&m, NLMSGERR_ATTR_MISS_TYPE, 1);
		message_put_u32(&m, NLMSGERR_ATTR_MISS_NEST, 28);
		save_netlink("refusal", capped ? "capped" : "whole", &m);
	}
}

/* ---- DNS ---- */

static void put_u16(struct buf *out, uint16_t v)
{
	buf_append_u8(out, (uint8_t)(v >> 8));
	buf_append_u8(out, (uint8_t)v);
}

static void put_name(struct buf *out, const char *name)
{
	while (*name) {
		size_t len = strcspn(name, ".");

		buf_append_u8(out, (uint8_t)len);
		buf_append(out, name, len);
		name += len + (name[len] == '.');
	}
	buf_append_u8(out, 0);
}

/* With @additional, of @len bytes, as the one additional record. */
static void save_question(const char *seed, unsigned int opcode, const char *name, uint16_t type,
			  const void *additional, size_t len)
{
	struct buf out = BUF_INIT(BYTES_MAX);

	put_u16(&out, 7);
	put_u16(&out, (uint16_t)(0x100 | opcode << 11));
	put_u16(&out, 1);
	put_u16(&out, 0);
	put_u16(&out, 0);
	put_u16(&out, len != 0);
	put_name(&out, name);
	put_u16(&out, type);
	put_u16(&out, 1);
	buf_append(&out, additional, len);
	must(!out.failed);
	save("dns", seed, out.data, out.len);
	buf_fini(&out);
}

static void seed_records(void)
{
	static const char zeros[] = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.5.0.4.0.3.0.2.0.1.0.d.f.ip6.arpa";

	save_question("a", 0, "n1.webmesh.internal", 1, NULL, 0);
	save_question("txt", 0, "db.east.webmesh.internal", 16, NULL, 0);
	save_question("empty", 0, "east.webmesh.internal", 1, NULL, 0);
	save_question("missing", 0, "x.webmesh.internal", 1, NULL, 0);
	save_question("any", 0, "N1.WEBMESH.internal", 255, NULL, 0);
	save_question("ptr4", 0, "1.0.16.172.in-addr.arpa", 12, NULL, 0);
	save_question("ptr6", 0, zeros, 12, NULL, 0);
	save_question("soa4", 0, "16.172.in-addr.arpa", 6, NULL, 0);
	save_question("axfr", 0, "webmesh.internal", 252, NULL, 0);
	save_question("notify", 4, "webmesh.internal", 6, NULL, 0);
	save("dns", "pointer", "\0\7\1\0\0\1\0\0\0\0\0\0\300\14\0\1\0\1", 18);
}

/* OPT with its payload, version and options, and TSIG with the algorithm, time and code that a key has. */
static void seed_signed(void)
{
	struct buf tsig = BUF_INIT(BYTES_MAX);

	save_question("aaaa-edns", 0, "n1.webmesh.internal", 28, "\0\0\51\4\320\0\0\200\0\0\0", 11);
	save_question("badvers", 0, "n1.webmesh.internal", 1, "\0\0\51\4\320\0\1\0\0\0\0", 11);
	save_question("cookie", 0, "n1.webmesh.internal", 1,
		      "\0\0\51\4\320\0\0\0\0\0\14\0\12\0\10abcdefgh", 23);
	put_name(&tsig, "k");
	buf_append(&tsig, "\0\372\0\377\0\0\0\0\0\75", 10);
	put_name(&tsig, "hmac-sha256");
	buf_append(&tsig, "\0\0\0\0\0\1\1\54\0\40", 10);
	buf_append(&tsig, "mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm", 32);
	buf_append(&tsig, "\0\7\0\0\0\0", 6);
	save_question("tsig", 0, "webmesh.internal", 252, tsig.data, tsig.len);
	buf_fini(&tsig);
}

int main(int argc, char **argv)
{
	must(argc == 2);
	folder = argv[1];
	seed_frames();
	seed_configuration();
	seed_entries();
	seed_identity();
	seed_messages();
	seed_mesh();
	seed_wireguard();
	seed_links();
	seed_refusals();
	seed_records();
	seed_signed();
	return 0;
}
