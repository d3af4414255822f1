# SPDX-License-Identifier: Apache-2.0
"""The names of the mesh, as two programs read them that have nothing in common with each other's parser:
dig and kdig."""
import json
import os
import re
import signal
import socket

from apilib.lan import Lan, mesh_address, wait_reaches
from apilib.mesh import Mesh
from apilib.page import read
from apilib.world import GET_STATUS, STEADY, lab, mesh, peer, peer_test
from testing import attempt, check, defer, entered, equal, sh, test, wait_until

DOMAIN = "webmesh.internal"
SECRET = "c2VjcmV0IG9mIHRoZSB0ZXN0cw=="


class Answer:
    """What a program printed: `code`, `flags`, and (name, ttl, type, data) of each section."""

    def __init__(self, text):
        head = re.search(r"status: (\w+)", text)
        check(head, "no answer: " + text)
        self.code = head[1]
        self.flags = set(re.search(r"[Ff]lags: ([a-z ]*)", text)[1].split())
        self.sections = {}
        for name, lines in re.findall(r";; (ANSWER|AUTHORITY|ADDITIONAL) SECTION:\n(.*?)\n\n", text + "\n\n", re.S):
            self.sections[name] = [tuple(line.split(None, 4)[i] for i in (0, 1, 3, 4))
                                   for line in lines.splitlines() if not line.startswith(";")]

    def data(self, section="ANSWER"):
        return {(kind, data) for _, _, kind, data in self.sections.get(section, [])}


def ask_at(ns, address, port, name, kind, *options, program="dig"):
    words = ["+noall", "+comments", "+answer", "+authority", "+additional"] if program == "dig" else ["+all"]
    code, stdout, stderr = attempt([program, "@" + address, "-p", str(port), *words, *options, name, kind], ns)
    check(code == 0, "%s %s %s: %s%s" % (program, name, kind, stdout, stderr))
    return Answer(stdout)


def ask(node, name, kind, *options, program="dig"):
    address, port = node.dns_address.split(":")
    return ask_at(node.ns, address, port, name, kind, *options, program=program)


def wait_code(node, name, kind, code, seconds=20):
    """It may not listen yet: that ends dig at once."""
    address, port = node.dns_address.split(":")

    def says():
        _, stdout, _ = attempt(["dig", "@" + address, "-p", port, "+time=1", "+tries=1", name, kind], node.ns)
        return "status: " + code in stdout
    wait_until(seconds, says, "%s says %s of %s" % (node.name, code, name))


def described(node, name):
    """(IPv4, IPv6) of a node, as the API has them."""
    code, stdout, stderr = node.wmctl("-o", "json", "get", "nodes", name)
    check(code == 0, stderr)
    told = json.loads(stdout)
    return told["private_ipv4"].split("/")[0], told["private_ipv6"].split("/")[0] + "1"


@test("every node answers for the names and addresses of all, as the API has them, and both programs read it")
def _():
    for node in mesh().nodes:
        for other in mesh().nodes:
            name = "%s.%s." % (other.name, DOMAIN)
            wait_code(node, name, "A", "NOERROR")
            answer = ask(node, name, "A")
            equal(answer.data(), {("A", described(node, other.name)[0])}, "A of %s at %s" % (name, node.name))
            check({"qr", "aa"} <= answer.flags and "ra" not in answer.flags, "flags: %s" % answer.flags)
    observer, other = mesh().nodes[-1], mesh().founder
    name = "%s.%s." % (other.name, DOMAIN)
    ipv4, ipv6 = described(observer, other.name)
    for program in ("dig", "kdig"):
        for options in ((), ("+tcp",)):
            equal(ask(observer, name, "A", *options, program=program).data(), {("A", ipv4)}, "A of " + name)
            equal(ask(observer, name, "AAAA", *options, program=program).data(), {("AAAA", ipv6)}, "AAAA of " + name)
            text = ask(observer, name, "TXT", *options, program=program).data().pop()[1]
            check('"id=%s"' % other.name in text and '"grpc_port=%d"' % other.grpc_port in text, "TXT: " + text)
    address, port = observer.dns_address.split(":")
    for reverse in (ipv4, ipv6):
        equal(sh(["dig", "@" + address, "-p", port, "+short", "-x", reverse], observer.ns).strip(), name, "PTR of " + reverse)


