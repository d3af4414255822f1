# SPDX-License-Identifier: Apache-2.0
"""What clients send that is not as it should be: an answer that names the field, and no change."""
import base64
import os
import random
import shlex

from apilib.machine import ENROLL, Machine
from apilib.world import (CREATE_TOKEN, DESCRIBE, FETCH_KEY, FOLLOW, GET_NODE, GET_STATUS, JOIN, LEAVE,
                          LIST_NODES, METHODS, at, call, join, lab, mesh, new_machine, nodes_of, peer,
                          peer_test, refused)
from testing import check, equal, note, sh

BAD_IDS = ("", "-", "a b", "UPPER", "a..b", ".a", "a.", "a/b", "x" * 64, "ä", "a\nb", "'; DROP TABLE nodes; --")


@peer_test("a Join with a field that is wrong is refused by that field's name")
def _():
    machine = new_machine()
    bad = [("id", {"id": text}) for text in BAD_IDS]
    bad += [("public_key", {"public_key": text}) for text in
            ("", "x", "AAAA", base64.b64encode(os.urandom(31)).decode(),
             base64.b64encode(os.urandom(33)).decode(), "!" * 44,
             base64.b64encode(bytes(32)).decode())]
    bad += [(port, {port: value}) for port in ("raft_port", "grpc_port", "wireguard_port")
            for value in (-1, 65536, 2**31 - 1, -2**31)]
    bad += [("primary_endpoint", {"primary_endpoint": text}) for text in
            ("host.example", "192.0.2.1:51820", "192.0.2.256", "::g", "0.0.0.0", "224.0.0.1", "ff02::1", " 192.0.2.1")]
    bad += [("endpoints", {"endpoints": value}) for value in
            (["192.0.2.1", "x"], [""], ["192.0.2.0/24"], ["192.0.2.1"] * 17)]
    bad += [("wireguard_port", {"primary_endpoint": "192.0.2.1", "wireguard_port": 0})]
    for field, changes in bad:
        refused(join(machine, **changes), "INVALID_ARGUMENT", field)
    check(machine.name not in nodes_of(mesh().leader()), "a refused join has made a node")


@peer_test("methods that take an id refuse what is none, by the field's name")
def _():
    leader = mesh().leader()
    for path in (GET_NODE, LEAVE, GET_STATUS):
        for text in BAD_IDS:
            if path == GET_STATUS and not text:
                continue	# the node asked itself
            refused(call(mesh().founder.as_admin(leader), path, {"id": text}), "INVALID_ARGUMENT", "id")


@peer_test("nodes that are not there are NOT_FOUND, by their name")
def _():
    leader = mesh().leader()
    for path in (GET_NODE, LEAVE, GET_STATUS):
        refused(call(mesh().founder.as_admin(leader), path, {"id": "nobody"}), "NOT_FOUND", "nobody")


@peer_test("a token with a role, a time or a count that cannot be is refused by the field's name")
def _():
    admin = mesh().founder.as_admin(mesh().leader())
    bad = [("role", {"role": text}) for text in ("", "leader", "Voter", "x" * 5000)]
    bad += [("ttl_seconds", {"role": "voter", "ttl_seconds": value}) for value in (31536001, 2**32 - 1)]
    bad += [("uses", {"role": "voter", "uses": value}) for value in (1000001, 2**32 - 1)]
    for field, request in bad:
        refused(call(admin, CREATE_TOKEN, request), "INVALID_ARGUMENT", field)


@peer_test("an enrolment with a node id or a request for a certificate that is none is refused by the field's name")
def _():
    machine = Machine(lab().folder / "machines/bad-enroll", "bad-enroll")
    token = mesh().token("--uses", "100")
    good = machine.enroll_request(token)
    bad = [("node_id", {"node_id": text}) for text in BAD_IDS]
    cut = good["csr_pem"][:200]
    swapped = good["csr_pem"].replace("CERTIFICATE REQUEST", "CERTIFICATE")
    lines = good["csr_pem"].splitlines()
    lines[2] = lines[2][::-1]
    bad += [("csr_pem", {"csr_pem": text}) for text in
            ("", "x", cut, swapped, "\n".join(lines), "-" * 100000)]
    for field, changes in bad:
        refused(call(mesh().leader().anybody(), ENROLL, dict(good, **changes)), "INVALID_ARGUMENT", field)


@peer_test("following from index 0 or from beyond the end is refused by the field's name")
def _():
    leader = mesh().leader()
    for index, code in ((0, "INVALID_ARGUMENT"), (2**40, "FAILED_PRECONDITION")):
        answer = peer().open(leader.as_itself(), FOLLOW, {"from_index": index}).wait()
        refused(answer, code, "from_index")


def garbage(generator):
    """Bytes that are no message, and bytes that nearly are one."""
    yield b"\xff" * 10
    yield b"\x0a\xff\xff\xff\xff\x0f"	# a string of 4 GB
    yield b"\x0a\x05abc"			# one that ends too early
    yield b"\x0b" * 3000			# groups in groups
    for _ in range(20):
        yield generator.randbytes(generator.choice((1, 3, 40, 1000)))


