# SPDX-License-Identifier: Apache-2.0
"""wmctl doctor: healthy is healthy, and what is broken is found, with a remedy and the exit code."""
import json

from apilib.mesh import Mesh
from apilib.world import STEADY, lab, mesh
from testing import attempt, check, defer, equal, test, wait_until

CODES = {"ok": 0, "warn": 3, "fail": 1}


def doctor(node, *args):
    """{check: (verdict, texts)}, the worst verdict of each, but for this machine's disk, which is not ours."""
    code, stdout, stderr = node.wmctl(*args, "-o", "json", "doctor")
    equal(stderr, "", "doctor's error")
    items = json.loads(stdout)
    worst = max(items, key=lambda item: list(CODES).index(item["verdict"]))["verdict"]
    equal(code, CODES[worst], "exit code when the worst is " + worst)
    found = {}
    for item in items:
        check(bool(item["remedy"]) or item["verdict"] == "ok" or item["check"] in ("clock", "disk"), "no remedy: %r" % item)
        verdict, texts = found.get(item["check"], ("ok", ""))
        found[item["check"]] = (max(verdict, item["verdict"], key=list(CODES).index), texts + item["text"] + "; " + item["remedy"] + "\n")
    return found


@test("doctor finds a healthy mesh healthy, and looks at everything")
def _():
    mesh().wait_level()
    found = doctor(mesh().founder)
    for name in ("certificate", "daemon", "quorum", "state", "dataplane", "clock", "reach", "module", "port", "state-dir"):
        check(name in found, "nothing is said of " + name)
        equal(found[name][0], "ok", "%s: %s" % (name, found[name][1]))
    check("disk" in found, "nothing is said of the disk")
    code, text, _ = mesh().founder.wmctl("doctor")
    check("ok    quorum" in text and code in (0, 3), "for people: %d %s" % (code, text))
    equal(mesh().founder.wmctl("doctor", "x")[0], 2, "exit code of a wrong use")


@test("doctor names the voter that is silent, and fails when there is no majority")
def _():
    made = Mesh(lab(), *STEADY)
    founder = made.founder
    equal(doctor(founder)["quorum"][0], "warn", "the quorum of one voter")
    second, third = made.add("n2", "voter", *STEADY), made.add("n3", "voter", *STEADY)
    wait_until(30, lambda: doctor(founder)["quorum"][0] == "ok", "three voters are well")
    third.kill()
    found = wait_until(30, lambda: (found := doctor(founder))["quorum"][0] == "warn" and found, "a voter is missed")
    check("n3" in found["quorum"][1] and found["reach"][0] == "warn" and "n3" in found["reach"][1], "%r" % found)
    second.kill()
    found = wait_until(30, lambda: (found := doctor(founder))["quorum"][0] == "fail" and found, "the majority is missed")
    check("wgmeshd recover" in found["quorum"][1], "%r" % found["quorum"][1])


@test("doctor finds secrets that others may read")
def _():
    node = lab().node("open").init().start()
    wait_until(20, node.leads, "it leads")
    equal(doctor(node)["state-dir"][0], "ok", "at first")
    node.dir.chmod(0o755)
    equal(doctor(node)["state-dir"][0], "warn", "a folder that is open")
    (node.dir / "identity/node.pem").chmod(0o644)
    verdict, text = doctor(node)["state-dir"]
    check(verdict == "fail" and "identity/node.pem" in text and "0644" in text, text)


@test("doctor finds a daemon that does not answer, and a mesh that nobody has joined")
def _():
    node = lab().node("silent").init()
    found = doctor(node)
    check(found["daemon"][0] == "fail" and "refused" in found["daemon"][1], "%r" % found["daemon"][1])
    equal(found["state-dir"][0], "ok", "what can be seen without it")
    verdict, text = doctor(lab().node("nobody"))["identity"]
    check(verdict == "fail" and "wgmeshd init or join" in text, text)


@test("doctor looks at device and ports where there is a data plane, and misses the device that is gone")
def _():
    node = lab().node("planed").init("--backend", "auto")
    device = "api%d" % node.number
    defer(attempt, ["ip", "-n", lab().ns, "link", "del", device])
    node.start()
    wait_until(20, node.leads, "it leads")
    found = doctor(node)
    for name in ("port", "mtu", "forwarding"):
        equal(found[name][0], "ok", "%s: %s" % (name, found[name][1]))
    check("UDP %d" % (20000 + node.number) in found["port"][1] and device in found["mtu"][1], "%r" % found)
    equal(found["dataplane"][0], "ok" if node.status()["backend"] == "mesh" else "warn", "the data plane")
    def misses():
        attempt(["ip", "-n", lab().ns, "link", "del", device])
        verdict, text = doctor(node).get("mtu", ("", ""))
        return verdict == "fail" and device in text
    wait_until(30, misses, "the device is missed")
    node.stop()
