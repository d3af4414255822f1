# SPDX-License-Identifier: Apache-2.0
"""Calls that another node answers: the leader for what only it can do, and the node that is asked about."""
import time

from apilib.mesh import Mesh
from apilib.world import (CREATE_TOKEN, ENROLL, FETCH_KEY, GET_NODE, GET_STATUS, JOIN, LEAVE, LIST_ACLS, LIST_NODES, PUT_ACL,
                          at, call, join, lab, mesh, new_machine, peer, peer_test, refused)
from apilib.machine import Machine
from testing import check, equal, wait_until

SET_ROLE = "/webmesh.ext.v1.Servers/SetRole"


def followers():
    """The voters that do not lead."""
    leader = mesh().leader()
    return [node for node in mesh().nodes[:3] if node is not leader]


def direct(to, path, request=None, **more):
    """One call, which goes nowhere else by itself; again only if the leader has changed meanwhile."""
    for _ in range(50):
        answer = peer().call(to, path, request, **more)
        if answer.code != "UNAVAILABLE" or "try again" not in answer.details:
            break
        time.sleep(0.1)
    return answer


@peer_test("a whole life by way of a voter that does not lead: token, enrolment, joining, an ACL, leaving")
def _():
    for node in followers():
        admin = mesh().founder.as_admin(node)
        token = direct(admin, CREATE_TOKEN, {"role": "observer"})
        equal(token.code, "OK", token.details)
        machine = Machine(lab().folder / "machines" / ("by-" + node.name), "by-" + node.name)
        enrolled = direct(node.anybody(), ENROLL, machine.enroll_request(token.reply["token"]))
        equal(enrolled.code, "OK", enrolled.details)
        machine.keep(enrolled.reply)
        joined = direct(at(machine, node), JOIN, machine.join_request())
        equal((joined.code, bool(joined.reply["address_ipv4"])), ("OK", True), joined.details)
        equal(direct(admin, PUT_ACL, {"name": "by", "patterns": ["*"], "action": 1}).code, "OK", "an ACL")
        equal(direct(admin, "/v1.Admin/DeleteRaftACL", {"name": "by"}).code, "OK", "an ACL")
        equal(direct(at(machine, node), LEAVE, {"id": machine.name}).code, "OK", "leaving")


@peer_test("the leader knows who calls, and through whom: what he may not he may not by the proxy either")
def _():
    node = followers()[0]
    machine, other = new_machine(), new_machine()
    for one in (machine, other):
        equal(direct(at(one, node), JOIN, one.join_request()).code, "OK", "joining")
    refused(direct(at(machine, node), LEAVE, {"id": other.name}), "PERMISSION_DENIED", machine.name)
    refused(direct(at(machine, node), LEAVE, {"id": node.name}), "PERMISSION_DENIED", machine.name)
    refused(direct(at(machine, node), JOIN, other.join_request()), "PERMISSION_DENIED", machine.name)
    refused(direct(at(machine, node), CREATE_TOKEN, {"role": "voter"}), "PERMISSION_DENIED")
    refused(direct(at(machine, node), LIST_ACLS), "PERMISSION_DENIED")
    refused(direct(node.anybody(), LEAVE, {"id": other.name}), "UNAUTHENTICATED")
    equal(direct(mesh().founder.as_admin(node), LEAVE, {"id": other.name}).code, "OK", "an administrator")
    wait_until(10, lambda: any(n.log_has("action=leave", other.name, "by=admin:", "through=" + node.name, "outcome=ok")
                               for n in mesh().nodes), "the audit tells who and through whom")
    refused(direct(at(other, node), LEAVE, {"id": other.name}), "PERMISSION_DENIED", "taken out")


@peer_test("a name that a caller gives himself is believed of nobody but voters, by way of any node")
def _():
    machine = new_machine()
    equal(join(machine).code, "OK", "joining")
    for node in mesh().nodes:
        for claim in ("admin/root", "node/n1", "node/" + machine.name, "nobody/x", "", "admin/"):
            for path, request in ((CREATE_TOKEN, {"role": "voter"}), (LEAVE, {"id": "n2"}), (FETCH_KEY, {})):
                answer = peer().call(at(machine, node), path, request, metadata={"wgmesh-caller": claim})
                refused(answer, "PERMISSION_DENIED")
        refused(peer().call(at(machine, node), LIST_NODES, metadata={"wgmesh-caller": "nobody"}), "UNAUTHENTICATED")
        refused(peer().call(node.anybody(), CREATE_TOKEN, {}, metadata={"wgmesh-caller": "admin/root"}), "PERMISSION_DENIED")


