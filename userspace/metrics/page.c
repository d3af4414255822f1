// SPDX-License-Identifier: Apache-2.0
#include "metrics/page.h"

#include <stdio.h>
#include <string.h>

#include "metrics/exposition.h"

static double seconds(uint64_t ns)
{
	return (double)ns / 1e9;
}

/* ---- the daemon ---- */

static void put_build(const struct metrics_snapshot *s, struct buf *out)
{
	const struct exposition_label labels[] = { { "version", s->version },
						   { "commit", s->commit } };

	exposition_family(out, "wgmesh_build_info", EXPOSITION_GAUGE,
			  "The release that runs, in the labels.");
	exposition_integer(out, "wgmesh_build_info", labels, 2, 1);
}

static void put_process(const struct metrics_snapshot *s, const struct metrics_readings *r,
			struct buf *out)
{
	exposition_gauge(out, "wgmesh_start_time_seconds", "When the daemon started, since 1970.",
			 (double)s->started_at / 1e9);
	exposition_gauge(out, "wgmesh_snapshot_age_seconds",
			 "Since the thread that owns everything has told the values of this page; "
			 "it grows while that thread is held up.",
			 seconds(r->now > s->taken_at ? r->now - s->taken_at : 0));
	exposition_gauge(out, "wgmesh_reading_seconds",
			 "What it took to read data plane and files for this page.",
			 seconds(r->reading_ns));
	exposition_gauge(out, "wgmesh_certificate_end_time_seconds",
			 "When this node's certificate ends, since 1970.",
			 (double)s->certificate_ends_at / 1e9);
	if (s->key_ends_at)
		exposition_gauge(out, "wgmesh_wireguard_key_end_time_seconds",
				 "When this node changes its WireGuard key, since 1970.",
				 (double)s->key_ends_at / 1e9);
}

static void put_durations(const struct durations *d, const char *name, const char *help,
			  struct buf *out)
{
	struct exposition_label le = { .name = "le" };
	char bound[32], sample[80];
	uint64_t sum = 0;

	exposition_family(out, name, EXPOSITION_HISTOGRAM, help);
	snprintf(sample, sizeof(sample), "%s_bucket", name);
	for (int i = 0; i < DURATIONS_BUCKETS; i++) {
		sum += d->buckets[i];
		snprintf(bound, sizeof(bound), "%g", seconds(durations_bounds[i]));
		le.value = bound;
		exposition_integer(out, sample, &le, 1, sum);
	}
	le.value = "+Inf";
	exposition_integer(out, sample, &le, 1, d->count);
	snprintf(sample, sizeof(sample), "%s_sum", name);
	exposition_real(out, sample, NULL, 0, seconds(d->sum));
	snprintf(sample, sizeof(sample), "%s_count", name);
	exposition_integer(out, sample, NULL, 0, d->count);
}

static void put_turns(const struct durations *turns, struct buf *out)
{
	put_durations(turns, "wgmesh_loop_turn_seconds",
		      "Turns of the owner's loop, without its waiting: nothing else happens "
		      "meanwhile.", out);
	exposition_gauge(out, "wgmesh_loop_longest_turn_seconds",
			 "The longest turn of the owner's loop since the daemon started.",
			 seconds(turns->longest));
}

/* Under the names that every exporter has for them. */
static void put_resources(const struct metrics_process *p, struct buf *out)
{
	exposition_family(out, "process_cpu_seconds_total", EXPOSITION_COUNTER,
			  "Time of processors that the daemon has used.");
	exposition_real(out, "process_cpu_seconds_total", NULL, 0, p->cpu_seconds);
	exposition_gauge(out, "process_resident_memory_bytes", "Memory that the daemon has.",
			 (double)p->resident_bytes);
	exposition_gauge(out, "process_virtual_memory_bytes", "Addresses that the daemon has mapped.",
			 (double)p->virtual_bytes);
	exposition_gauge(out, "process_open_fds", "Descriptors that the daemon has open.",
			 (double)p->descriptors);
	exposition_gauge(out, "process_max_fds", "Descriptors that the daemon may have.",
			 (double)p->descriptors_max);
	exposition_gauge(out, "process_threads", "Threads of the daemon.", (double)p->threads);
}

/* ---- Raft and the state ---- */

static void put_role(const struct metrics_snapshot *s, struct buf *out)
{
	static const char *const roles[] = { "leader", "voter", "learner", "observer" };

	exposition_family(out, "wgmesh_raft_role", EXPOSITION_GAUGE,
			  "1 for the role that this node has: leader, voter, learner or observer.");
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		const struct exposition_label role = { "role", roles[i] };

		exposition_integer(out, "wgmesh_raft_role", &role, 1,
				   strcmp(roles[i], s->role) == 0);
	}
}

