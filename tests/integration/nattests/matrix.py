# SPDX-License-Identifier: Apache-2.0
"""Every kind of NAT of the node with every kind of the client. Where two NATs leave a way, ICE finds it, with a server of
STUN alone; where they leave none, data passes the TURN server. And lines that are long and lose."""
import atexit
import functools
import os
import re
import subprocess
import time

from apilib import coturn
from apilib.channel import Channel, Echo, pion, through
from apilib.mesh import Mesh
from apilib.nat import KINDS, TURN, TURN_PORT, Natted
from apilib.network import CLIENT, address
from apilib.node import WMCTL
from apilib.peer import Missing, Peer, install
from apilib.world import START_DATA_CHANNEL, STEADY, refused
from testing import check, defer, equal, test, wait_until

SIZE = 100000
MEGABYTE = 1 << 20
SERVER = "%s:%d" % (address(TURN), TURN_PORT)
STUN = ("--stun-servers", "stun:" + SERVER)
# Of one pair, as either side tells it.
PATH = re.compile(r"(\w+) ([\d.]+):\d+ - (\w+) ([\d.]+):\d+$")


def _missing():
    if not os.access(coturn.PROGRAM, os.X_OK):
        return coturn.PROGRAM + " is not installed (package coturn)"
    try:
        install()
        pion()
        return None
    except Missing as why:
        return why


WHY = _missing()
if WHY:
    print("skipped: whatever has NATs: %s" % WHY, flush=True)


def nat_test(name):
    return (lambda function: function) if WHY else test(name)


class World:
    """A node, a service of its own, and a client."""

    def __init__(self):
        self.network = Natted(os.environ.get("LOGS"))
        self.server = coturn.start(self.network.turn, self.network.folder, address(TURN), TURN_PORT)
        atexit.register(self.server.kill)
        secret = self.network.folder / "secret"
        secret.write_text(coturn.SECRET + "\n")
        secret.chmod(0o600)
        self.turn = ("--turn-mode", "external", "--turn-server", "turn:" + SERVER, "--turn-secret-file", str(secret))
        self.node = Mesh(self.network, *STEADY).founder
        self.relays = None	# whether the node knows of the TURN server
        self.service = Echo(self.node.ns)
        self.client = Peer(self.network.ns)
        atexit.register(self.client.close)

    def set(self, node, client, relays):
        """The kinds of the two NATs, and whether there is a relay."""
        self.network.set_nats(node, client)
        if self.relays != relays:
            self.node.stop()
            self.node.start(*STUN, *(self.turn if relays else ()))
            wait_until(20, self.node.leads, "n1 leads")
            self.relays = relays

    def start(self):
        stream = self.client.bidi(self.node.as_admin(), START_DATA_CHANNEL)
        stream.send({"node_id": "n1", "port": self.service.port})
        return stream

    def connect(self):
        channel = Channel(self.network.ns, stack=pion)
        defer(channel.stop)
        return channel.connect(self.start)

    def told(self):
        """The pair that the node told of last."""
        lines = [line for line in self.node.log_text().splitlines() if "event=data-channel-connected" in line]
        return lines[-1].split('path="')[1].split('"')[0]


@functools.cache
def world():
    return World()


def is_direct(node, client):
    """Whether there is a way without a relay: no port has to be foretold, or the other side lets in whatever port it is."""
    return "blocked" not in (node, client) and not ("symmetric" in (node, client) and {node, client} <= {"port", "symmetric"})


def kinds(path):
    """Of the candidates of a pair; none has an address that is nobody's where it is."""
    found = PATH.match(path)
    check(found, "the path: %r" % path)
    near, near_ip, far, far_ip = found.groups()
    for kind, ip in ((near, near_ip), (far, far_ip)):
        equal(ip == address(TURN), kind == "relay", "a relay's address in " + path)
    check(far != "host" and far_ip.startswith("10.98."), "the path: %r" % path)
    return {near, far}