@test("a name that is not there, a type that it lacks and somebody else's name are three answers, the first two with the SOA record")
def _():
    node = mesh().founder
    wait_code(node, "n1." + DOMAIN, "A", "NOERROR")
    missing, lacking, other = (ask(node, *question) for question in (
        ("nobody." + DOMAIN, "A"), ("n1." + DOMAIN, "MX"), ("example.org", "A")))
    equal([missing.code, lacking.code, other.code], ["NXDOMAIN", "NOERROR", "REFUSED"], "codes")
    for answer in (missing, lacking):
        equal([kind for kind, _ in answer.data("AUTHORITY")], ["SOA"], "authority")
        check("aa" in answer.flags and not answer.data(), "answer: %s" % answer.sections)
    check("aa" not in other.flags and not other.sections.get("AUTHORITY"), "of others: %s" % other.sections)
    equal([kind for kind, _ in ask(node, DOMAIN, "SOA").data()], ["SOA"], "SOA")
    equal(ask(node, DOMAIN, "NS").data(), {("NS", "n1.%s." % DOMAIN)}, "NS")


@test("who joins is found at every node, and is no more when it has left; the serial number has grown")
def _():
    some = Mesh(lab(), *STEADY)
    defer(some.stop)

    def serial(node):
        return int(ask(node, DOMAIN, "SOA").data().pop()[1].split()[2])

    second = some.add("n2", "voter", *STEADY)
    wait_code(second, "n1." + DOMAIN, "A", "NOERROR")
    before = serial(some.founder)
    some.add("db.east", "observer", *STEADY)
    for node in some.nodes:
        wait_code(node, "db.east." + DOMAIN, "A", "NOERROR")
        equal(ask(node, "east." + DOMAIN, "A").code, "NOERROR", "the name between")
    between = serial(some.founder)
    check(before < between, "serial: %d, %d" % (before, between))
    some.nodes.pop().stop()
    code, _, stderr = some.leader().wmctl("node", "remove", "db.east", identity=some.founder.dir / "admin")
    check(code == 0, stderr)
    for node in some.nodes:
        wait_code(node, "db.east." + DOMAIN, "A", "NXDOMAIN")
        equal(ask(node, "east." + DOMAIN, "A").code, "NXDOMAIN", "the name between")
    check(between < serial(some.founder), "the serial number stays")


@test("all names at once are for who has a key, whose file is for its owner alone, and is read again at SIGHUP")
def _():
    some = Mesh(lab(), *STEADY, "--dns-keys", "/nonexistent/keys", "--domain", "mesh.example")
    defer(some.stop)
    node = some.founder
    address, port = node.dns_address.split(":")
    keys = node.dir / "keys"
    wait_code(node, "n1.mesh.example", "A", "NOERROR")
    node.wait_log("dns-keys-refused", "/nonexistent/keys")
    keys.write_text("# of a secondary\nhmac-sha256:backup:%s\n" % SECRET)
    os.chmod(keys, 0o644)
    node.stop()
    node.start("--dns-keys", str(keys))
    node.wait_log("dns-keys-refused", "chmod 600", seconds=20)

    def transfer(program, *options):
        _, stdout, _ = attempt([program, "@" + address, "-p", port, "mesh.example", "AXFR", *options], node.ns)
        return re.findall(r"^\S+\s+\d+\s+(?:IN\s+)?([A-Z]+)\s", stdout, re.M)

    key = ("-y", "hmac-sha256:backup:" + SECRET)
    wait_code(node, "n1.mesh.example", "A", "NOERROR")
    check("SOA" not in transfer("dig", *key), "a key that others may read was taken")
    os.chmod(keys, 0o600)
    node.process.send_signal(signal.SIGHUP)
    wait_until(20, lambda: "SOA" in transfer("dig", *key), "the key is taken")
    for program in ("dig", "kdig"):
        found = transfer(program, *key)
        equal([kind for kind in found if kind not in ("TSIG", "ANY")], ["SOA", "NS", "A", "AAAA", "TXT", "SOA"], "transfer by " + program)
        for wrong in ((), ("-y", "hmac-sha256:backup:d3Jvbmc="), ("-y", "hmac-sha256:other:" + SECRET)):
            check("SOA" not in transfer(program, *wrong), "%s got all by %s" % (program, wrong))
    check(SECRET not in node.log_text(), "the log has the secret")


