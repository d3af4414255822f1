# SPDX-License-Identifier: Apache-2.0
"""Joining, leaving and leading: addresses that stay, roles that change, one answer everywhere."""
import json
import subprocess

from apilib.mesh import Mesh
from apilib.machine import Machine
from apilib.world import (DESCRIBE, GET_STATUS, JOIN, LEAVE, STEADY, at, call, enroll, join, lab, mesh,
                          new_machine, nodes_of, peer, peer_test, refused)
from testing import check, equal, test, wait_until


SERVERS_MAX = 16	# of one Raft group, learners included


def dump(node):
    """The replicated rows of a node that is stopped; a snapshot may have them in another order. How far the
    log was applied is none of them: who stops last may have elected a leader, whose entry changes nothing."""
    done = subprocess.run(["sqlite3", str(node.dir / "state.db"), ".dump"], capture_output=True,
                          text=True, check=True)
    return "\n".join(sorted(line for line in done.stdout.splitlines()
                            if not line.startswith("INSERT INTO progress")))


@peer_test("a node that joins again keeps its addresses, whatever else it says")
def _():
    machine = new_machine()
    first = join(machine).reply
    for changes in ({}, {"primary_endpoint": "192.0.2.7"}, {"assign_ipv4": False}, {"wireguard_port": 1}):
        again = join(machine, **changes)
        equal(again.code, "OK", again.details)
        for field in ("address_ipv4", "network_ipv6"):
            equal(again.reply[field], first[field], field)


@peer_test("a node that asks for no IPv4 address has none, and gets one when it asks")
def _():
    machine = new_machine()
    answer = join(machine, assign_ipv4=False)
    equal((answer.code, answer.reply["address_ipv4"]), ("OK", ""), "the join")
    check(join(machine).reply["address_ipv4"].endswith("/12"), "an address, asked for later")


@peer_test("a Join names the peers, except to a node that follows the log, which has them there")
def _():
    machine = new_machine()
    named = {entry["id"] for entry in join(machine).reply["peers"]}
    check(named >= {"n1", "n2", "n3", "n4"}, "peers are missing among %s" % named)
    follows = call(at(machine, mesh().leader()), JOIN, machine.join_request(), metadata={"wgmesh-schema": "999"})
    equal((follows.code, follows.reply["peers"]), ("OK", []), "of a follower's Join: code and peers")
    check(follows.reply["address_ipv4"].endswith("/12"), "its address")


@peer_test("one node that joins many times at once is one node")
def _():
    machine = new_machine()
    leader = mesh().leader()
    request = machine.join_request()
    calls = [peer().start("call", at(machine, leader), JOIN, request) for _ in range(20)]
    answers = [one.wait() for one in calls]
    good = {(a.reply["address_ipv4"], a.reply["network_ipv6"]) for a in answers if a.code == "OK"}
    equal(len(good), 1, "addresses among %s" % answers)


@peer_test("a key that another node has is refused")
def _():
    first, second = new_machine(), new_machine()
    request = first.join_request()
    equal(call(at(first, mesh().leader()), JOIN, request).code, "OK", "the first")
    refused(join(second, public_key=request["public_key"]), "ALREADY_EXISTS")


@test("wmctl finds the leader from any node")
def _():
    for node in mesh().nodes:
        check(mesh().token(ask=node).startswith("wgmesh1."), "no token by way of " + node.name)


@peer_test("any node tells how any other is")
def _():
    def tells_itself_and_the_leader(node, path, leader_field):
        leader = mesh().leader()
        answer = call(mesh().founder.as_admin(node), path)
        equal((answer.code, answer.reply["id"]), ("OK", node.name), path)
        return answer.reply[leader_field] == leader.name

    for node in mesh().nodes:
        for path, field in ((GET_STATUS, "current_leader"), (DESCRIBE, "leader_id")):
            wait_until(10, lambda: tells_itself_and_the_leader(node, path, field), node.name + " names the leader")


