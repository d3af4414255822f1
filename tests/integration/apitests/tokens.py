# SPDX-License-Identifier: Apache-2.0
"""Join tokens: what is no good is refused in the same words whatever the reason; the log has it."""
import base64
import os

from apilib.machine import ENROLL, Machine
from apilib.world import call, enroll, join, lab, mesh, new_machine, peer, peer_test, refused
from testing import check, equal, test, wait_until

REFUSAL = "token: unknown, expired, used up or revoked"


def machine(name):
    return Machine(lab().folder / "machines" / name, name)


def refused_token(who, token, reason, **changes):
    leader = mesh().leader()
    refused(call(leader.anybody(), ENROLL, who.enroll_request(token, **changes)), "PERMISSION_DENIED")
    answer = call(leader.anybody(), ENROLL, who.enroll_request(token, **changes))
    equal(answer.details, REFUSAL, "what the caller is told")
    line = leader.wait_log("event=audit action=enroll", who.name, "outcome=denied", reason)
    check("by=nobody" in line and "127.0.0.1" in line, "the audit line is: " + line)


@peer_test("a token that is unknown, or comes with a wrong secret, is refused")
def _():
    token = mesh().token()
    refused_token(machine("t-unknown"), token, "no such token", token_id="0123456789abcdef")
    refused_token(machine("t-empty"), token, "no such token", token_id="")
    for number, secret in enumerate((b"", b"x", os.urandom(32), os.urandom(33))):
        refused_token(machine("t-secret%d" % number), token, "wrong secret",
                      token_secret=base64.b64encode(secret).decode())


@peer_test("a token lets in as many as it says, and no more")
def _():
    token = mesh().token("--uses", "2")
    enroll(machine("t-first"), mesh(), token)
    enroll(machine("t-second"), mesh(), token)
    refused_token(machine("t-third"), token, "used up")


@peer_test("a token with one use, shown by many at once, lets in one")
def _():
    token = mesh().token()
    leader = mesh().leader()
    calls = [peer().start("call", leader.anybody(), ENROLL, machine("t-race%d" % i).enroll_request(token))
             for i in range(10)]
    answers = [one.wait() for one in calls]
    equal(sum(answer.code == "OK" for answer in answers), 1, "let in")
    for answer in answers:
        if answer.code != "OK":
            refused(answer, "PERMISSION_DENIED", REFUSAL)


@peer_test("a token ends with its time")
def _():
    token = mesh().token("--ttl", "1", "--uses", "100")
    who = machine("t-late")
    wait_until(5, lambda: call(mesh().leader().anybody(), ENROLL, who.enroll_request(token)).code
               == "PERMISSION_DENIED", "the token has ended")
    refused_token(who, token, "expired")


@peer_test("a name that a node has is not given to another")
def _():
    who = machine("t-copy")
    first = new_machine(name="t-copied")
    equal(join(first).code, "OK", "joining")
    for name in ("n1", "n4", first.name):
        answer = call(mesh().leader().anybody(), ENROLL, who.enroll_request(mesh().token(), node_id=name))
        refused(answer, "ALREADY_EXISTS", "node_id", name)


@test("a token that is cut, mistyped or none is told from one another by wgmeshd join, with exit code 2")
def _():
    token = mesh().token()
    node = lab().node("garbled")
    for text in ("", "x", "wgmesh1", "wgmesh1.x.y", token[:-1], token[:100], token[:200] + "x" + token[201:],
                 token + "x", "wgmesh2" + token[7:], "--", "x" * 100000):
        code, stdout, stderr = node.wgmeshd("join", "--id", "garbled", *(["--"] if text == "--" else []), text)
        equal(code, 2, "exit code for %.40r (%s)" % (text, stderr))
        check("token" in stderr and not stdout, "wgmeshd says of %.40r: %s" % (text, stderr))
    check(not (node.dir / "local.db").exists(), "a state was made")


@test("wgmeshd join says which token was refused, and leaves nothing that is in the way")
def _():
    token = mesh().token()
    used = lab().node("used-up").join(token)
    node = lab().node("second")
    code, _, stderr = node.wgmeshd("join", token, *node.options())
    equal(code, 1, "exit code")
    check(REFUSAL in stderr, "wgmeshd says: " + stderr)
    node.join(mesh().token())
    check((used.dir / "identity/node.pem").exists() and (node.dir / "identity/node.pem").exists(), "identities")
