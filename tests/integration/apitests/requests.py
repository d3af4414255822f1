# SPDX-License-Identifier: Apache-2.0
"""Changes that their callers have named: made again, they are made once."""
import sqlite3

from apilib.machine import ENROLL, Machine
from apilib.world import CREATE_TOKEN, LEAVE, at, call, join, lab, mesh, new_machine, nodes_of, peer, peer_test, refused
from testing import check, equal


def named(name):
    return {"metadata": {"wgmesh-request-id": name}}


def count_tokens(node):
    with sqlite3.connect("file:%s?mode=ro" % (node.dir / "state.db"), uri=True) as state:
        return state.execute("SELECT count(*) FROM tokens").fetchone()[0]


@peer_test("a node that is taken out twice by one request is told the same twice, and by another that it is unknown")
def _():
    machine = new_machine()
    equal(join(machine).code, "OK", "joining")
    admin = mesh().founder.as_admin(mesh().leader())
    for _ in range(2):
        answer = call(admin, LEAVE, {"id": machine.name}, **named("out-" + machine.name))
        equal(answer.code, "OK", answer.details)
    refused(call(admin, LEAVE, {"id": machine.name}, **named("other-" + machine.name)), "NOT_FOUND")
    check(machine.name not in nodes_of(mesh().leader()), "the node is still there")


@peer_test("a request to make a token makes one, however often it comes and however many at once")
def _():
    leader = mesh().leader()
    admin = mesh().founder.as_admin(leader)
    before = count_tokens(leader)
    calls = [peer().start("call", admin, CREATE_TOKEN, {"role": "observer"}, **named("one token")) for _ in range(10)]
    answers = [one.wait() for one in calls]
    answers.append(call(admin, CREATE_TOKEN, {"role": "observer"}, **named("one token")))
    equal(sorted(answer.code for answer in answers), ["ALREADY_EXISTS"] * 10 + ["OK"], "answers")
    refused(answers[-1], "ALREADY_EXISTS", "told once", "new request")
    equal(count_tokens(leader), before + 1, "tokens")


@peer_test("one caller's name for a request is not another's")
def _():
    machine = new_machine()
    equal(join(machine).code, "OK", "joining")
    leave = call(at(machine, mesh().leader()), LEAVE, {"id": machine.name}, **named("leave"))
    equal(leave.code, "OK", leave.details)
    admin = mesh().founder.as_admin(mesh().leader())
    refused(call(admin, LEAVE, {"id": machine.name}, **named("leave")), "NOT_FOUND")


@peer_test("who was enrolled and did not hear of it is enrolled by the same request, for one use of the token")
def _():
    leader, token = mesh().leader(), mesh().token()
    machine = Machine(lab().folder / "machines" / "again", "again")
    first = call(leader.anybody(), ENROLL, machine.enroll_request(token), **named("enrol"))
    equal(first.code, "OK", first.details)
    refused(call(leader.anybody(), ENROLL, machine.enroll_request(token), **named("another")), "PERMISSION_DENIED")
    wrong = machine.enroll_request(token, token_secret="AAAA")
    refused(call(leader.anybody(), ENROLL, wrong, **named("enrol")), "PERMISSION_DENIED")
    second = call(leader.anybody(), ENROLL, machine.enroll_request(token), **named("enrol"))
    equal(second.code, "OK", second.details)
    check(second.reply["certificate_pem"] != first.reply["certificate_pem"], "the certificate is the old one")
    machine.keep(second.reply)
    equal(join(machine).code, "OK", "joining with the second certificate")


@peer_test("a request's name has 1 to 64 characters")
def _():
    admin = mesh().founder.as_admin(mesh().leader())
    for name in ("", "x" * 65):
        refused(call(admin, CREATE_TOKEN, {"role": "observer"}, **named(name)), "INVALID_ARGUMENT", "wgmesh-request-id")
