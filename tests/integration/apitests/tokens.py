# SPDX-License-Identifier: Apache-2.0
"""Join tokens: what is no good is refused in the same words whatever the reason; the log has it."""
import base64
import os

from apilib.machine import ENROLL, Machine
from apilib.world import CREATE_TOKEN, call, enroll, join, lab, mesh, new_machine, peer, peer_test, refused
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


LIST_TOKENS = "/webmesh.ext.v1.Tokens/List"
REVOKE_TOKEN = "/webmesh.ext.v1.Tokens/Revoke"


def created(**request):
    answer = call(mesh().founder.as_admin(mesh().leader()), CREATE_TOKEN, dict({"role": "observer"}, **request))
    equal(answer.code, "OK", answer.details)
    return answer.reply


@peer_test("tokens are told a page at a time, with what is left of them and without their secrets")
def _():
    admin = mesh().founder.as_admin(mesh().leader())
    made = {created(uses=n + 1, role="voter" if n % 2 else "observer")["id"]: n for n in range(5)}
    found, after = {}, ""
    while True:
        answer = call(admin, LIST_TOKENS, {"after": after, "limit": 2})
        check(answer.code == "OK" and len(answer.reply["tokens"]) <= 2, answer.details)
        found.update((token["id"], token) for token in answer.reply["tokens"])
        if not answer.reply["more"]:
            break
        after = answer.reply["tokens"][-1]["id"]
    equal(list(found), sorted(found), "order")
    for name, n in made.items():
        token = found[name]
        equal((token["uses_left"], token["role"], token["revoked"]), (n + 1, "voter" if n % 2 else "observer", False), name)
        check(token["expires_at"]["seconds"] > 0 and "secret" not in token, "token: %r" % token)
    equal(len(call(admin, LIST_TOKENS).reply["tokens"]), len(found), "in one page")
    refused(call(admin, LIST_TOKENS, {"limit": 1001}), "INVALID_ARGUMENT", "limit")
    refused(call(admin, LIST_TOKENS, {"after": "x" * 64}), "INVALID_ARGUMENT", "after")
    for method in (LIST_TOKENS, REVOKE_TOKEN):
        refused(call(mesh().leader().as_itself(), method), "PERMISSION_DENIED")


@peer_test("a token that is revoked lets nobody in, by way of any node, and who came by it stays")
def _():
    admin = mesh().founder.as_admin(mesh().leader())
    token = created(uses=9)
    first = Machine(lab().folder / "machines" / "revoked-1", "revoked-1")
    enrolled = call(mesh().leader().anybody(), ENROLL, first.enroll_request(token["token"]))
    equal(enrolled.code, "OK", enrolled.details)
    first.keep(enrolled.reply)
    equal(call(admin, REVOKE_TOKEN, {"id": token["id"]}).code, "OK", "revoking")
    mesh().leader().wait_log("action=token-revoke", token["id"], "by=admin:", "outcome=ok")
    second = Machine(lab().folder / "machines" / "revoked-2", "revoked-2")
    for node in mesh().nodes:
        refused(call(node.anybody(), ENROLL, second.enroll_request(token["token"])), "PERMISSION_DENIED")
    equal(join(first).code, "OK", "who came by it")
    refused(call(admin, REVOKE_TOKEN, {"id": "nothing"}), "NOT_FOUND", "nothing")
    refused(call(admin, REVOKE_TOKEN), "INVALID_ARGUMENT", "id")
    code, table, stderr = mesh().leader().wmctl("token", "list", identity=mesh().founder.dir / "admin")
    equal(code, 0, "exit code of token list (%s)" % stderr)
    check([token["id"], "observer", "8", "revoked"] in [line.split() for line in table.splitlines()], table)
