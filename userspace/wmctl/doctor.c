// SPDX-License-Identifier: Apache-2.0
/* wmctl doctor: what is not as it should be with a node, its machine and its mesh. */
#include "wmctl/doctor.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "ext/v1/nodes.pb-c.h"
#include "google/protobuf/empty.pb-c.h"
#include "v1/mesh.pb-c.h"
#include "v1/peer_discovery.pb-c.h"
#include "wmctl/command.h"
#include "wmctl/doctor_host.h"
#include "wmctl/doctor_mesh.h"

typedef Webmesh__Ext__V1__DescribeResponse describe;

enum { REACH_MS = 2000, REACH_MAX = 9 };

#define SECOND INT64_C(1000000000)

/* One examination: what has been asked so far; NULL where there was no answer. */
struct patient {
	struct session *session;
	struct findings *f;
	bool local;		/* the node is this machine's */
	ProtobufCMessage *describe, *servers, *self, *leader;
};

static int64_t now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_REALTIME, &at);
	return at.tv_sec * SECOND + at.tv_nsec;
}

static bool is_local(const struct session *s)
{
	return (strncmp(s->address, "127.", 4) == 0 || strncmp(s->address, "[::1]", 5) == 0 ||
		strncmp(s->address, "localhost:", 10) == 0) && access(s->state_dir, F_OK) == 0;
}

/* ---- certificates ---- */

static void check_file_certificate(struct patient *p, const char *whose, const char *file,
				   const char *remedy)
{
	struct buf pem = BUF_INIT(CERT_PEM_MAX);
	char path[PATH_MAX];
	struct cert_info info;

	snprintf(path, sizeof(path), "%s/identity/%s", p->session->state_dir, file);
	if (file_read(path, &pem, NULL) == 0 && cert_inspect(buf_text(&pem), &info, NULL) == 0)
		mesh_check_certificate(p->f, whose, &info, now() / SECOND, remedy);
	buf_fini_secret(&pem);
}

static void check_certificates(struct patient *p)
{
	const struct cert_info *own = &p->session->identity.info;
	char whose[SUBJECT_NAME_MAX + 32];

	snprintf(whose, sizeof(whose), "yours (%s)", own->subject.name);
	mesh_check_certificate(p->f, whose, own, now() / SECOND,
			       "wmctl certificate renew, while it holds");
	if (!p->local)
		return;
	check_file_certificate(p, "the node's", IDENTITY_NODE_FILE,
			       "its log says why it is not renewed; expired: remove the node "
			       "and join it anew");
	check_file_certificate(p, "the authority's", IDENTITY_CA_FILE,
			       "found the mesh anew before");
}

/* ---- the mesh, as daemons tell it ---- */

static ProtobufCMessage *ask(struct patient *p, const ProtobufCServiceDescriptor *service,
			     const char *method, const ProtobufCMessage *request, struct error *err)
{
	ProtobufCMessage *reply = NULL;

	session_call(p->session, service, method, request, &reply, err);
	return reply;
}

static void ask_servers(struct patient *p)
{
	Webmesh__Ext__V1__ListServersRequest request = WEBMESH__EXT__V1__LIST_SERVERS_REQUEST__INIT;

	if (session_ask_leader(p->session, &webmesh__ext__v1__servers__descriptor, "List",
			       &request.base, &p->servers, NULL) < 0)
		p->servers = NULL;
}

static void check_clock(struct patient *p)
{
	V1__GetStatusRequest request = V1__GET_STATUS_REQUEST__INIT;
	int64_t asked = now();

	request.id = ((describe *)p->describe)->leader_id;
	if (!*request.id)
		return;
	p->leader = ask(p, &v1__node__descriptor, "GetStatus", &request.base, NULL);
	if (p->leader)
		mesh_check_clock(p->f, (const V1__Status *)p->leader, asked, now());
	else
		findings_add(p->f, VERDICT_WARN, "clock", "", "%s does not tell its time",
			     request.id);
}

static void check_reach(struct patient *p)
{
	Google__Protobuf__Empty request = GOOGLE__PROTOBUF__EMPTY__INIT;
	ProtobufCMessage *reply = ask(p, &v1__peer_discovery__descriptor, "ListPeers",
				      &request.base,
				      NULL);
	const V1__ListRaftPeersResponse *list = (const V1__ListRaftPeersResponse *)reply;
	struct endpoint at;

	for (size_t i = 0; reply && i < list->n_peers && i < REACH_MAX; i++) {
		const V1__RaftPeer *peer = list->peers[i];

		if (!peer->voter || !endpoint_parse(peer->address, &at))
			continue;
		if (host_reaches(&at, REACH_MS))
			findings_add(p->f, VERDICT_OK, "reach", "", "%s at %s", peer->id,
				     peer->address);
		else
			findings_add(p->f, VERDICT_WARN, "reach",
				     "is its wgmeshd running, and the port open in firewalls "
				     "between?",
				     "%s is not reached at %s", peer->id, peer->address);
	}
	if (reply)
		protobuf_c_message_free_unpacked(reply, NULL);
}