static void put_raft(const struct metrics_snapshot *s, struct buf *out)
{
	put_role(s, out);
	exposition_gauge(out, "wgmesh_raft_has_leader", "1 while this node knows a leader.",
			 s->has_leader);
	exposition_counter(out, "wgmesh_raft_leader_changes_total",
			   "Times that this node heard of another leader than before.",
			   s->leader_changes);
	exposition_gauge(out, "wgmesh_raft_term", "Raft's term, as this node knows it.",
			 (double)s->term);
	exposition_gauge(out, "wgmesh_raft_commit_index", "Entries that are committed.",
			 (double)s->commit_index);
	exposition_gauge(out, "wgmesh_raft_applied_index",
			 "Entries that this node's state has.", (double)s->applied_index);
	exposition_gauge(out, "wgmesh_raft_voters", "Voters of the mesh.", s->voters);
	if (s->voters_reachable)
		exposition_gauge(out, "wgmesh_raft_voters_reachable",
				 "Voters that the leader hears, itself included; told by it alone.",
				 s->voters_reachable);
}

/* Who follows has a log, too. */
static void put_log(const struct metrics_snapshot *s, struct buf *out)
{
	put_durations(&s->log_writes, "wgmesh_log_write_seconds",
		      "Batches of entries that were written to the log, with their fsync.", out);
	exposition_gauge(out, "wgmesh_followers", "Nodes that follow this one.", s->followers);
	if (!s->is_server)
		return;
	exposition_gauge(out, "wgmesh_log_first_index", "First entry of this server's log.",
			 (double)s->log_first);
	exposition_gauge(out, "wgmesh_log_last_index", "Last entry of this server's log.",
			 (double)s->log_last);
	exposition_gauge(out, "wgmesh_log_stored_index",
			 "Last entry of this server's log that is on disk.", (double)s->log_stored);
}

static void put_state(const struct metrics_snapshot *s, struct buf *out)
{
	exposition_gauge(out, "wgmesh_state_well",
			 "1 while this node's state is kept up to date and can be written.",
			 s->replica_well);
	if (s->state_age_ms != UINT64_MAX)
		exposition_gauge(out, "wgmesh_state_age_seconds",
				 "Since this node heard that its state is current; absent until it "
				 "first did.",
				 (double)s->state_age_ms / 1e3);
	exposition_gauge(out, "wgmesh_nodes", "Nodes of the mesh.", (double)s->nodes);
}

static void put_store(const struct metrics_readings *r, struct buf *out)
{
	exposition_family(out, "wgmesh_store_bytes", EXPOSITION_GAUGE,
			  "What a database of this node takes on disk, its journal included.");
	for (size_t i = 0; i < sizeof(r->files) / sizeof(r->files[0]); i++) {
		const struct exposition_label file = { "file", metrics_files[i] };

		if (r->files[i].known)
			exposition_integer(out, "wgmesh_store_bytes", &file, 1, r->files[i].bytes);
	}
	if (r->has_disk)
		exposition_gauge(out, "wgmesh_store_free_bytes",
				 "What is free where the databases are.", (double)r->disk_free);
}

/* ---- the data plane ---- */

static void put_module(const struct mesh_stats *stats, struct buf *out)
{
	static const bool gauges[__WGMESH_A_STATS_MAX] = {
		[WGMESH_A_STATS_PEERS] = true, [WGMESH_A_STATS_PEERS_ACTIVE] = true,
		[WGMESH_A_STATS_PREFIXES] = true, [WGMESH_A_STATS_PENDING] = true,
		[WGMESH_A_STATS_MEMORY] = true, [WGMESH_A_STATS_WAITING] = true,
		[WGMESH_A_STATS_INITIATIONS_WAITING] = true,
	};
	char name[80], help[128];

	for (unsigned int i = 1; i < __WGMESH_A_STATS_MAX; i++) {
		const char *stat = mesh_stat_name(i);

		if (!stat)
			continue;
		snprintf(name, sizeof(name), "wgmesh_module_%s%s", stat,
			 i == WGMESH_A_STATS_MEMORY ? "_bytes" : gauges[i] ? "" : "_total");
		for (char *c = name; *c; c++)
			*c = *c == '-' ? '_' : *c;
		snprintf(help, sizeof(help), "\"%s\" of the kernel module; see wgmesh(8).", stat);
		if (gauges[i])
			exposition_gauge(out, name, help, (double)stats->value[i]);
		else
			exposition_counter(out, name, help, stats->value[i]);
	}
}

static void put_traffic(const struct metrics_traffic *t, struct buf *out)
{
	exposition_counter(out, "wgmesh_device_receive_bytes_total",
			   "Received by the WireGuard device.", t->rx_bytes);
	exposition_counter(out, "wgmesh_device_receive_packets_total",
			   "Packets received by the WireGuard device.", t->rx_packets);
	exposition_counter(out, "wgmesh_device_receive_errors_total",
			   "Packets that the WireGuard device received and could not take.",
			   t->rx_errors + t->rx_dropped);
	exposition_counter(out, "wgmesh_device_transmit_bytes_total",
			   "Sent by the WireGuard device.", t->tx_bytes);
	exposition_counter(out, "wgmesh_device_transmit_packets_total",
			   "Packets sent by the WireGuard device.", t->tx_packets);
	exposition_counter(out, "wgmesh_device_transmit_errors_total",
			   "Packets that the WireGuard device was given and could not send.",
			   t->tx_errors + t->tx_dropped);
}