@test("a port that is another's costs the names, and nothing else; off says nothing, and both change at SIGHUP")
def _():
    with entered(lab().ns):
        taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    taken.bind(("127.0.0.1", 0))
    defer(taken.close)
    node = lab().node("n1").init(*STEADY)
    own = node.dns_address
    config = node.dir / "wgmeshd.yaml"
    config.write_text("dns-address: 127.0.0.1:%d\n" % taken.getsockname()[1])
    node.start("--config", str(config))
    defer(node.stop)
    wait_until(20, node.leads, "n1 leads")
    node.wait_log("dns-not-served", "somebody else listens", seconds=20)

    def reload(text):
        config.write_text(text)
        node.process.send_signal(signal.SIGHUP)

    def answers():
        return attempt(["dig", "+time=1", "+tries=1", "@127.0.0.1", "-p", own.split(":")[1], "n1." + DOMAIN], node.ns)[0] == 0

    reload("dns-address: %s\n" % own)
    wait_until(20, answers, "it answers where it was told last")
    reload("dns-address: %s\ndns: off\n" % own)
    wait_until(20, lambda: not answers(), "it is off")


@test("questions are counted by protocol, and of how many nodes is told, from which state")
def _():
    node = mesh().founder
    wait_code(node, "n1." + DOMAIN, "A", "NOERROR")
    wait_until(20, lambda: read(node)["wgmesh_dns_zone_nodes"] == read(node)["wgmesh_nodes"], "names have all nodes")
    udp, tcp = ('wgmesh_dns_queries_total{protocol="%s"}' % protocol for protocol in ("udp", "tcp"))
    before = read(node)
    for _ in range(5):
        ask(node, "n1." + DOMAIN, "A")
    for _ in range(3):
        ask(node, "nobody." + DOMAIN, "A", "+tcp")
    # What was asked directly before is on a later page maybe.
    wait_until(20, lambda: before[udp] + 5 <= read(node)[udp] < before[udp] + 50 and
               before[tcp] + 3 <= read(node)[tcp] < before[tcp] + 5, "all are counted")
    found = read(node)
    equal((found["wgmesh_dns_served"], found["wgmesh_dns_limited_total"]), (1, 0), "served, limited")
    serial = int(ask(node, DOMAIN, "SOA").data().pop()[1].split()[2])
    check(before["wgmesh_dns_zone_serial"] <= serial <= read(node)["wgmesh_raft_applied_index"] + 1, "serial number %d" % serial)


@peer_test("a status has the feature of names, and that of metrics, while a node serves them, and not else")
def _():
    node = lab().node("n1").init(*STEADY)
    config = node.dir / "wgmeshd.yaml"

    def features():
        told = set(peer().call(node.as_admin(), GET_STATUS).reply["features"])
        return [feature in told for feature in ("MESH_DNS", "METRICS")]

    config.write_text("dns: off\n")
    node.start("--config", str(config), "--metrics-address", "none")
    defer(node.stop)
    wait_until(20, node.leads, "n1 leads")
    equal(features(), [False, False], "features without")
    config.write_text("dns: on\n")
    node.process.send_signal(signal.SIGHUP)
    wait_until(20, lambda: features() == [True, False], "names are a feature")
    node.stop()
    node.start()
    wait_until(20, node.leads, "n1 leads again")
    wait_until(20, lambda: features() == [True, True], "both are features")


@test("in a mesh with a data plane a node is asked by its address in the mesh, at port 53")
def _():
    net = Lan()
    defer(net.close)
    some = Mesh(net, *STEADY, "--dns-address", "mesh")
    defer(some.stop)
    second = some.add("n2", "observer", *STEADY, "--dns-address", "mesh")
    address = mesh_address(some.founder, second)
    wait_reaches(some.founder.ns, address)
    second.wait_log("event=dns ", "address=%s:53" % address, seconds=20)
    for options in ((), ("+tcp",)):
        answer = ask_at(some.founder.ns, address, 53, "n1." + DOMAIN, "A", *options)
        equal(answer.data(), {("A", mesh_address(second, some.founder))}, "n1 as n2 tells it")