@test("a node that reaches nobody answers its own operator, and says what it lacks")
def _():
    small = Mesh(lab())
    second = lab().node("n2").join(small.token())
    small.founder.kill()
    second.start()
    wait_until(10, second.status, "the node answers")
    code, text, stderr = second.wmctl("status")
    equal(code, 3, "exit code of status (%s)" % stderr)
    for words in ("leader    none known", "not current since the start"):
        check(words in text, text)
    small.founder.start()
    second.wait_status(leader="n1", nodes=2)
    second.stop()
    small.stop()


@test("a full IPv4 prefix is told as such, and the node still joins without an address")
def _():
    tiny = Mesh(lab(), "--ipv4-prefix", "10.9.8.0/30")
    second = lab().node("second").join(tiny.token()).start()
    second.wait_status(leader="n1", nodes=2)
    third = lab().node("third").join(tiny.token()).start()
    line = third.wait_log("event=join-failed", "10.9.8.0/30")
    check("prefix" in line, "the log says: " + line)
    third.stop()
    third.start("--no-ipv4").wait_status(leader="n1", nodes=3, address_ipv4="")
    tiny.founder.wait_log("action=join", "third", "outcome=exhausted")
    second.stop()
    third.stop()
    tiny.stop()


@test("a voter is removed, the group shrinks, and it stays away until it has a new token")
def _():
    small = Mesh(lab())
    second, third = small.add("n2", "voter"), small.add("n3", "voter")
    small.leader().wait_status(voters=3)
    code, _, stderr = small.leader().wmctl("node", "remove", "n3", identity=small.founder.dir / "admin")
    equal(code, 0, "exit code of node remove (%s)" % stderr)
    small.nodes.remove(third)
    small.leader().wait_status(voters=2, nodes=2)
    third.wait_log("event=removed", "node=n3")
    third.stop()
    third.start()
    third.wait_log("event=source-lost", "n3 was taken out of the mesh")
    third.stop()
    code, _, stderr = small.leader().wmctl("node", "remove", "n3", identity=small.founder.dir / "admin")
    equal(code, 1, "exit code of a second removal")
    check("n3" in stderr, "wmctl says: " + stderr)
    back = small.add("n3", "voter")
    small.leader().wait_status(voters=3, nodes=3)
    for node in (back, second):
        node.stop()
    small.stop()


def three_voters():
    """A mesh of its own, and its third voter, which is no longer among its nodes."""
    small = Mesh(lab())
    small.add("n2", "voter")
    third = small.add("n3", "voter")
    small.leader().wait_status(voters=3)
    small.nodes.remove(third)
    return small, third


def take_out(small, third):
    code, _, stderr = small.leader().wmctl("node", "remove", third.name, identity=small.founder.dir / "admin")
    equal(code, 0, "exit code of node remove (%s)" % stderr)


@test("a voter that goes down between its removal and the group's change learns of it when it comes back")
def _():
    small, third = three_voters()
    take_out(small, third)
    third.wait_log("event=removed", "node=n3")
    third.kill()
    small.leader().wait_status(voters=2, nodes=2)
    third.start()
    third.wait_log("event=source-lost", "n3 was taken out of the mesh", seconds=20)
    third.stop()
    small.stop()


@test("a voter that was removed while it was down learns of it when it comes back, and says so")
def _():
    small, third = three_voters()
    third.kill()
    take_out(small, third)
    small.leader().wait_status(voters=2, nodes=2)
    third.start()
    wait_until(20, lambda: "n3 was taken out of the mesh" in third.status().get("last_error", ""),
               "its status says that it was taken out")
    third.stop()
    small.stop()


@test("of two machines with one name, the one enrolled last has it, and the other one says why not")
def _():
    first = lab().node("twin").join(mesh().token())
    second = lab().node("twin").join(mesh().token())
    second.start()
    wait_until(20, lambda: second.status().get("address_ipv6"), "the one enrolled last has joined")
    first.start()
    wait_until(20, lambda: "revoked" in first.status().get("last_error", ""), "the other one says why not")
    code, text, _ = mesh().leader().wmctl("-o", "json", "get", "nodes", "twin")
    equal((code, json.loads(text)["grpc_port"]), (0, second.grpc_port), "who has the name")
    equal(second.status()["last_error"], "", "the trouble of the one that has it")
    first.stop()
    second.stop()


