# SPDX-License-Identifier: Apache-2.0
"""Much at once, and things left lying about: all of it is bounded, and nothing of it stays."""
import signal
import socket
import ssl
import time

from apilib.world import (DESCRIBE, FOLLOW, GET_NODE, GET_STATUS, JOIN, LIST_NODES, at, call, join, lab, mesh, new_machine,
                          nodes_of, peer, peer_test)
from apilib.machine import ENROLL, Machine
from apilib.peer import wait_message
from testing import check, defer, entered, equal, sh, wait_until

MANY = 50


def follow(to):
    return peer().open(to, FOLLOW, {"from_index": 1})


@peer_test("fifty machines that join at once have fifty different addresses")
def _():
    leader = mesh().leader()
    token = mesh().token("--uses", str(MANY))
    machines = [Machine(lab().folder / "machines" / ("many%d" % i), "many%d" % i) for i in range(MANY)]
    calls = [peer().start("call", leader.anybody(), ENROLL, one.enroll_request(token)) for one in machines]
    for machine, one in zip(machines, calls):
        answer = one.wait()
        equal(answer.code, "OK", answer.details)
        machine.keep(answer.reply)
    calls = [peer().start("call", at(one, leader), JOIN, one.join_request()) for one in machines]
    answers = [one.wait() for one in calls]
    equal({answer.code for answer in answers}, {"OK"}, "codes")
    equal(len({answer.reply["address_ipv4"] for answer in answers}), MANY, "IPv4 addresses")
    equal(len({answer.reply["network_ipv6"] for answer in answers}), MANY, "IPv6 networks")
    for machine in machines:
        peer().forget(at(machine, leader))
    mesh().wait_level()
    told = [{name: (node["private_ipv4"], node["private_ipv6"]) for name, node in nodes_of(node).items()}
            for node in mesh().nodes]
    check(all(nodes == told[0] for nodes in told), "nodes tell different addresses")


def leave_behind(node):
    """Calls that are cancelled, that run out of time, and streams that are dropped."""
    admin = mesh().founder.as_admin(node)
    calls = [peer().start("call", admin, path, request, **how)
             for path, request in ((LIST_NODES, {}), (DESCRIBE, {}), (GET_NODE, {"id": "n1"}))
             for how in ({"cancel": 0}, {"cancel": 1}, {"deadline": 1}) for _ in range(10)]
    streams = [follow(node.as_itself()) for _ in range(20)]
    for stream in streams[:10]:
        wait_message(stream)
    for stream in streams:
        stream.cancel()
    check(all(one.wait().code in ("OK", "CANCELLED", "DEADLINE_EXCEEDED") for one in calls), "codes")
    equal({stream.wait().code for stream in streams}, {"CANCELLED"}, "codes of streams")
    for to in (admin, node.as_itself()):
        peer().forget(to)


@peer_test("calls that are cancelled or late leave no descriptor behind")
def _():
    node = mesh().nodes[1]
    leave_behind(node)
    wait_until(10, lambda: node.descriptors() < 60, "the first round is gone")
    before = node.descriptors()
    for _ in range(3):
        leave_behind(node)
    wait_until(10, lambda: node.descriptors() <= before + 2, "no more than %d descriptors" % before)


def connect(port, tls=None):
    connection = socket.create_connection(("127.0.0.1", port), 10)
    return tls.wrap_socket(connection, server_hostname="wgmesh.internal") if tls else connection


@peer_test("two hundred idle connections, half of them with a certificate, keep nobody out")
def _():
    node = mesh().nodes[2]
    before = node.descriptors()
    tls = ssl.create_default_context(cafile=str(node.dir / "identity/ca.pem"))
    tls.load_cert_chain(node.dir / "identity/node.pem")
    tls.set_alpn_protocols(["h2"])
    idle, deadline = [], time.monotonic() + 60
    with entered(lab().ns):
        for port, how, count in ((node.grpc_port, None, 100), (node.grpc_port, tls, 100), (node.raft_port, None, 50)):
            for _ in range(count):
                check(time.monotonic() < deadline, "only %d connections are taken in a minute" % len(idle))
                idle.append(connect(port, how))
    answer = call(node.as_itself(), DESCRIBE, deadline=5000)
    equal((answer.code, answer.reply["role"] in ("voter", "leader"), answer.reply["leader_id"] != ""),
          ("OK", True, True), "with all of them open")
    equal(len(nodes_of(node)) >= 4, True, "its nodes")
    for connection in idle:
        connection.close()
    wait_until(15, lambda: node.descriptors() <= before + 3, "their descriptors are gone")


@peer_test("a daemon with live streams ends within three seconds of SIGTERM, with exit code 0")
def _():
    node = mesh().nodes[3]
    streams = [follow(node.as_itself()) for _ in range(10)]
    for stream in streams:
        wait_message(stream)
    code, seconds = node.stop(signal.SIGTERM)
    node.start()
    equal(code, 0, "exit code")
    check(seconds < 3, "it took %.1f s" % seconds)
    for stream in streams:
        check(stream.wait().code in ("UNAVAILABLE", "CANCELLED"), "the stream's end")
    for other in (mesh().nodes[0], mesh().nodes[3]):
        peer().forget(other.as_itself())
    node.wait_status(role="observer", leader=mesh().leader().name)


def black_hole():
    """Addresses of the mesh swallow what is sent to them, until the test ends."""
    ns = lab().ns
    sh("ip -n %s link add hole type veth peer name bottom" % ns)
    defer(sh, "ip -n %s link del hole" % ns)
    sh("ip -n %s address add fdff::1/64 dev hole nodad" % ns)
    for device in ("bottom", "hole"):
        sh("ip -n %s link set %s up" % (ns, device))
    sh("ip -n %s -6 neighbour add fdff::2 lladdr 02:00:00:00:00:01 dev hole nud permanent" % ns)
    sh("ip -n %s -6 route add fd00::/8 via fdff::2" % ns)


@peer_test("a daemon that asks a node that is silent ends within three seconds all the same")
def _():
    machine = new_machine()
    equal(join(machine).code, "OK", "joining")
    black_hole()
    node = mesh().nodes[1]
    mesh().wait_level()
    ask = [peer().start("call", node.as_itself(), GET_STATUS, {"id": machine.name}) for _ in range(5)]
    ask += [peer().start("call", node.as_itself(), GET_STATUS, {"id": machine.name}, cancel=50) for _ in range(5)]
    wait_until(5, lambda: all(not one.ended.empty() for one in ask[5:]), "those that were cancelled end")
    check(all(one.ended.empty() for one in ask[:5]), "the silent node has answered")
    code, seconds = node.stop(signal.SIGTERM)
    node.start()
    equal(code, 0, "exit code (%s)" % node.tail())
    check(seconds < 3, "it took %.1f s" % seconds)
    peer().forget(node.as_itself())
    node.wait_status(leader=mesh().leader().name)


@peer_test("an observer whose source ends goes on with another one")
def _():
    observer = mesh().nodes[3]
    source = mesh().nodes[["n1", "n2", "n3"].index(
        [line for line in observer.log_text().splitlines() if "event=following " in line][-1]
        .split("source=")[1].split()[0])]
    code, _ = source.stop()
    source.start()
    equal(code, 0, "exit code of its source")
    machine = new_machine()
    answer = call(at(machine, mesh().leader()), JOIN, machine.join_request())
    equal(answer.code, "OK", answer.details)
    wait_until(20, lambda: machine.name in nodes_of(observer), "the observer hears of a new node")
    source.wait_status(leader=mesh().leader().name)