def passes(node, client, relays):
    w = world()
    w.set(node, client, relays)
    channel = w.connect()
    channel.echo(1, SIZE)
    for path in (channel.path(), w.told()):
        equal("relay" in kinds(path), relays, "a relay in " + path)
    channel.stream.cancel()


for _node in KINDS:
    for _client in KINDS:
        if is_direct(_node, _client):
            nat_test("%s: the node, %s: the client: they speak with each other" % (_node, _client))(
                functools.partial(passes, _node, _client, False))


@nat_test("symmetric on both sides and no relay: the client hears that there is no way")
def _():
    w = world()
    w.set("symmetric", "symmetric", False)
    channel = Channel(w.network.ns, stack=pion)
    defer(channel.stop)
    channel.begin(w.start)
    refused(channel.stream.wait(60), "UNAVAILABLE", "ICE finds no path")


for _node in KINDS:
    for _client in KINDS:
        if not is_direct(_node, _client):
            nat_test("%s: the node, %s: the client: they speak by way of the relay" % (_node, _client))(
                functools.partial(passes, _node, _client, True))


@nat_test("IPv6 behind firewalls that let in nobody uninvited, where IPv4 has no way: they speak with each other")
def _():
    w = world()
    w.set("blocked", "blocked", False)
    w.network.add_ipv6()
    defer(w.network.remove_ipv6)
    channel = w.connect()
    channel.echo(1, SIZE)
    for path, ip in ((channel.path(), "[2001:db8:1::2]:"), (w.told(), "[2001:db8:250::2]:")):
        check(ip in path.split(" - ")[1], "the path: " + path)
    channel.stream.cancel()


# ---- wmctl as the client ----

def forward():
    """wmctl port-forward to the service: (the path that it tells, its local port)"""
    w = world()
    process = subprocess.Popen(["ip", "netns", "exec", w.network.ns, WMCTL, "--address", w.node.address, "port-forward", "n1",
                                "0:%d" % w.service.port], stdout=subprocess.PIPE, text=True,
                               env=dict(os.environ, WGMESH_STATE_DIR=str(w.node.dir)))
    defer(process.wait)
    defer(process.kill)
    path, ready = process.stdout.readline(), process.stdout.readline()
    check(path.startswith("connected with n1: ") and "leads to" in ready, "%r, %r" % (path, ready))
    return path.removeprefix("connected with n1: ").strip(), int(ready.split()[0].split(":")[1])


def forwards(node, client, relays):
    world().set(node, client, relays)
    path, port = forward()
    equal("relay" in kinds(path), relays, "a relay in " + path)
    data = os.urandom(SIZE)
    check(through(world().network.ns, port, data) == data, "what came back is not what went")


for _node, _client, _relays in (("port", "port", False), ("symmetric", "address", False), ("symmetric", "symmetric", True),
                                ("blocked", "blocked", True)):
    nat_test("%s: the node, %s: wmctl: it says that they speak %s" % (_node, _client, "by way of the relay" if _relays else "directly"))(
        functools.partial(forwards, _node, _client, _relays))


# ---- lines ----

def line(milliseconds, loss):
    """The client's from now on, each way."""
    wire = world().network.wire
    wire.set(milliseconds, loss)
    defer(wire.set, 0, 0)


@nat_test("a line that loses one in twenty and takes 100 ms there and back: what comes back is what went")
def _():
    w = world()
    w.set("port", "port", False)
    line(50, 0.05)
    begin = time.monotonic()
    channel = w.connect()
    opened = time.monotonic()
    size = MEGABYTE if os.environ.get("LONG") else 2 * SIZE
    channel.echo(1, size, 240)
    print("        open after %.1f s, %d bytes there and back in %.1f s" % (opened - begin, size, time.monotonic() - opened), flush=True)
    channel.stream.cancel()


@nat_test("a line that loses one in twenty and takes 100 ms there and back, by way of the relay")
def _():
    w = world()
    w.set("symmetric", "symmetric", True)
    line(50, 0.05)
    channel = w.connect()
    channel.echo(1, SIZE, 240)
    equal("relay" in kinds(channel.path()), True, "a relay")
    channel.stream.cancel()
