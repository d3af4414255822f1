# SPDX-License-Identifier: Apache-2.0
"""v1.Admin: Raft ACLs, and who may vote by them; v1.PeerDiscovery: who is told to outsiders."""
import contextlib
import json

from apilib.world import (DELETE_ACL, GET_ACL, LEAVE, LIST_ACLS, LIST_PEERS, PUT_ACL, at, call, join, lab, mesh,
                          new_machine, peer_test, refused)
from apilib.mesh import Mesh
from testing import check, equal, test, wait_until


def admin(node=None):
    return mesh().founder.as_admin(node or mesh().leader())


def acl(name, action="ACLActionAllow", *patterns):
    return {"name": name, "patterns": list(patterns) or ["*"], "action": action}


def put(*args):
    answer = call(admin(), PUT_ACL, acl(*args))
    equal((answer.code, answer.reply), ("OK", {}), "putting %r (%s)" % (args, answer.details))


def delete(name):
    equal(call(admin(), DELETE_ACL, {"name": name}).code, "OK", "deleting " + name)


@contextlib.contextmanager
def acls(*each):
    """Some, that are gone behind the test."""
    for args in each:
        put(*args)
    try:
        yield
    finally:
        for args in each:
            delete(args[0])


def may_vote(machine):
    """Joins as a voter, in words: allowed, or why not. It leaves again at once, and is enrolled no more."""
    answer = join(machine, as_voter=True)
    if answer.code == "OK":
        equal(call(admin(), LEAVE, {"id": machine.name}).code, "OK", "leaving")
    return answer


@peer_test("an ACL is told as it was put, on every node, and a second one of its name takes its place")
def _():
    with acls(("edge", "ACLActionAllow", "n?", "edge-*"), ("backup", "ACLActionDeny", "backup-?")):
        mesh().wait_level()
        for node in mesh().nodes:
            answer = call(admin(node), GET_ACL, {"name": "edge"})
            equal(answer.reply, acl("edge", "ACLActionAllow", "n?", "edge-*"), "on " + node.name)
            answer = call(admin(node), LIST_ACLS)
            equal([item["name"] for item in answer.reply["items"]], ["backup", "edge"], "the list of " + node.name)
        put("edge", "ACLActionDeny", "x")
        equal(call(admin(), GET_ACL, {"name": "edge"}).reply, acl("edge", "ACLActionDeny", "x"), "the second")
    equal(call(admin(), LIST_ACLS).reply["items"], [], "what is left")


@peer_test("an ACL that is not there is NOT_FOUND, told and deleted")
def _():
    for method in (GET_ACL, DELETE_ACL):
        refused(call(admin(), method, {"name": "nothing"}), "NOT_FOUND", "nothing")
        refused(call(admin(), method, {"name": ""}), "INVALID_ARGUMENT", "name")


@peer_test("an ACL that could never match, or says nothing, is INVALID_ARGUMENT with the field's name")
def _():
    bad = ((acl(""), "name"), (acl("A_b"), "name"), (acl("x" * 64), "name"),
           (acl("x", "ACLActionAllow", "No"), "patterns"), (acl("x", "ACLActionAllow", ""), "patterns"),
           (acl("x", "ACLActionAllow", "[ab]"), "patterns"), (acl("x", "ACLActionAllow", "a" * 64), "patterns"),
           ({"name": "x", "patterns": [], "action": 1}, "patterns"), (acl("x", 7), "action"),
           (acl("x", "ACLActionAllow", *["a%d" % i for i in range(257)]), "patterns"))
    for request, field in bad:
        refused(call(admin(), PUT_ACL, request), "INVALID_ARGUMENT", field)
    equal(call(admin(), LIST_ACLS).reply["items"], [], "what was kept of it")


@peer_test("Raft ACLs are an administrator's business, and each change is on record")
def _():
    for method in (PUT_ACL, DELETE_ACL, GET_ACL, LIST_ACLS):
        refused(call(mesh().leader().as_itself(), method, {"name": "x"}), "PERMISSION_DENIED", "administrators")
    with acls(("recorded", "ACLActionAllow", "*")):
        mesh().leader().wait_log("action=acl-put", "recorded", "by=admin:", "outcome=ok")
    mesh().leader().wait_log("action=acl-delete", "recorded", "outcome=ok")


