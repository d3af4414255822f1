# SPDX-License-Identifier: Apache-2.0
"""WireGuard keys that change, as far as the mesh knows of it; with traffic: tests/integration/rotation."""
import base64
import os
import sqlite3

from apilib.mesh import Mesh
from apilib.world import (JOIN, STEADY, at, call, join, lab, mesh, new_machine, nodes_of, peer_test, refused)
from testing import check, equal, test, wait_until

ROTATE_KEY = "/webmesh.ext.v1.Nodes/RotateKey"
NEXT_KEY = "wgmesh-next-key"
LOCAL_KEYS = "SELECT private_key FROM wireguard_key UNION ALL SELECT private_key FROM next_key"


def new_key():
    return base64.b64encode(os.urandom(32)).decode()


def rotations(node):
    with sqlite3.connect("file:%s?mode=ro" % (node.dir / "state.db"), uri=True) as state:
        return {row[0]: row[1] for row in state.execute("SELECT node, next_key FROM rotations")}


def local_keys(node):
    """Of a node that is stopped."""
    with sqlite3.connect("file:%s?mode=ro" % (node.dir / "local.db"), uri=True) as local:
        return [row[0] for row in local.execute(LOCAL_KEYS)]


def public_key(asked, node):
    return nodes_of(asked)[node.name]["public_key"]


def announce(machine, key, **changes):
    return call(at(machine, mesh().leader()), JOIN, machine.join_request(**changes), metadata={NEXT_KEY: key})


@peer_test("a node's next key is announced by the node alone, and by nobody who has it")
def _():
    first, second = new_machine(), new_machine()
    current, following = new_key(), new_key()
    equal(join(first, public_key=current).code, "OK", "the first")
    for garbage in ("", "x", following[:-4], following + following, base64.b64encode(bytes(32)).decode()):
        refused(announce(first, garbage, public_key=current), "INVALID_ARGUMENT", NEXT_KEY)
    refused(announce(first, current, public_key=current), "INVALID_ARGUMENT", NEXT_KEY)
    refused(call(at(second, mesh().leader()), JOIN, first.join_request(public_key=current), metadata={NEXT_KEY: following}),
            "PERMISSION_DENIED", first.name)
    equal(announce(first, following, public_key=current).code, "OK", "the announcement")
    equal(base64.b64encode(rotations(mesh().leader())[first.name]).decode(), following, "what the mesh knows of it")
    refused(announce(second, following), "ALREADY_EXISTS")
    refused(join(second, public_key=following), "ALREADY_EXISTS")
    equal(join(first, public_key=following).code, "OK", "the first by its next key")
    equal(nodes_of(mesh().leader())[first.name]["public_key"], following, "its key")
    check(first.name not in rotations(mesh().leader()), "the announcement is still there")


@peer_test("a node has its own key changed, an administrator anybody's")
def _():
    node, other = mesh().nodes[3], mesh().nodes[1]
    refused(call(node.anybody(), ROTATE_KEY, {"node_id": node.name}), "UNAUTHENTICATED")
    refused(call(other.as_itself(mesh().leader()), ROTATE_KEY, {"node_id": node.name}), "PERMISSION_DENIED", other.name)
    for name, code in (("", "INVALID_ARGUMENT"), ("A B", "INVALID_ARGUMENT"), ("nobody", "NOT_FOUND")):
        refused(call(mesh().founder.as_admin(mesh().leader()), ROTATE_KEY, {"node_id": name}), code)
    for to in (node.as_itself(mesh().leader()), mesh().founder.as_admin(mesh().leader())):
        before = public_key(mesh().leader(), node)
        equal(call(to, ROTATE_KEY, {"node_id": node.name}).code, "OK", "asking for it")
        wait_until(40, lambda: public_key(mesh().leader(), node) != before, "another key in the node's row")
        wait_until(20, lambda: node.name not in rotations(mesh().leader()), "the wish is fulfilled")
    code, stdout, stderr = mesh().nodes[0].wmctl("node", "rotate-key", "nobody", identity=mesh().founder.dir / "admin")
    check(code == 1 and "nobody" in stderr, "%d %s %s" % (code, stdout, stderr))
    mesh().leader().wait_log("event=audit action=rotate-key", "object=\"nobody\"", "outcome=not-found")


@test("a key that is old enough is changed by itself, and the old one is nowhere any more")
def _():
    some = Mesh(lab(), *STEADY)
    node = some.add("n2", "voter", *STEADY)
    node.stop()
    old = local_keys(node)
    with sqlite3.connect(node.dir / "local.db") as local:
        local.execute("UPDATE wireguard_key SET expires_at = 1")
    before = some.founder.wmctl("-o", "json", "get", "nodes", "n2")[1]
    node.start("--key-rotation-interval", "60s")
    line = node.wait_log("event=key-changed", seconds=40)
    key = line.split("public-key=")[1].split()[0]
    wait_until(20, lambda: key in some.founder.wmctl("-o", "json", "get", "nodes", "n2")[1], "the mesh has its key")
    check(key not in before, "the key is the old one")
    node.stop()
    equal(len(local_keys(node)), 1, "keys that it keeps")
    check(local_keys(node) != old, "it keeps the old one")
    check(old[0] not in (node.dir / "local.db").read_bytes(), "the old one is still in the file")
    check("private" not in node.log_text(), "the log speaks of private keys")
    some.stop()


@test("a daemon that is killed between announcing and changing goes on with the same next key")
def _():
    some = Mesh(lab(), *STEADY)
    node = some.add("n2", "voter", *STEADY)
    some.leader().wait_status(voters=2, nodes=2)
    code, _, stderr = some.founder.wmctl("node", "rotate-key", "n2", identity=some.founder.dir / "admin")
    equal(code, 0, stderr)
    announced = wait_until(20, lambda: rotations(node).get("n2"), "the announcement")
    node.kill()
    equal(len(local_keys(node)), 2, "keys that it keeps")
    node.start()
    line = node.wait_log("event=key-changed", seconds=40)
    check(base64.b64encode(announced).decode() in line, "another one than it announced: " + line)
    wait_until(20, lambda: "n2" not in rotations(some.founder), "the mesh has it as the key")
    some.stop()