static void check_mesh(struct patient *p)
{
	const describe *d = (const describe *)p->describe;

	ask_servers(p);
	mesh_check_quorum(p->f, d, (const Webmesh__Ext__V1__ListServersResponse *)p->servers);
	mesh_check_state(p->f, d);
	mesh_check_dataplane(p->f, d);
	check_clock(p);
	check_reach(p);
}

/* ---- this machine ---- */

static bool has_nodes_behind_nat(struct patient *p)
{
	Webmesh__Ext__V1__ListNodesRequest request = WEBMESH__EXT__V1__LIST_NODES_REQUEST__INIT;
	ProtobufCMessage *reply = ask(p, &webmesh__ext__v1__nodes__descriptor, "List",
				      &request.base,
				      NULL);
	const Webmesh__Ext__V1__ListNodesResponse *page =
			(const Webmesh__Ext__V1__ListNodesResponse *)reply;
	bool found = false;

	for (size_t i = 0; reply && !found && i < page->n_nodes; i++)
		found = !*page->nodes[i]->primary_endpoint;
	if (reply)
		protobuf_c_message_free_unpacked(reply, NULL);
	return found;
}

static void check_own_row(struct patient *p, const describe *d, bool dataplane)
{
	V1__GetNodeRequest request = V1__GET_NODE_REQUEST__INIT;
	const V1__MeshNode *self;
	struct host_ports ports;

	request.id = d->id;
	p->self = ask(p, &v1__mesh__descriptor, "GetNode", &request.base, NULL);
	if (!p->self)
		return;
	self = (const V1__MeshNode *)p->self;
	ports = (struct host_ports){ .grpc = (uint16_t)self->grpc_port,
				     .raft = strcmp(d->role, "observer")
				     ? (uint16_t)self->raft_port : 0,
				     .wireguard = dataplane ? (uint16_t)self->wireguard_port : 0 };
	host_check_ports(p->f, "", &ports);
	if (dataplane)
		host_check_forwarding(p->f, "", *self->primary_endpoint && has_nodes_behind_nat(p));
}

static void check_machine(struct patient *p)
{
	const describe *d = (const describe *)p->describe;
	V1__GetStatusRequest request = V1__GET_STATUS_REQUEST__INIT;
	bool dataplane = d && strcmp(d->backend, "none") != 0;
	ProtobufCMessage *status = d ? ask(p, &v1__node__descriptor, "GetStatus", &request.base,
					   NULL)
				     : NULL;

	host_check_module(p->f, "", status ? ((V1__Status *)status)->version : "",
			  d && !strstr(d->backend_reason, "configured"));
	if (status)
		protobuf_c_message_free_unpacked(status, NULL);
	if (d)
		check_own_row(p, d, dataplane);
	if (dataplane)
		host_check_mtu(p->f, "", d->device);
	host_check_state_dir(p->f, p->session->state_dir);
	host_check_disk(p->f, p->session->state_dir);
}

/* ---- all ---- */

static void examine_daemon(struct patient *p)
{
	Webmesh__Ext__V1__DescribeRequest request = WEBMESH__EXT__V1__DESCRIBE_REQUEST__INIT;
	struct error err = { 0 };

	check_certificates(p);
	p->describe = ask(p, &webmesh__ext__v1__cluster__descriptor, "Describe", &request.base,
			  &err);
	if (!p->describe) {
		findings_add(p->f, VERDICT_FAIL, "daemon",
			     "systemctl status wgmeshd; journalctl -u wgmeshd", "%s", err.text);
		return;
	}
	findings_add(p->f, VERDICT_OK, "daemon", "", "%s answers at %s as %s",
		     ((describe *)p->describe)->id, p->session->address,
		     ((describe *)p->describe)->role);
	check_mesh(p);
}

void doctor_run(struct session *s, struct findings *f)
{
	struct patient p = { .session = s, .f = f, .local = is_local(s) };
	ProtobufCMessage **const asked[] = { &p.describe, &p.servers, &p.self, &p.leader };
	struct error err = { 0 };

	if (session_open(s, &err) < 0) {
		findings_add(f, VERDICT_FAIL, "identity", "--identity names another", "%s",
			     err.text);
		if (p.local)
			host_check_disk(f, s->state_dir);
		return;
	}
	examine_daemon(&p);
	if (p.local)
		check_machine(&p);
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
		if (*asked[i])
			protobuf_c_message_free_unpacked(*asked[i], NULL);
	session_close(s);
}

int doctor_main(struct session *s, int argc, char **argv)
{
	struct findings f = { 0 };
	struct error err = { 0 };
	int code;

	if (argc != 1)
		return command_usage("doctor");
	if (session_choose(s, &err) < 0)
		return command_fail(&err);
	doctor_run(s, &f);
	if (!output_structured(s->format))
		findings_print(&f);
	else if ((code = output_value(s->format, findings_json(&f))) != EXIT_OK)
		return code;
	return findings_code(&f);
}