static void put_dataplane(const struct metrics_snapshot *s, const struct metrics_readings *r,
			  struct buf *out)
{
	const struct exposition_label labels[] = { { "backend", s->backend },
						   { "device", s->device } };

	exposition_family(out, "wgmesh_dataplane_info", EXPOSITION_GAUGE,
			  "What carries the traffic, in the labels.");
	exposition_integer(out, "wgmesh_dataplane_info", labels, 2, 1);
	exposition_gauge(out, "wgmesh_dataplane_well",
			 "1 while the device can be read and has what the state asks for.",
			 s->dataplane_well && r->has_dataplane);
	if (r->has_dataplane) {
		exposition_gauge(out, "wgmesh_peers_known", "Peers that the data plane knows.",
				 (double)r->dataplane.peers_known);
		exposition_gauge(out, "wgmesh_peers_active",
				 "Peers with a handshake in the last three minutes.",
				 (double)r->dataplane.peers_active);
	}
	if (r->has_traffic)
		put_traffic(&r->traffic, out);
	if (r->has_dataplane && r->dataplane.has_module)
		put_module(&r->dataplane.module, out);
}

/* ---- the API ---- */

static const char *const codes[METRICS_CODES] = {
	"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND",
	"ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
	"ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
	"UNAUTHENTICATED",
};

/* Those that have ended well are there from the start: a rate can be told from the first one on. */
static void put_calls(const struct metrics_snapshot *s, struct buf *out)
{
	exposition_family(out, "wgmesh_grpc_requests_total", EXPOSITION_COUNTER,
			  "Calls of the API that have ended, by method and gRPC's status; those of "
			  "no method that there is under \"unknown\".");
	for (size_t i = 0; i < s->calls_count; i++)
		for (size_t code = 0; code < METRICS_CODES; code++) {
			const struct exposition_label labels[] = {
				{ "method", s->calls[i].method }, { "code", codes[code] },
			};

			if (!code || s->calls[i].ended[code])
				exposition_integer(out, "wgmesh_grpc_requests_total", labels, 2,
						   s->calls[i].ended[code]);
		}
	exposition_gauge(out, "wgmesh_grpc_requests_in_flight", "Calls of the API under way.",
			 s->calls_alive);
}

static void put_channels(const struct metrics_snapshot *s, struct buf *out)
{
	exposition_gauge(out, "wgmesh_data_channels",
			 "Clients of WebRTC that reach a service by way of this node, or are about to.",
			 (double)s->channels);
	exposition_gauge(out, "wgmesh_data_channel_connections",
			 "Connections to services that those have.",
			 (double)s->channel_connections);
}

static void put_queries(const struct metrics_snapshot *s, struct buf *out)
{
	const struct exposition_label udp = { "protocol", "udp" }, tcp = { "protocol", "tcp" };

	exposition_family(out, "wgmesh_dns_queries_total", EXPOSITION_COUNTER,
			  "Questions about names that came, by protocol.");
	exposition_integer(out, "wgmesh_dns_queries_total", &udp, 1, s->names.udp);
	exposition_integer(out, "wgmesh_dns_queries_total", &tcp, 1, s->names.tcp);
}

static void put_names(const struct metrics_snapshot *s, struct buf *out)
{
	exposition_gauge(out, "wgmesh_dns_served", "1 while this node answers for the names of the mesh.",
			 s->names.served);
	exposition_gauge(out, "wgmesh_dns_zone_serial",
			 "Index of the state from which it answers, modulo 2^32.", s->names.serial);
	exposition_gauge(out, "wgmesh_dns_zone_nodes", "Nodes of which it tells.",
			 (double)s->names.nodes);
	put_queries(s, out);
	exposition_counter(out, "wgmesh_dns_limited_total",
			   "Questions over UDP beyond the rate of their source: dropped, or sent to TCP.",
			   s->names.limited);
	exposition_gauge(out, "wgmesh_dns_connections", "Clients that are connected over TCP.",
			 (double)s->names.connections);
}

void metrics_page(const struct metrics_snapshot *s, const struct metrics_readings *r,
		  struct buf *out)
{
	put_build(s, out);
	put_process(s, r, out);
	if (r->has_process)
		put_resources(&r->process, out);
	put_turns(&s->turns, out);
	put_raft(s, out);
	put_log(s, out);
	put_state(s, out);
	put_store(r, out);
	put_dataplane(s, r, out);
	put_calls(s, out);
	put_channels(s, out);
	put_names(s, out);
}
