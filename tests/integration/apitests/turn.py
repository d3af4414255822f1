# SPDX-License-Identifier: Apache-2.0
"""TURN: data channels that pass coturn, one that the daemon runs or another, because the client has no other way."""
import atexit
import functools
import os
import pathlib
import pwd
import signal
import socket
import subprocess
import time

from apilib import coturn
from apilib.channel import Channel, Echo, relay_of, through
from apilib.mesh import Mesh
from apilib.network import CLIENT, Network, address
from apilib.node import ROOT, WGMESHD, WMCTL
from apilib.peer import Peer, wait_message
from apitests.channels import held, wait_empty
from apilib.world import GET_STATUS, START_DATA_CHANNEL, STEADY, peer_test, refused
from testing import check, defer, entered, equal, wait_until

MEGABYTE = 1 << 20
PORTS = range(50000, 50100)
OPTIONS = ("--turn-mode", "managed", "--turn-relay-ports", "50000-50099")


def _missing():
    if not os.access(coturn.PROGRAM, os.X_OK):
        return coturn.PROGRAM + " is not installed (package coturn)"
    try:
        pwd.getpwnam("turnserver")
    except KeyError:
        return "there is no user turnserver (package coturn)"
    return None


WHY = _missing()
if WHY:
    print("skipped: whatever needs a TURN server: %s" % WHY, flush=True)


def turn_test(name):
    return (lambda function: function) if WHY else peer_test(name)


class Client:
    """As Network.cut() has others."""
    host = address(CLIENT)
    name = "client"


class World:
    """n1 has a server, n2 has none; and a client."""

    def __init__(self):
        self.network = Network(os.environ.get("LOGS"))
        self.mesh = Mesh(self.network, *STEADY)
        self.n1 = self.mesh.founder
        self.n2 = self.mesh.add("n2", "voter", *STEADY)
        self.client = Peer(self.network.ns)
        atexit.register(self.client.close)
        self.n1.stop()
        self.n1.start(*OPTIONS)
        self.mesh.leader().wait_status(voters=2, nodes=2)
        wait_until(20, self.serves, "n1 has a TURN server")

    def admin(self, at):
        return self.n1.as_admin(at)

    def features(self, at):
        reply = self.client.call(self.admin(at), GET_STATUS).reply
        return reply["features"] if reply else []

    def serves(self):
        return "TURN_SERVER" in self.features(self.n1)

    def start(self, by, **request):
        stream = self.client.bidi(self.admin(by), START_DATA_CHANNEL)
        stream.send(request)
        return stream

    def servers(self, by):
        """What a client is told of servers there."""
        stream = self.start(by, node_id=by.name, port=80)
        servers = wait_message(stream)["stun_servers"]
        stream.cancel()
        return servers

    def connect(self, by, of):
        """A client without a way but the relay's, and the service it reaches."""
        service = Echo(of.ns)
        defer(service.close)
        channel = Channel(self.network.ns, relayed=True)
        channel.service = service
        defer(channel.stop)
        return channel.connect(lambda: self.start(by, node_id=of.name, port=service.port))

    def process(self):
        """Number of n1's server; None: it does not run."""
        done = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.n1.process.pid)], stdout=subprocess.PIPE, text=True, check=False)
        return int(done.stdout.split()[0]) if done.stdout.split() else None


@functools.cache
def world():
    return World()


def proc(pid, name):
    return pathlib.Path("/proc/%d/%s" % (pid, name)).read_bytes()


def is_gone(pid):
    return not os.path.exists("/proc/%d" % pid) or proc(pid, "stat").split()[2] == b"Z"


@turn_test("a client that has no way but a relay reaches a service by the TURN server of a node")
def _():
    w = world()
    channel = w.connect(w.n1, w.n1)
    channel.echo(1, MEGABYTE)
    line = w.n1.wait_log("event=data-channel-connected", " - relay 10.98.0.1:")
    port = int(line.split(" - relay 10.98.0.1:")[1].split('"')[0])
    check(port in PORTS, "the relay's port: %s" % line)
    channel.stream.cancel()


