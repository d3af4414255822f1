# SPDX-License-Identifier: Apache-2.0
"""Metrics: the page for Prometheus, v1.NodeMetrics, and what comes with the packages to read them."""
import json
import re
import shutil
import socket
import time

from apilib.lan import Lan, mesh_address, wait_reaches
from apilib.machine import random_key
from apilib.mesh import Mesh
from apilib.node import ROOT
from apilib.page import ask, values
from apilib.world import STEADY, lab, mesh
from testing import attempt, check, defer, entered, equal, sh, test, wait_until

PROMTOOL = shutil.which("promtool")
if not PROMTOOL:
    print("skipped: what promtool says of page and rules: it is not installed (package prometheus)", flush=True)


def fetch(node):
    status, _, page = ask(node)
    equal(status, 200, "status of the page (%s)" % page[:200])
    return values(page)


def wait_value(node, name, wanted, seconds=20):
    return wait_until(seconds, lambda: wanted(fetch(node).get(name)), "%s of %s is as it should be" % (name, node.name))


def lint(page):
    if PROMTOOL:
        code, stdout, stderr = attempt([PROMTOOL, "check", "metrics"], stdin=page)
        equal((code, stdout + stderr), (0, ""), "what promtool says of the page")


@test("every node of a mesh has a page that Prometheus' own tool finds nothing wrong with, and that says what wmctl says")
def _():
    for node in mesh().nodes:
        wait_value(node, "wgmesh_nodes", lambda value: value == node.status()["nodes"])	# of the second before
        status, headers, page = ask(node)
        equal((status, headers["Content-Type"]), (200, "text/plain; version=0.0.4; charset=utf-8"), "head of the page")
        lint(page)
        told = node.status()
        found = values(page)
        role = "voter" if told["role"] == "learner" else told["role"]
        for name, wanted in (('wgmesh_raft_role{role="%s"}' % role, 1), ("wgmesh_raft_has_leader", 1),
                             ("wgmesh_raft_term", told["term"]), ("wgmesh_raft_voters", told["voters"]),
                             ("wgmesh_nodes", told["nodes"]), ("wgmesh_dataplane_well", 1), ("wgmesh_state_well", 1)):
            equal(found.get(name), wanted, "%s of %s" % (name, node.name))
        check(found["wgmesh_raft_applied_index"] <= told["applied_index"], "applied: %r" % found)
        check(found["wgmesh_snapshot_age_seconds"] < 10, "age: %r" % found["wgmesh_snapshot_age_seconds"])
        check(found["wgmesh_loop_longest_turn_seconds"] > 0, "no turn was timed")
        check(found["wgmesh_log_write_seconds_count"] > 0, "no write of the log was timed")
        check(found["process_resident_memory_bytes"] > 1e6 and found["process_open_fds"] > 5, "the process: %r" % found)
        check(found['wgmesh_store_bytes{file="state.db"}'] > 0, "no size of the state")
        equal(found.get("wgmesh_log_last_index") is not None, told["role"] != "observer", "a log of %s" % node.name)
        check("192." not in page and node.name + '"' not in page and "PRIVATE" not in page, "who somebody is: " + page)


@test("calls of the API are counted by method and by how they ended")
def _():
    node = mesh().founder
    fetch(node)
    def count(method, code):
        return values(ask(node)[2]).get('wgmesh_grpc_requests_total{method="%s",code="%s"}' % (method, code), 0)
    good, bad = count("v1.Mesh/GetNode", "OK"), count("v1.Mesh/GetNode", "NOT_FOUND")
    for _ in range(3):
        equal(node.wmctl("get", "nodes", "n1")[0], 0, "exit code for a node that there is")
    equal(node.wmctl("get", "nodes", "nobody")[0], 1, "exit code for one that there is not")
    wait_until(20, lambda: count("v1.Mesh/GetNode", "OK") >= good + 3, "three calls more are counted")
    wait_until(20, lambda: count("v1.Mesh/GetNode", "NOT_FOUND") >= bad + 1, "one more that found nobody is counted")


@test("another leader is counted as a change of it")
def _():
    some = Mesh(lab(), *STEADY)
    second = some.add("n2", "voter", *STEADY)
    some.founder.wait_status(voters=2)
    before = fetch(second).get("wgmesh_raft_leader_changes_total")
    equal(some.leader().wmctl("raft", "transfer", "n2")[0], 0, "exit code of the transfer")
    wait_value(second, "wgmesh_raft_leader_changes_total", lambda value: value == before + 1)
    wait_value(second, 'wgmesh_raft_role{role="leader"}', lambda value: value == 1)
    observer = some.add("n3", "observer", *STEADY)
    wait_until(20, lambda: sum(fetch(node)["wgmesh_followers"] for node in some.nodes) == 1, "one of them has %s as a follower" % observer.name)
    some.stop()