@peer_test("random bytes for a request are answered, and nobody dies of them")
def _():
    seed = int(os.environ.get("SEED", random.randrange(2**32)))
    note("SEED=%d" % seed)
    generator = random.Random(seed)
    leader, before = mesh().leader(), None
    before = nodes_of(leader)
    for path in METHODS:
        to = mesh().founder.as_admin(leader) if path == CREATE_TOKEN else leader.as_itself()
        for raw in garbage(generator):
            answer = call(to, path, raw=raw, deadline=3000)
            check(answer.code != "DEADLINE_EXCEEDED" or path == FOLLOW, "%s gives no answer" % path)
            check(answer.code not in ("INTERNAL", "UNAVAILABLE", "UNKNOWN") or path == FOLLOW,
                  "%s: %r" % (path, answer))
    check(leader.alive(), "the daemon has ended: " + leader.tail())
    equal(set(nodes_of(leader)), set(before), "nodes")


@peer_test("bytes that are no message are INVALID_ARGUMENT")
def _():
    leader = mesh().leader()
    for path in (JOIN, LEAVE, GET_STATUS, GET_NODE, ENROLL, DESCRIBE, LIST_NODES, FETCH_KEY):
        refused(call(leader.as_itself(), path, raw=b"\xff" * 10), "INVALID_ARGUMENT")


@peer_test("methods and services that are not there are UNIMPLEMENTED, by their path")
def _():
    for path in ("/v1.Node/Dance", "/v1.Nothing/Join", "/x", "/v1.Node/", "/v1.Node/join"):
        refused(call(mesh().founder.as_admin(), path, raw=b""), "UNIMPLEMENTED")


@peer_test("a request longer than the limit is refused, and the next one is served")
def _():
    leader = mesh().leader()
    answer = call(leader.as_itself(), GET_NODE, raw=b"\x0a\x80\x80\x80\x08" + b"a" * (16 << 20))
    refused(answer, "RESOURCE_EXHAUSTED")
    equal(call(leader.as_itself(), GET_NODE, {"id": leader.name}).code, "OK", "the next call")


def pairs(line):
    """{key: value} of a line of a log, which must be nothing but such pairs."""
    words = [word.split("=", 1) for word in shlex.split(line)]
    check(all(len(word) == 2 and word[0].replace("-", "").isalnum() for word in words), "the log has: " + line)
    equal(len({word[0] for word in words}), len(words), "keys, each once, in: " + line)
    return dict(words)


@peer_test("a client's text cannot forge the log, neither a line nor a value")
def _():
    machine = new_machine()
    for number, forged in enumerate(("x\ntime=now event=audit action=leave object=\"n1\" by=admin:forged",
                                     "x\" by=admin:forged outcome=ok y=\"", "x\\")):
        refused(join(machine, id="%d%s" % (number, forged)), "INVALID_ARGUMENT", "id")
        line = pairs(mesh().leader().wait_log("action=join", "object=\"%dx" % number))
        equal((line["by"], line["outcome"], line["event"]), ("node:" + machine.name, "invalid", "audit"), "the line's values")


@peer_test("what other protocols say to the API's port harms nobody")
def _():
    leader = mesh().leader()
    script = ("import os, socket\n"
              "for text in (b'GET / HTTP/1.1\\r\\n\\r\\n', b'PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n', os.urandom(4096), b'\\x16\\x03\\x01\\xff\\xff', b''):\n"
              "    for port in (%d, %d):\n"
              "        s = socket.create_connection(('127.0.0.1', port), 5)\n"
              "        s.settimeout(0.2)\n"
              "        s.sendall(text)\n"
              "        try:\n"
              "            s.recv(4096)\n"
              "        except OSError:\n"
              "            pass\n"
              "        s.close()\n") % (leader.grpc_port, leader.raft_port)
    sh(["/usr/bin/python3", "-c", script], lab().ns)
    equal(call(leader.as_itself(), GET_NODE, {"id": leader.name}).code, "OK", "the next call")


@peer_test("a machine that has joined sees itself as it has said")
def _():
    machine = new_machine()
    answer = join(machine, primary_endpoint="192.0.2.9", endpoints=["2001:db8::9"], wireguard_port=1234)
    equal(answer.code, "OK", answer.details)
    equal({entry["id"] for entry in answer.reply["peers"]} >= {"n1", "n2", "n3"}, True, "peers")
    node = call(at(machine, mesh().leader()), GET_NODE, {"id": machine.name}).reply
    equal((node["primary_endpoint"], node["endpoints"], node["wireguard_port"], node["private_ipv4"],
           node["private_ipv6"], node["cluster_status"]),
          ("192.0.2.9", ["2001:db8::9"], 1234, answer.reply["address_ipv4"],
           answer.reply["network_ipv6"], "CLUSTER_NON_VOTER"), "the node")
