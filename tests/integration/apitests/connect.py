# SPDX-License-Identifier: Apache-2.0
"""wmctl connect: in the mesh for as long as the command runs."""
import datetime
import json
import pathlib
import shutil
import signal
import subprocess

from apilib.node import WMCTL
from apilib.world import lab, mesh
from testing import attempt, check, defer, equal, test, wait_until

FOLDERS = "wgmesh-connect.*"


def guests():
    code, stdout, _ = mesh().leader().wmctl("-o", "json", "get", "nodes", identity=mesh().founder.dir / "admin")
    return {node["id"] for node in json.loads(stdout) if node["id"].startswith("guest-")} if code == 0 else None


def folders():
    return {path for place in ("/run", "/tmp") for path in pathlib.Path(place).glob(FOLDERS)}


def child(pid):
    """The one process that `pid` has started."""
    return subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=True).stdout.strip()


class Guest:
    def __init__(self, *options):
        node = lab().node("guest")	# its ports, no more
        self.log = lab().folder / ("guest-%d.log" % node.number)
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                ["ip", "netns", "exec", lab().ns, WMCTL, "connect", mesh().token(), "--backend", "none", "--device",
                 "api%d" % node.number, "--grpc-port", str(node.grpc_port), "--raft-port", str(node.raft_port),
                 "--wireguard-port", str(20000 + node.number), *options], stdout=log, stderr=log)
        defer(self.end)

    def end(self):
        if self.process.poll() is None:
            self.stop(signal.SIGTERM)

    def said(self, words):
        return words in self.log.read_text() and self.log.read_text()

    def stop(self, number):
        self.process.send_signal(number)
        return self.process.wait(timeout=60)


@test("who connects is in the mesh until the command is ended, and leaves nothing behind")
def _():
    before = folders()
    for number in (signal.SIGINT, signal.SIGTERM):
        guest = Guest()
        text = wait_until(60, lambda: guest.said("in the mesh as guest-"), "it is in the mesh")
        name = text.split("in the mesh as ")[1].split(":")[0]
        check(name in guests(), "%s is not in %r" % (name, guests()))
        equal(guest.stop(number), 0, "exit code (%s)" % guest.log.read_text())
        wait_until(20, lambda: guests() == set(), "it has left")
        equal(folders(), before, "folders that stay")


@test("a guest whose command is killed leaves the mesh all the same, and nothing behind")
def _():
    before = folders()
    guest = Guest()
    wait_until(60, lambda: guest.said("in the mesh as guest-"), "it is in the mesh")
    check(len(guests()) == 1, "%r" % guests())
    guest.stop(signal.SIGKILL)
    wait_until(60, lambda: guests() == set(), "it has left (%s)" % guest.log.read_text())
    wait_until(30, lambda: folders() == before, "its folder goes")


def all_below(pid):
    """What `pid` has started, and they, the oldest first."""
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout.split()
    return found + [each for one in found for each in all_below(one)]


def stayed(name):
    """Seconds from a node's first Join to its last; it must be in the mesh."""
    code, stdout, stderr = mesh().founder.wmctl("-o", "json", "get", "nodes", name)
    equal(code, 0, "exit code of get nodes %s (%s)" % (name, stderr))
    node = json.loads(stdout)
    return (moment(node["updated_at"]) - moment(node["created_at"])).total_seconds()


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


@test("a guest stays for as long as it is heard of, and the mesh takes it out when it is not")
def _():
    before = folders()
    guest = Guest("--expire-after", "5s")
    wait_until(60, lambda: guest.said("in the mesh as guest-"), "it is in the mesh")
    name, = guests()
    wait_until(60, lambda: stayed(name) > 12, "it is heard of for more than twice its time")
    # As if its machine had stopped: nobody is left to say that it leaves.
    pids = [str(guest.process.pid), *all_below(guest.process.pid)]
    subprocess.run(["kill", "-9", *pids], check=True)
    wait_until(60, lambda: guests() == set(), "it was taken out")
    check(any(node.log_has("event=guest-expired node=%s" % name) for node in mesh().nodes), "a leader says so")
    for folder in folders() - before:
        shutil.rmtree(folder)


@test("a voter does not expire, and says what is wrong")
def _():
    node = lab().node("brief").join(mesh().token("--role", "voter"), "--expire-after", "60s").start()
    defer(node.stop)
    wait_until(30, lambda: node.log_has("a voter does not expire"), "it says why")


@test("a token that is no good connects nobody, and leaves nothing behind")
def _():
    before = folders()
    code, _, stderr = attempt([WMCTL, "connect", "wgmesh1.nonsense"], lab().ns)
    check(code == 1 and "token" in stderr, "%d %s" % (code, stderr))
    equal(folders(), before, "folders that stay")
    equal(attempt([WMCTL, "connect"])[0], 2, "exit code without a token")


@test("a guest whose daemon is gone says so, and who takes it out of the mesh")
def _():
    guest = Guest()
    name = wait_until(60, lambda: guest.said("in the mesh as guest-"), "it is in the mesh").split("in the mesh as ")[1].split(":")[0]
    daemon = child(child(guest.process.pid))
    subprocess.run(["kill", "-9", daemon], check=True)
    equal(guest.process.wait(timeout=60), 1, "exit code")
    check(guest.said("wmctl node remove " + name), guest.log.read_text())
    code, _, stderr = mesh().leader().wmctl("node", "remove", name, identity=mesh().founder.dir / "admin")
    equal(code, 0, "exit code of node remove (%s)" % stderr)


@test("down takes away the device that a stopped daemon has left, and the next start brings it back")
def _():
    node = lab().node("standing").init("--backend", "auto")
    def has_device():
        return attempt(["ip", "-n", lab().ns, "link", "show", "api%d" % node.number])[0] == 0
    node.start()
    defer(lambda: has_device() and attempt(["ip", "-n", lab().ns, "link", "del", "api%d" % node.number]))
    for _ in range(2):
        wait_until(20, node.leads, "it leads")
        node.stop()
        check(has_device(), "a daemon that stops takes its device with it")
        code, _, stderr = node.wgmeshd("down")
        equal(code, 0, "exit code of down (%s)" % stderr)
        check(not has_device(), "the device is still there")
        node.start()
        node.wait_status(role="leader")
        check(has_device(), "the device is not back")
    node.stop()


@test("down is for stopped daemons")
def _():
    node = lab().node("downed").init().start()
    wait_until(20, node.leads, "it leads")
    code, _, stderr = node.wgmeshd("down")
    check(code == 1 and "another process" in stderr, "beside a daemon: %d %s" % (code, stderr))
    node.stop()
    code, stdout, stderr = node.wgmeshd("down")
    equal((code, stdout), (0, "api%d is down\n" % node.number), "after it (%s)" % stderr)
    equal(node.wgmeshd("down", "x")[0], 2, "exit code of a wrong use")
    code, _, stderr = lab().node("nobodys").wgmeshd("down")
    check(code == 1 and "belongs to no node" in stderr, "without a node: %d %s" % (code, stderr))