@test("v1.NodeMetrics is the same by the page, by wmctl here, and by wmctl from another node")
def _():
    node, other = mesh().founder, mesh().nodes[-1]
    status, headers, text = ask(node, "/node-metrics")
    equal((status, headers["Content-Type"]), (200, "application/json"), "head of the page")
    page = json.loads(text)
    code, stdout, stderr = node.wmctl("metrics", "-o", "json")
    equal((code, stderr), (0, ""), "wmctl metrics")
    here = json.loads(stdout)
    code, stdout, stderr = node.wmctl("-o", "json", "metrics", other.name)
    equal((code, stderr), (0, ""), "wmctl metrics of another node")
    there = json.loads(stdout)
    for one in (here, there):
        equal(set(one), set(page), "fields")
        for part in ("host", "cpu", "memory"):
            equal(set(one["system"][part]), set(page["system"][part]), "fields of " + part)
    equal({name: here[name] for name in ("device_name", "public_key", "address_v4", "address_v6", "type")},
          {name: page[name] for name in ("device_name", "public_key", "address_v4", "address_v6", "type")}, "the node")
    equal(there["device_name"], "api%d" % other.number, "the other's device")
    check(here["address_v4"] != there["address_v4"], "both have " + here["address_v4"])
    check(page["system"]["memory"]["total"] > 0 and page["system"]["cpu"]["user"].endswith("s"), text)
    code, stdout, _ = node.wmctl("metrics", other.name)
    check(code == 0 and re.search(r"^node +%s$" % other.name, stdout, re.M) and "memory" in stdout, stdout)
    code, _, stderr = node.wmctl("metrics", "nobody")
    check(code == 1 and "nobody" in stderr, "of a node that is not there: %d %s" % (code, stderr))
    equal(node.wmctl("metrics", "a", "b")[0], 2, "exit code of a wrong usage")


@test("what is not a request for a page is refused, and the page is served afterwards")
def _():
    node = mesh().founder
    for method, path, headers, wanted in (("POST", "/metrics", {}, 405), ("PUT", "/metrics", {}, 405),
                                          ("OPTIONS", "/metrics", {}, 405), ("GET", "/x", {}, 404),
                                          ("GET", "/../../etc/passwd", {}, 404), ("GET", "/metrics/", {}, 404),
                                          ("GET", "/metrics", {"Host": "evil.example"}, 403),
                                          ("GET", "/metrics", {"X": "x" * 20000}, 431)):
        equal(ask(node, path, method, headers)[0], wanted, "status of %s %s %.40r" % (method, path, headers))
    equal(ask(node, method="POST", body="x" * 100000)[0], 405, "status of a long body")
    head = ask(node, method="HEAD")
    equal((head[0], head[2]), (200, ""), "a HEAD")
    fetch(node)


@test("who connects and says nothing, or drips, keeps nobody out, and is gone within its time")
def _():
    node = mesh().founder
    host, port = node.metrics_address.rsplit(":", 1)
    before = node.descriptors()
    with entered(node.ns):
        crowd = [socket.create_connection((host, int(port)), timeout=20) for _ in range(60)]
        dripping = socket.create_connection((host, int(port)), timeout=0.2)
    began = time.monotonic()
    fetch(node)
    check(node.descriptors() - before < 60, "descriptors: %d, and %d before" % (node.descriptors(), before))
    def gone():
        try:
            dripping.send(b"G")
            return dripping.recv(1) == b""
        except socket.timeout:
            return False
        except OSError:
            return True
    wait_until(30, gone, "who drips is hung up on")
    check(time.monotonic() - began > 3, "who drips was hung up on at once")
    for connection in (*crowd, dripping):
        connection.close()
    wait_until(20, lambda: node.descriptors() <= before + 2, "their descriptors are free again")


@test("a port that is another's costs the page, and nothing else; none has no page; elsewhere than the loopback is refused")
def _():
    node = lab().node("crowded").init()
    host, port = node.metrics_address.rsplit(":", 1)
    with entered(node.ns), socket.create_server((host, int(port))):
        node.start()
        wait_until(20, node.leads, "it leads without its page")
        node.wait_log("level=warn", "event=metrics-not-served", "remedy=")
        node.stop()
    node.start("--metrics-address", "none")
    wait_until(20, node.leads, "it leads")
    with entered(node.ns):
        refused = socket.socket().connect_ex((host, int(port)))
    check(refused != 0, "somebody listens at %s" % node.metrics_address)
    node.stop()
    code, _, stderr = node.wgmeshd("run", "--metrics-address", "0.0.0.0:8444")
    check(code == 2 and "--metrics-address" in stderr and "loopback" in stderr and "wmctl metrics" in stderr, stderr)