@peer_test("a node that does not vote passes on what needs no name, and for the rest tells where the leader is")
def _():
    observer = mesh().nodes[3]
    leader = mesh().leader()
    admin = mesh().founder.as_admin(observer)
    machine = Machine(lab().folder / "machines" / "by-observer", "by-observer")
    enrolled = direct(observer.anybody(), ENROLL, machine.enroll_request(mesh().token()))
    equal(enrolled.code, "OK", enrolled.details)
    equal(direct(admin, LIST_NODES, metadata={"prefer-leader": "true"}).code, "OK", "a read")
    equal(direct(observer.as_itself(), JOIN, {"id": "x"}).code, "INVALID_ARGUMENT", "its own call")
    machine.keep(enrolled.reply)
    for to, path in ((admin, CREATE_TOKEN), (admin, LEAVE), (at(machine, observer), JOIN)):
        wait_until(10, lambda t=to, p=path: (lambda answer, now: answer.code == "FAILED_PRECONDITION" and now.name in
                   answer.details and now.address in answer.details)(peer().call(t, p), mesh().leader()),
                   "%s names the leader (%s)" % (path, leader.name))
    features = call(admin, GET_STATUS).reply["features"]
    check("LEADER_PROXY" not in features and "LEADER_PROXY" in call(mesh().founder.as_itself(), GET_STATUS).reply["features"],
          "features: %s" % features)


@peer_test("a voter that is told to pass nothing on tells where the leader is")
def _():
    small = Mesh(lab())
    quiet = small.add("n2", "voter", "--leader-proxy", "off")
    quiet.wait_status(role="voter", leader="n1")
    admin = small.founder.as_admin(quiet)
    for path, more in ((CREATE_TOKEN, {}), (LIST_NODES, {"metadata": {"prefer-leader": "true"}})):
        refused(peer().call(admin, path, **more), "FAILED_PRECONDITION", "n1", small.founder.address)
    check("LEADER_PROXY" not in call(admin, GET_STATUS).reply["features"], "it says that it would")
    small.stop()


@peer_test("errors come back as the leader has said them, with status and text")
def _():
    node = followers()[0]
    for path, request in ((LEAVE, {"id": "nobody-here"}), (LEAVE, {"id": "BAD"}), (CREATE_TOKEN, {"role": "king"}),
                          (SET_ROLE, {"node_id": "n1", "role": "voter"})):
        by, straight = (direct(mesh().founder.as_admin(to), path, request) for to in (node, mesh().leader()))
        equal((by.code, by.details), (straight.code, straight.details), path)
        check(by.code not in ("OK", "UNAVAILABLE", "INTERNAL"), "%s: %r" % (path, by))
    refused(peer().call(mesh().founder.as_admin(node), LEAVE, raw=b"\xff\xff\xff"), "INVALID_ARGUMENT")


@peer_test("a call that was passed on already is not passed on again")
def _():
    for node in followers() + mesh().nodes[3:]:
        marked = {"metadata": {"wgmesh-forwarded": "1"}}
        refused(peer().call(mesh().founder.as_admin(node), CREATE_TOKEN, {}, **marked), "UNAVAILABLE", "does not lead")
        refused(peer().call(mesh().founder.as_admin(node), GET_STATUS, {"id": "n1" if node.name != "n1" else "n2"}, **marked),
                "UNAVAILABLE", node.name)