@turn_test("each call has credentials of its own, which hold ten minutes, and a node without a server tells of none")
def _():
    w = world()
    first, second = (relay_of(w.servers(w.n1)) for _ in range(2))
    check(first["username"] != second["username"] and first["credential"] != second["credential"], "the same twice")
    left = int(first["username"].split(":")[0]) - time.time()
    check(500 < left <= 600, "they hold for %d s" % left)
    check("TURN_SERVER" not in w.features(w.n2), "n2 says that it has a server")
    equal(w.servers(w.n2), [], "servers that n2 tells of")


@turn_test("by way of that node wmctl reaches another's, when both may speak to the relay alone")
def _():
    w = world()
    service = Echo(w.n2.ns)
    defer(service.close)
    w.network.cut(w.n2, [Client])
    defer(lambda: w.network.cut(w.n2, []))
    environment = dict(os.environ, WGMESH_STATE_DIR=str(w.n1.dir))
    forward = subprocess.Popen(["ip", "netns", "exec", w.network.ns, WMCTL, "--address", w.n1.address, "port-forward", "n2",
                                "0:%d" % service.port], stdout=subprocess.PIPE, text=True, env=environment)
    defer(forward.wait)
    defer(forward.kill)
    path, ready = forward.stdout.readline(), forward.stdout.readline()
    check(path.startswith("connected with n2: relay 10.98.0.1:") and " - relay 10.98.0.1:" in path, "the path: %r" % path)
    data = os.urandom(MEGABYTE)
    check(through(w.network.ns, int(ready.split()[0].split(":")[1]), data) == data, "what came back is not what went")


@turn_test("what a data channel has of the server it gives back when it ends")
def _():
    w = world()
    pid = w.process()

    def has_relay(stream):
        return any(" typ relay " in message["candidate"] for message in stream.messages)
    for _ in range(2):
        before = len(os.listdir("/proc/%d/fd" % pid))
        streams = [w.start(w.n1, node_id="n1", port=80) for _ in range(10)]
        for stream in streams:
            wait_until(20, lambda stream=stream: has_relay(stream), "a relay is told of")
        for stream in streams:
            stream.cancel()
        wait_until(20, lambda before=before: len(os.listdir("/proc/%d/fd" % pid)) <= before, "coturn has its %d descriptors" % before)
    check("alive TURN refreshes" not in w.n1.log_text(), "libnice warns: " + w.n1.tail())


@turn_test("the server has a user's rights that has no others, no secret where it can be seen, and no more than UDP")
def _():
    w = world()
    pid = w.process()
    status = dict(line.split(":\t", 1) for line in proc(pid, "status").decode().splitlines() if ":\t" in line)
    user = pwd.getpwnam("turnserver")
    equal(status["Uid"].split(), [str(user.pw_uid)] * 4, "its user")
    equal((status["Groups"].split(), int(status["CapEff"], 16), int(status["CapPrm"], 16), status["NoNewPrivs"]),
          ([], 0, 0, "1"), "its rights")
    equal(proc(pid, "environ"), b"", "its environment")
    secret = proc(pid, "fd/3").decode().split("static-auth-secret=")[1].split()[0]
    equal(len(secret), 64, "the secret")
    check(secret.encode() not in proc(pid, "cmdline"), "the secret is on the command line")
    check(secret not in w.n1.log_text(), "the secret is in the log")
    done = subprocess.run(["grep", "-rlF", secret, str(w.n1.dir)], stdout=subprocess.PIPE, text=True, check=False)
    equal(done.stdout, "", "files with the secret")
    with entered(w.n1.ns):
        check(socket.socket().connect_ex(("10.98.0.1", 3478)) != 0, "it listens for TCP")


