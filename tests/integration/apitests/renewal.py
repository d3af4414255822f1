# SPDX-License-Identifier: Apache-2.0
"""Certificates end, and those who hold them get others in time."""
import json
import shutil
import signal
import sqlite3
import subprocess

from apilib.machine import Machine
from apilib.mesh import Mesh
from apilib.world import (LEAVE, LIST_NODES, RENEW, STEADY, at, call, join, lab, mesh, new_machine, peer_test,
                          refused)
from testing import check, equal, test, wait_until

SECONDS = 24
SHORT = ("--certificate-seconds", str(SECONDS))


def serial(node):
    """Of the certificate that the node's API shows to who connects now."""
    shown = subprocess.run(["ip", "netns", "exec", node.ns, "openssl", "s_client", "-connect", node.address],
                           stdin=subprocess.DEVNULL, capture_output=True, check=False).stdout
    text = subprocess.run(["openssl", "x509", "-noout", "-serial"], input=shown, capture_output=True, check=True).stdout
    return text.decode().strip().partition("=")[2].lower()


def kept(node):
    code, stdout, stderr = node.wmctl("-o", "json", "certificate", "show", identity=node.dir / "identity")
    equal(code, 0, "certificate show: " + stderr)
    return json.loads(stdout)


def known(node, name):
    with sqlite3.connect("file:%s?mode=ro" % (node.dir / "state.db"), uri=True) as state:
        return {row[0] for row in state.execute("SELECT serial FROM certificates WHERE node = ?", (name,))}


@test("certificates that end within seconds are renewed in time, with new keys, and nobody is lost or restarted")
def _():
    some = Mesh(lab(), *STEADY, *SHORT)
    some.add("n2", "voter", *STEADY, *SHORT)
    some.add("o1", "observer", *STEADY)
    first = {node.name: kept(node) for node in some.nodes}
    keys = {node.name: (node.dir / "identity/node.pem").read_text() for node in some.nodes}
    for node in some.nodes:
        wait_until(SECONDS, lambda node=node: kept(node)["serial"] != first[node.name]["serial"], "%s has another" % node.name)
        wait_until(10, lambda node=node: serial(node) == kept(node)["serial"], "%s shows it" % node.name)
        now = (node.dir / "identity/node.pem").read_text()
        check(now.split("-----END")[0] != keys[node.name].split("-----END")[0], "%s has its old key" % node.name)
        equal(kept(node)["name"], node.name, "name")
    # Twice more, so that nothing can go on by what was there at first.
    for node in some.nodes:
        wait_until(3 * SECONDS, lambda node=node: node.log_text().count("event=certificate serial=") >= 2,
                   "%s has a third one" % node.name)
    late = some.nodes[1]
    late.stop()
    late.start()
    late.wait_status(role="voter")
    some.token()
    some.wait_level()
    check(len(known(some.founder, "o1")) <= 4, "certificates that have expired are forgotten: %s" % known(some.founder, "o1"))
    check(not any(node.log_has("event=removed") for node in some.nodes), "somebody finds itself removed")
    some.stop()


@peer_test("another identity of the node that is put into its folder holds from SIGHUP on, and another node's does not")
def _():
    some = Mesh(lab(), *STEADY)
    node, other = some.founder, some.add("n2", "voter", *STEADY)
    pem = node.dir / "identity/node.pem"
    before, old = serial(node), pem.read_text()
    shutil.copy(other.dir / "identity/node.pem", pem)
    node.process.send_signal(signal.SIGHUP)
    node.wait_log("event=certificate-refused", "node n1")
    equal(serial(node), before, "serial after a refused one")
    pem.write_text(old)
    renewed = renew_by_hand(node)
    node.process.send_signal(signal.SIGHUP)
    wait_until(10, lambda: serial(node) == renewed != before, "it shows the other one")
    equal(call(node.as_itself(), LIST_NODES).code, "OK", "a call with it")
    some.stop()


def renew_by_hand(node):
    hand = Machine(lab().folder / "machines" / "by-hand", "by-hand")
    answer = call(node.as_itself(), RENEW, {"csr_pem": hand.csr()})
    equal(answer.code, "OK", "renewal (%s)" % answer.details)
    hand.keep({"ca_pem": "", **answer.reply})
    shutil.copy(hand.folder / "node.pem", node.dir / "identity/node.pem")
    return kept(node)["serial"]


