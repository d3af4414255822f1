# SPDX-License-Identifier: Apache-2.0
"""Who may do what, by the certificate shown."""
import base64

from apilib.machine import ENROLL
from apilib.node import identity
from apilib.world import (CREATE_TOKEN, FETCH_KEY, FOLLOW, JOIN, LEAVE, LIST_NODES, METHODS,
                          at, call, enroll, join, lab, mesh, new_machine, nodes_of, peer, peer_test, refused)
from testing import check, equal


@peer_test("without a certificate every method but Enroll is UNAUTHENTICATED")
def _():
    for path in METHODS:
        if path != ENROLL:
            refused(call(mesh().leader().anybody(), path, raw=b""), "UNAUTHENTICATED")


@peer_test("a node's certificate makes no tokens")
def _():
    refused(call(mesh().leader().as_itself(), CREATE_TOKEN, {"role": "voter"}), "PERMISSION_DENIED")


@peer_test("an administrator's certificate is no node's")
def _():
    for path in (JOIN, FOLLOW, FETCH_KEY):
        refused(call(mesh().founder.as_admin(mesh().leader()), path, raw=b""), "PERMISSION_DENIED")


@peer_test("certificates of another mesh are worth nothing here, nor ours there")
def _():
    other = lab().node("n1").init()
    folder = lab().folder / "mixed"
    folder.mkdir()
    for name in ("identity", "admin"):
        # The server is believed, so that it is the server who refuses.
        (folder / "ca.pem").write_text((mesh().founder.dir / "identity/ca.pem").read_text())
        (folder / "node.pem").write_text((other.dir / name / "node.pem").read_text())
        answer = call(identity(folder, mesh().leader().address), LIST_NODES)
        check(answer.code in ("UNAVAILABLE", "UNAUTHENTICATED"), "%s of another mesh: %r" % (name, answer))
        peer().forget(identity(folder, mesh().leader().address))
    code, _, stderr = other.wmctl("--address", mesh().leader().address, "status")
    equal(code, 1, "exit code of wmctl with another mesh's certificate")
    check("certificate" in stderr, "wmctl says: " + stderr)


@peer_test("a node cannot join in another node's name")
def _():
    machine = new_machine()
    for name in ("n1", "n4", "somebody"):
        refused(join(machine, id=name), "PERMISSION_DENIED", machine.name, name)


@peer_test("who was let in as an observer cannot vote")
def _():
    machine = new_machine("observer")
    refused(join(machine, as_voter=True), "PERMISSION_DENIED", "as_voter", "observer")
    equal(join(machine).code, "OK", "as an observer")
    refused(join(machine, as_voter=True), "PERMISSION_DENIED", "as_voter", "observer")


@peer_test("the authority's key is for voters, and everybody else's wish is on record")
def _():
    machine = new_machine()
    refused(call(at(machine, mesh().leader()), FETCH_KEY), "PERMISSION_DENIED", machine.name)
    mesh().leader().wait_log("action=authority-key", machine.name, "outcome=denied")
    answer = call(mesh().nodes[1].as_itself(mesh().nodes[0]), FETCH_KEY)
    equal(answer.code, "OK", "a voter asks")


@peer_test("a node takes only itself out of the mesh")
def _():
    machine, other = new_machine(), new_machine()
    equal(join(machine).code, "OK", "joining")
    equal(join(other).code, "OK", "joining")
    refused(call(at(machine, mesh().leader()), LEAVE, {"id": other.name}), "PERMISSION_DENIED", machine.name)
    equal(call(at(machine, mesh().leader()), LEAVE, {"id": machine.name}).code, "OK", "its own leave")
    found = nodes_of(mesh().leader())
    check(machine.name not in found and other.name in found, "nodes: %s" % list(found))


@peer_test("who has left needs a new token; its certificate is worth nothing any more")
def _():
    machine = new_machine()
    equal(join(machine).code, "OK", "joining")
    equal(call(mesh().founder.as_admin(mesh().leader()), LEAVE, {"id": machine.name}).code, "OK", "leave")
    mesh().wait_level()
    refused(join(machine), "PERMISSION_DENIED", machine.name, "token")
    for node in mesh().nodes:
        refused(call(at(machine, node), LIST_NODES), "PERMISSION_DENIED", machine.name)
        refused(peer().open(at(machine, node), FOLLOW, {"from_index": 1}).wait(), "PERMISSION_DENIED", machine.name)
    enroll(machine, mesh(), mesh().token())
    peer().forget(at(machine, mesh().leader()))
    equal(join(machine).code, "OK", "joining with a new certificate")


@peer_test("the stream of a node that is taken out ends with the word of it")
def _():
    machine = new_machine()
    equal(join(machine).code, "OK", "joining")
    stream = peer().open(at(machine, mesh().leader()), FOLLOW, {"from_index": 1})
    equal(call(mesh().founder.as_admin(mesh().leader()), LEAVE, {"id": machine.name}).code, "OK", "leave")
    equal(stream.wait().code, "OK", "the stream's end")
    last = [entry for message in stream.messages for entry in message["entries"]][-1]
    check(machine.name.encode() in base64.b64decode(last["data"]), "the last entry is not the removal")