@turn_test("a server that is killed in the midst of a transfer is there again, a new way passes it, and nothing is left afterwards")
def _():
    w = world()
    w.connect(w.n1, w.n1).stream.cancel()
    wait_empty(w.n1)
    before = w.n1.descriptors()
    channel = w.connect(w.n1, w.n1)
    channel.say({"flood": 1})
    wait_until(30, lambda: channel.service.bytes > MEGABYTE, "a transfer is in its midst")
    pid = w.process()
    os.kill(pid, signal.SIGKILL)
    w.n1.wait_log("event=child-ended", "signal=9")
    wait_until(20, lambda: w.process() not in (None, pid) and w.serves(), "there is another")
    w.n1.wait_log("event=data-channel-restart", "nothing is heard", seconds=30)
    w.n1.wait_log("event=data-channel-path", " - relay 10.98.0.1:", seconds=30)
    passed = channel.service.bytes
    wait_until(30, lambda: channel.service.bytes - passed > MEGABYTE, "the transfer goes on")
    equal((held(w.n1), channel.service.open), ((1, 1), 1), "connections: the one that there was")
    channel.stream.cancel()
    wait_empty(w.n1, before)


@turn_test("the server ends with the daemon, however that one does")
def _():
    w = world()
    for end in (w.n1.stop, w.n1.kill):
        pid = w.process()
        end()
        wait_until(5, lambda pid=pid: is_gone(pid), "its server ends")
        w.n1.start(*OPTIONS)
        w.mesh.leader().wait_status(voters=2)
        wait_until(20, w.serves, "n1 has a TURN server")


def confined(folder, capabilities):
    """The daemon with no other capabilities than these, as its unit has it."""
    script = folder / "confined"
    script.write_text("#!/bin/sh\nexec setpriv --inh-caps -all --bounding-set -all,%s %s \"$@\"\n"
                      % (",".join("+" + name for name in capabilities), WGMESHD))
    script.chmod(0o755)
    return str(script)


@turn_test("a daemon that may not change its user starts no server and says what it lacks, and needs no more than packaging/turn.conf gives")
def _():
    w = world()
    enough = ["net_admin", "setuid", "setgid", "kill"]

    def restart(capabilities, *words):
        if w.n1.process:
            w.n1.stop()
        w.n1.log.unlink()
        w.n1.program = confined(w.n1.dir.parent, capabilities)
        w.n1.start(*OPTIONS)
        w.n1.program = WGMESHD
        w.n1.wait_log(*words, seconds=20)
    for missing in enough[1:]:
        restart([one for one in enough if one != missing], "event=child-not-started", "CAP_KILL")
    for end in (w.n1.stop, w.n1.kill):
        restart(enough, "event=child-started", "turnserver")
        pid = w.process()
        check(pid, "it does not run")
        end()
        wait_until(5, lambda pid=pid: is_gone(pid), "its server ends")
    w.n1.start(*OPTIONS)
    w.mesh.leader().wait_status(voters=2)
    wait_until(20, w.serves, "n1 has a TURN server")
    given = (ROOT / "packaging/turn.conf").read_text()
    check("\nCapabilityBoundingSet=CAP_SETUID CAP_SETGID CAP_KILL\n" in given and "\nSystemCallFilter=@setuid\n" in given, given)


@turn_test("an external server is told of with credentials of its secret, and a file of it that others may read is refused")
def _():
    w = world()
    folder = w.n2.dir.parent
    process = coturn.start(w.network.ns, folder, address(CLIENT), 3479)	# where the client is, which must reach n2 at its address there
    defer(process.wait)
    defer(process.kill)
    secret = folder / "secret"
    secret.write_text(coturn.SECRET + "\n")
    options = ("--turn-mode", "external", "--turn-server", "turn:%s:3479" % address(CLIENT), "--turn-secret-file", str(secret))
    w.n2.stop()
    secret.chmod(0o604)
    w.n2.start(*options)
    w.n2.wait_log("event=start-failed", "turn-secret-file", "chmod")
    w.n2.stop()
    secret.chmod(0o600)
    w.n2.start(*options)
    w.mesh.leader().wait_status(voters=2)
    wait_until(20, lambda: w.features(w.n2), "n2 answers")
    channel = w.connect(w.n2, w.n2)
    channel.echo(1, MEGABYTE)
    w.n2.wait_log("event=data-channel-connected", " - relay %s:" % address(CLIENT))
    check("TURN_SERVER" not in w.features(w.n2), "it says that it has a server")
    check(coturn.SECRET not in w.n2.log_text(), "the secret is in the log")