@peer_test("the first ACL by name that matches says who joins as a voter, and none means no")
def _():
    machine = new_machine("voter", name="edge-1")
    with acls(("b-all", "ACLActionAllow", "*"), ("a-edge", "ACLActionDeny", "edge-?")):
        refused(join(machine, as_voter=True), "PERMISSION_DENIED", "edge-1", '"a-edge"')
        equal(join(machine).code, "OK", "joining as an observer")
    with acls(("c-edge", "ACLActionDeny", "edge-?"), ("b-others", "ACLActionAllow", "edge-2")):
        refused(join(machine, as_voter=True), "PERMISSION_DENIED", '"c-edge"')
    with acls(("n-only", "ACLActionAllow", "n?", "edge")):
        refused(join(machine, as_voter=True), "PERMISSION_DENIED", "edge-1", "no Raft ACL allows it")
    with acls(("b-all", "ACLActionDeny", "*"), ("a-edge", "ACLActionAllow", "x", "e*-?")):
        equal(may_vote(machine).code, "OK", "the ACL that allows it is first")


@peer_test("a changed ACL by the same request is made once")
def _():
    named = {"metadata": {"wgmesh-request-id": "one acl"}}
    equal(call(admin(), PUT_ACL, acl("once", "ACLActionAllow", "a"), **named).code, "OK", "first")
    equal(call(admin(), DELETE_ACL, {"name": "once"}).code, "OK", "deleted by somebody")
    equal(call(admin(), PUT_ACL, acl("once", "ACLActionAllow", "a"), **named).code, "OK", "again")
    refused(call(admin(), GET_ACL, {"name": "once"}), "NOT_FOUND")


@test("an ACL keeps an observer from being promoted, until it is gone")
def _():
    small = Mesh(lab())
    observer = small.add("o1", "observer")
    def wmctl(*args, code=0):
        got, stdout, stderr = small.leader().wmctl(*args, identity=small.founder.dir / "admin")
        equal(got, code, "exit code of %s (%s)" % (" ".join(args), stderr))
        return stdout + stderr
    equal(wmctl("acl", "put", "founders", "allow", "n*"), "founders is in force\n", "put")
    check("o1 may not vote: no Raft ACL allows it" in wmctl("raft", "promote", "o1", code=1), "promote")
    equal(json.loads(wmctl("-o", "json", "acl", "list")),
          [{"name": "founders", "action": "allow", "patterns": ["n*"]}], "as JSON")
    equal(wmctl("acl", "list").split(), ["NAME", "ACTION", "PATTERNS", "founders", "allow", "n*"], "as a table")
    equal(wmctl("-o", "yaml", "get", "acls"), '- name: "founders"\n  action: "allow"\n  patterns:\n    - "n*"\n', "as YAML")
    equal(wmctl("acl", "put", "guests", "allow", "o?", "p*"), "guests is in force\n", "put")
    equal(wmctl("get", "acls", "guests").split()[3:], ["guests", "allow", "o?,p*"], "one of them")
    wmctl("raft", "promote", "o1")
    observer.wait_status(role="voter", voters=2)
    equal(wmctl("acl", "delete", "guests"), "guests is deleted\n", "delete")
    check("guests" in wmctl("acl", "delete", "guests", code=1), "deleted twice")
    for usage in (("acl",), ("acl", "put", "x"), ("acl", "put", "x", "maybe", "*"), ("acl", "get"), ("acl", "delete")):
        check("usage: wmctl acl" in wmctl(*usage, code=2), "usage of %r" % (usage,))
    # It votes on: what is decided is who becomes a voter.
    observer.stop()
    observer.start()
    observer.wait_status(role="voter", voters=2)
    small.stop()


@peer_test("any node tells every public member's address, who votes and who leads")
def _():
    leader = mesh().leader()
    hidden = new_machine()
    equal(join(hidden, primary_endpoint="", endpoints=[]).code, "OK", "joining without an address")
    mesh().wait_level()
    for node in mesh().nodes:
        def told(ask=node):
            answer = call(ask.as_itself(), LIST_PEERS)
            equal(answer.code, "OK", answer.details)
            return {p["id"]: p for p in answer.reply["peers"]}
        wait_until(10, lambda t=told: t()[leader.name]["leader"], "%s tells who leads" % node.name)
        found = told()
        for other in mesh().nodes:
            equal(found[other.name], {"id": other.name, "address": other.address, "voter": other.name != "n4",
                                      "leader": other is leader}, "%s on %s" % (node.name, other.name))
        check(hidden.name not in found, "one without a public address is told")
    code, table, _ = leader.wmctl("get", "peers")
    equal(code, 0, "exit code of get peers")
    rows = [line.split() for line in table.splitlines()]
    check(["n4", mesh().nodes[3].address, "non-voter"] in rows and [leader.name, leader.address, "leader"] in rows, table)