@test("the leader itself is removed, and another one leads those who are left")
def _():
    small = Mesh(lab())
    small.add("n2", "voter")
    small.add("n3", "voter")
    small.leader().wait_status(voters=3)
    gone = small.leader()
    code, _, stderr = gone.wmctl("node", "remove", gone.name, identity=small.founder.dir / "admin")
    equal(code, 0, "exit code of node remove (%s)" % stderr)
    small.nodes.remove(gone)
    small.leader().wait_status(voters=2, nodes=2)
    gone.wait_log("event=removed", "node=" + gone.name)
    gone.stop()
    small.stop()


@peer_test("a voter that never came up does not keep others from voting")
def _():
    small = Mesh(lab(), *STEADY)
    for name in ("dead1", "dead2", "dead3", "dead4"):	# whose server ids are random: one comes first
        dead = new_machine("voter", in_mesh=small, name=name)
        equal(call(at(dead, small.founder), JOIN, dead.join_request(as_voter=True)).code, "OK", "joining")
        small.founder.wait_log("event=membership", "change=add-learner", "node=" + name)
    small.add("n2", "voter", *STEADY)
    equal(small.leader().status()["voters"], 2, "voters")
    small.stop()


@peer_test("there is a most of voters, and the one too many is told so")
def _():
    small = Mesh(lab(), *STEADY)
    token = small.token("--role", "voter", "--uses", "100")
    machines = [Machine(lab().folder / "machines" / ("voter%d" % i), "voter%d" % i) for i in range(SERVERS_MAX)]
    for machine in machines:
        enroll(machine, small, token)
    for machine in machines[:-1]:
        equal(call(at(machine, small.founder), JOIN, machine.join_request(as_voter=True)).code, "OK", "joining")
    wait_until(20, lambda: small.founder.log_text().count("change=add-learner") == SERVERS_MAX - 1, "all are learners")
    last = machines[-1]
    refused(call(at(last, small.founder), JOIN, last.join_request(as_voter=True)), "RESOURCE_EXHAUSTED", "as_voter", "observer")
    equal(call(at(last, small.founder), JOIN, last.join_request()).code, "OK", "as an observer")
    again = machines[0]
    equal(call(at(again, small.founder), JOIN, again.join_request(as_voter=True)).code, "OK", "one of the voters again")
    small.stop()


@test("without a majority nothing is promised: UNAVAILABLE, and a status that says so")
def _():
    small = Mesh(lab())
    second = small.add("n2", "voter")
    small.founder.wait_status(voters=2)
    second.kill()
    small.nodes.remove(second)
    small.founder.wait_status(leader="")
    code, _, stderr = small.founder.wmctl("token", "create")
    equal(code, 1, "exit code of token create")
    check("no leader" in stderr and "try again" in stderr, "wmctl says: " + stderr)
    code, text, _ = small.founder.wmctl("status")
    equal(code, 3, "exit code of status")
    check("majority of 2 voters" in text, text)
    second.start()
    small.nodes.append(second)
    small.leader().wait_status(voters=2)
    small.stop()


@peer_test("after all this, stopped nodes have the same rows")
def _():
    some = Mesh(lab(), *STEADY)
    for name, role in (("n2", "voter"), ("n3", "observer"), ("n4", "observer")):
        some.add(name, role, *STEADY)
    for number in range(10):
        machine = new_machine(in_mesh=some, name="same%d" % number)
        equal(call(at(machine, some.leader()), JOIN, machine.join_request()).code, "OK", "joining")
        if number % 3 == 0:
            equal(call(some.founder.as_admin(some.leader()), LEAVE, {"id": machine.name}).code, "OK", "leaving")
    some.wait_level()
    equal({len(nodes_of(node, some)) for node in some.nodes}, {10}, "nodes")
    some.stop()
    dumps = {node.name: dump(node) for node in some.nodes}
    check("same1" in dumps["n1"] and "same3" not in dumps["n1"].split("INSERT INTO certificates")[0], dumps["n1"])
    for name, text in dumps.items():
        equal(text, dumps["n1"], "rows of " + name)