def check_readers(page):
    """What comes with the packages, and the documents, name what is on the page of a node that carries traffic."""
    dashboard = json.loads((ROOT / "packaging/grafana/wgmesh.json").read_text())
    rules = (ROOT / "packaging/prometheus/wgmesh.rules.yaml").read_text()
    used = set()
    for text in (json.dumps([panel.get("targets") for panel in dashboard["panels"]]), rules):
        used |= set(re.findall(r"\bwgmesh_[a-z_]+", text))
    check(len(used) > 20, "found only %r" % used)
    families = set(re.findall(r"^# TYPE (\S+)", page, re.M))
    source = (ROOT / "include/uapi/linux/wgmesh.h").read_text()
    counters = {name.lower() for name in re.findall(r"WGMESH_A_STATS_([A-Z0-9_]+)", source)}
    for name in sorted(used):
        module = re.fullmatch(r"wgmesh_module_([a-z0-9_]+?)(_total|_bytes)?", name)
        if module:	# there is no module here: its counters are known by the header
            check(module.group(1) in counters, "the module has no counter for " + name)
        else:
            check(re.sub("_(bucket|count|sum)$", "", name) in families or name in families, name + " is on no page")
    documented = (ROOT / "docs/reference/metrics.md").read_text()
    for name in sorted(families):
        check("`%s`" % name in documented, "docs/reference/metrics.md has no " + name)
@test("promtool takes the alerts")
def _():
    if PROMTOOL:
        code, stdout, stderr = attempt([PROMTOOL, "check", "rules", str(ROOT / "packaging/prometheus/wgmesh.rules.yaml")])
        check(code == 0 and "SUCCESS" in stdout, stdout + stderr)


@test("peers and traffic of a device are on the page and in v1.NodeMetrics; dashboard, alerts and documents have no other names")
def _():
    check(shutil.which("wireguard-go"), "wireguard-go is missing")
    net = Lan()
    defer(net.close)
    some = Mesh(net, *STEADY)
    other = some.add("other", "observer", *STEADY)
    wait_reaches(some.founder.ns, mesh_address(some.founder, other))
    wait_value(some.founder, "wgmesh_peers_known", lambda value: value == 1)
    found = wait_until(20, lambda: (lambda all: all if all["wgmesh_peers_active"] == 1 else None)(fetch(some.founder)), "it is active")
    check(found["wgmesh_device_receive_bytes_total"] > 0 and found["wgmesh_device_transmit_packets_total"] > 0, repr(found))
    equal(found['wgmesh_dataplane_info{backend="userspace",device="%s"}' % some.founder.device], 1, "the backend")
    page = ask(some.founder)[2]
    lint(page)
    check_readers(page)
    code, stdout, stderr = some.founder.wmctl("-o", "json", "metrics")
    equal((code, stderr), (0, ""), "wmctl metrics")
    told = json.loads(stdout)
    equal((told["type"], told["listen_port"], len(told["peers"])), ("userspace", 20000 + some.founder.number, 1), "the device")
    one = told["peers"][0]
    check(one["public_key"] != told["public_key"] and len(one["public_key"]) == 44, "its key: %r" % one)
    check(one["endpoint"].endswith(":%d" % (20000 + other.number)), "its endpoint: %r" % one)
    check(any(mesh_address(some.founder, other) + "/32" == ip for ip in one["allowed_ips"]), "its addresses: %r" % one)
    check(re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", one["last_handshake_time"]), "its handshake: %r" % one)
    equal((one["protocol_version"], one["persistent_keep_alive"]), (1, "0s"), "the protocol")
    check(one["receive_bytes"] > 0 and one["transmit_bytes"] > 0 and told["total_receive_bytes"] > 0, "traffic: %r" % told)
    check("preshared" not in stdout and "private" not in stdout, "a secret: " + stdout)
    some.stop()


@test("ten thousand peers are counted on the page, and told in the answer")
def _():
    net = Lan()
    defer(net.close)
    node = Mesh(net, *STEADY).founder
    # WireGuard's own tool adds them: the daemon leaves alone what it has not seen.
    peers = "".join("[Peer]\nPublicKey = %s\nAllowedIPs = 10.%d.%d.%d/32\n" % (random_key(), 64 + (n >> 16), n >> 8 & 255, n & 255)
                    for n in range(10000))
    path = lab().folder / "many-peers.conf"
    path.write_text(peers)
    sh("wg addconf %s %s" % (node.device, path), node.ns)
    began = time.monotonic()
    found = wait_until(60, lambda: (lambda all: all if all.get("wgmesh_peers_known") == 10000 else None)(fetch(node)), "all are counted")
    page = time.monotonic() - began
    began = time.monotonic()
    code, stdout, stderr = node.wmctl("--timeout", "60", "-o", "json", "metrics")
    answer = time.monotonic() - began
    equal((code, stderr), (0, ""), "wmctl metrics")
    equal(len(json.loads(stdout)["peers"]), 10000, "peers in the answer")
    equal(len(json.loads(ask(node, "/node-metrics")[2])["peers"]), 10000, "peers on the page")
    longest = fetch(node)["wgmesh_loop_longest_turn_seconds"]
    print("told: 10000 peers: reading for a page %.0f ms, page %.0f ms, wmctl metrics %.0f ms, the loop's longest turn %.0f ms" %
          (1000 * found["wgmesh_reading_seconds"], 1000 * page, 1000 * answer, 1000 * longest), flush=True)