@peer_test("a renewal is for who holds a certificate, in his name alone, by way of any node")
def _():
    csr = Machine(lab().folder / "machines" / "somebody-else", "somebody-else").csr()
    for node in mesh().nodes:
        refused(call(node.anybody(), RENEW, {"csr_pem": csr}), "UNAUTHENTICATED")
        answer = call(node.as_itself(), RENEW, {"csr_pem": csr})
        equal(answer.code, "OK", "%s asks (%s)" % (node.name, answer.details))
        text = subprocess.run(["openssl", "x509", "-noout", "-ext", "subjectAltName"], capture_output=True, check=True,
                              input=answer.reply["certificate_pem"].encode()).stdout.decode()
        check("/node/%s" % node.name in text and "somebody-else" not in text, "the certificate is for: " + text)
    for garbage in ("", "x", csr[:-60]):
        refused(call(mesh().leader().as_itself(), RENEW, {"csr_pem": garbage}), "INVALID_ARGUMENT", "csr_pem")
    mesh().leader().wait_log("event=audit action=renew", "by=node:" + mesh().nodes[-1].name, "outcome=ok")


@test("an administrator renews his own certificate, and a node's is left to its daemon")
def _():
    folder = lab().folder / "renewing-admin"
    shutil.copytree(mesh().founder.dir / "admin", folder)
    node = mesh().nodes[-1]
    code, before, _ = node.wmctl("-o", "json", "certificate", "show", identity=folder)
    equal(code, 0, "certificate show")
    code, after, stderr = node.wmctl("-o", "json", "certificate", "renew", identity=folder)
    equal(code, 0, "certificate renew: " + stderr)
    before, after = json.loads(before), json.loads(after)
    check(before["serial"] != after["serial"], "the serial is as before")
    equal((after["kind"], after["name"]), ("admin", before["name"]), "whose it is")
    equal(node.wmctl("token", "list", identity=folder)[0], 0, "exit code with the new one")
    code, _, stderr = node.wmctl("certificate", "renew", identity=node.dir / "identity")
    check(code == 1 and "wgmeshd renews it" in stderr, "a node's: %d %s" % (code, stderr))
    equal(node.wmctl("certificate")[0], 2, "exit code without more")


@peer_test("a node that was taken out does not renew its certificate")
def _():
    machine = new_machine()
    equal(join(machine).code, "OK", "joining")
    where = at(machine, mesh().leader())
    equal(call(where, RENEW, {"csr_pem": machine.csr()}).code, "OK", "while it is a node")
    equal(call(mesh().founder.as_admin(mesh().leader()), LEAVE, {"id": machine.name}).code, "OK", "leave")
    refused(call(where, RENEW, {"csr_pem": machine.csr()}), "PERMISSION_DENIED", machine.name, "token")


@test("on a voter further administrators are made, with names of their own, and nowhere else")
def _():
    voter, observer = mesh().nodes[1], mesh().nodes[-1]
    folder = lab().folder / "second-admin"
    code, _, stderr = voter.wgmeshd("admin", "second", str(folder))
    equal(code, 0, "admin on a voter: " + stderr)
    equal(oct(folder.stat().st_mode & 0o777), "0o700", "mode of the folder")
    code, stdout, stderr = observer.wmctl("token", "create", identity=folder)
    equal(code, 0, "a token by the second one: " + stderr)
    wait_until(10, lambda: any(node.log_has("action=token-create", "by=admin:second") for node in mesh().nodes),
               "it is on record by its name")
    equal(voter.wgmeshd("admin", "second", str(folder))[0], 0, "exit code of another one for the same")
    for node, args, words in ((voter, ("third", str(folder)), "another identity"),
                              (observer, ("third", str(lab().folder / "third-admin")), "only voters"),
                              (voter, ("no such name", str(lab().folder / "third-admin")), "1 to 63"),
                              (voter, ("third",), "a name and a folder")):
        code, _, stderr = node.wgmeshd("admin", *args)
        check(code != 0 and words in stderr, "%r: %d %s" % (args, code, stderr))
