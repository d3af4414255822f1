# SPDX-License-Identifier: Apache-2.0
"""Administrators who are believed no more."""
import json
import shutil

from apilib.node import identity
from apilib.peer import wait_message
from apilib.world import (CREATE_TOKEN, LIST_ACLS, LIST_ADMINS, LIST_NODES, REVOKE_ADMIN, lab, mesh, peer, peer_test,
                          refused)
from apitests.proxy import direct, followers
from apitests.reflection import WATCH
from testing import check, equal, wait_until


def make_admin(name, folder=None):
    """The folder of a new identity."""
    folder = lab().folder / (folder or "admin-" + name)
    code, _, stderr = mesh().nodes[1].wgmeshd("admin", name, str(folder))
    equal(code, 0, "wgmeshd admin: " + stderr)
    return folder


def certificates(name):
    answer = direct(mesh().founder.as_admin(followers()[0]), LIST_ADMINS, metadata={"prefer-leader": "true"})
    equal(answer.code, "OK", answer.details)
    return {one["serial"]: one["revoked"] for one in answer.reply["certificates"] if one["name"] == name}


def wmctl(folder, *args):
    code, stdout, stderr = followers()[0].wmctl(*args, identity=folder)
    equal(code, 0, "exit code of %r (%s)" % (args, stderr))
    return stdout


@peer_test("a revoked administrator is refused by every node, on connections that stand and by way of others, and his streams end")
def _():
    folder = make_admin("ann")
    streams = [peer().open(identity(folder, node.address), WATCH) for node in mesh().nodes]
    for node, stream in zip(mesh().nodes, streams):
        equal(direct(identity(folder, node.address), LIST_ACLS).code, "OK", "before")
        wait_message(stream)
    equal(direct(mesh().founder.as_admin(followers()[0]), REVOKE_ADMIN, {"name": "ann"}).code, "OK", "by way of a follower")
    mesh().wait_level()
    for node, stream in zip(mesh().nodes, streams):
        refused(stream.wait(), "PERMISSION_DENIED", "ann", "revoked")
        for path in (LIST_ACLS, LIST_NODES, CREATE_TOKEN, REVOKE_ADMIN):
            refused(direct(identity(folder, node.address), path), "PERMISSION_DENIED", "ann", "revoked")
        equal(direct(mesh().founder.as_admin(node), LIST_ACLS).code, "OK", "the others administer on")
    check(any(node.log_has("action=admin-revoke", 'object="ann"', "by=admin:admin", "through=", "outcome=ok")
              for node in mesh().nodes), "the audit has it")
    equal(certificates("ann"), {"": True}, "what is kept of it")
    another = make_admin("ann", "admin-ann-2")
    refused(direct(identity(another, mesh().leader().address), LIST_NODES), "PERMISSION_DENIED", "ann")


@peer_test("one certificate of an administrator is revoked by its serial number, directly and through the proxy, and his others hold")
def _():
    new = make_admin("bob")
    old = lab().folder / "admin-bob-old"
    shutil.copytree(new, old)
    serial = json.loads(wmctl(old, "-o", "json", "certificate", "show"))["serial"]
    wait_until(20, lambda: direct(mesh().founder.as_admin(), REVOKE_ADMIN, {"name": "nobody-yet"}).code == "OK",
               "the mesh has a place for it")
    fresh = json.loads(wmctl(new, "-o", "json", "certificate", "renew"))["serial"]
    equal(certificates("bob"), {fresh: False}, "what is known after a renewal")
    equal(wmctl(mesh().founder.dir / "admin", "certificate", "revoke", "bob", serial), "bob %s is revoked\n" % serial, "wmctl")
    mesh().wait_level()
    equal(certificates("bob"), {fresh: False, serial: True}, "what is known then")
    for node in mesh().nodes:
        for path in (LIST_NODES, CREATE_TOKEN):
            forged = {"metadata": {"wgmesh-caller-serial": fresh}}
            refused(direct(identity(old, node.address), path, {}), "PERMISSION_DENIED", "bob", "revoked")
            refused(direct(identity(old, node.address), path, {}, **forged), "PERMISSION_DENIED", "bob", "revoked")
        equal(direct(identity(new, node.address), LIST_NODES).code, "OK", "his other one, on " + node.name)
    for node in followers():
        answer = direct(identity(new, node.address), CREATE_TOKEN, {"role": "observer"})
        equal(answer.code, "OK", "his other one, through %s (%s)" % (node.name, answer.details))
    table = wmctl(mesh().founder.dir / "admin", "certificate", "list").split()
    check(serial in table and fresh in table and "revoked" in table and "good" in table, table)


@peer_test("administrators alone revoke, and only what could be somebody's")
def _():
    leader = mesh().leader()
    refused(direct(leader.as_itself(), REVOKE_ADMIN, {"name": "admin"}), "PERMISSION_DENIED", "administrators")
    refused(direct(leader.as_itself(), LIST_ADMINS), "PERMISSION_DENIED", "administrators")
    for request, field in (({"name": ""}, "name"), ({"name": "A B"}, "name"), ({"name": "x", "serial": "XYZ"}, "serial"),
                           ({"name": "x", "serial": "a" * 41}, "serial")):
        refused(direct(mesh().founder.as_admin(leader), REVOKE_ADMIN, request),
                "INVALID_ARGUMENT", field)
    for usage in (("certificate",), ("certificate", "revoke"), ("certificate", "list", "x")):
        code, _, stderr = leader.wmctl(*usage, identity=mesh().founder.dir / "admin")
        check(code == 2 and "usage: wmctl certificate" in stderr, "%r: %d %s" % (usage, code, stderr))