@peer_test("a read goes to the leader when the caller prefers it, and stays otherwise")
def _():
    observer = mesh().nodes[3]
    leader = mesh().leader()
    others = [node for node in mesh().nodes[:3] if node is not leader]
    small = Mesh(lab())
    small.add("n2", "voter")
    follower = next(node for node in small.nodes if node is not small.leader())
    small.wait_level()
    admin = small.founder.as_admin(follower)
    for node in [observer, *others]:
        for prefer in ({"prefer-leader": "true"}, {"wgmesh-read": "linearizable"}, {"prefer-leader": "false"}):
            answer = direct(mesh().founder.as_admin(node), GET_NODE, {"id": "n1"}, metadata=prefer)
            equal((answer.code, answer.reply and answer.reply["id"]), ("OK", "n1"), "%r of %s" % (prefer, node.name))
    # With the leader gone for good there is nobody to prefer, and reads go on.
    small.leader().kill()
    wait_until(10, lambda: not follower.status().get("leader"), "the follower knows no leader")
    equal(peer().call(admin, LIST_NODES).code, "OK", "a read")
    for path, more in ((LIST_NODES, {"metadata": {"prefer-leader": "true"}}), (CREATE_TOKEN, {})):
        refused(peer().call(admin, path, **more), "UNAVAILABLE", "no leader")
    small.stop()


@peer_test("deadline and cancellation of a call reach the leader's, and a leader that stands still, and is killed then, costs no more")
def _():
    small = Mesh(lab(), "--tick-ms", "1000")	# so that the one that stands still goes on being the leader
    small.add("n2", "voter", "--tick-ms", "1000")
    leader = small.leader()
    follower = next(node for node in small.nodes if node is not leader)
    follower.wait_status(leader=leader.name, voters=2)
    admin = small.founder.as_admin(follower)
    equal(direct(admin, CREATE_TOKEN, {"role": "observer"}).code, "OK", "before")
    leader.process.send_signal(19)
    try:
        began = time.monotonic()
        equal(peer().call(admin, CREATE_TOKEN, {"role": "observer"}, deadline=700).code, "DEADLINE_EXCEEDED", "a deadline")
        equal(peer().call(admin, CREATE_TOKEN, {"role": "observer"}, cancel=200).code, "CANCELLED", "a cancellation")
        check(time.monotonic() - began < 5, "it took %.1f s" % (time.monotonic() - began))
        equal(peer().call(admin, LIST_NODES).code, "OK", "the follower serves on")
        waiting = peer().start("call", admin, CREATE_TOKEN, {"role": "observer"})
    finally:
        leader.kill()
    refused(waiting.wait(), "UNAVAILABLE", "no answer from " + leader.address, "try again")
    small.stop()


@peer_test("a node that stands still is told as such within seconds, though the caller would wait for ever")
def _():
    small = Mesh(lab())
    still = small.add("o1", "observer")
    still.process.send_signal(19)
    try:
        began = time.monotonic()
        answer = peer().call(small.founder.as_itself(), GET_STATUS, {"id": "o1"})
        refused(answer, "UNAVAILABLE", still.address, "no answer")
        check(time.monotonic() - began < 15, "it took %.1f s" % (time.monotonic() - began))
    finally:
        still.process.send_signal(18)
    small.stop()


@peer_test("any node tells the status of any other as that one tells it")
def _():
    for node in mesh().nodes:
        for other in mesh().nodes:
            answer = call(mesh().founder.as_admin(node), GET_STATUS, {"id": other.name})
            own = call(mesh().founder.as_admin(other), GET_STATUS)
            equal((answer.code, answer.reply and answer.reply["id"]), ("OK", other.name), answer.details)
            for field in ("version", "commit", "build_date", "started_at", "features"):
                equal(answer.reply[field], own.reply[field], "%s of %s by %s" % (field, other.name, node.name))
    refused(call(mesh().founder.as_itself(), GET_STATUS, {"id": "nobody"}), "NOT_FOUND", "nobody")
    gone = new_machine()
    equal(join(gone, primary_endpoint="127.0.0.1", grpc_port=1).code, "OK", "joining")
    mesh().wait_level()
    refused(peer().call(mesh().founder.as_itself(), GET_STATUS, {"id": gone.name}, deadline=15000), "UNAVAILABLE", "127.0.0.1:1")
    imposter = new_machine()
    equal(join(imposter, primary_endpoint="127.0.0.1", grpc_port=mesh().nodes[1].grpc_port).code, "OK", "joining")
    mesh().wait_level()
    refused(peer().call(mesh().founder.as_itself(), GET_STATUS, {"id": imposter.name}, deadline=15000), "UNAVAILABLE")
