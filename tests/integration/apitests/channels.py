# SPDX-License-Identifier: Apache-2.0
"""WebRTC's data channels: clients that nobody here wrote reach services by way of a node. Each node has
a namespace of its own, as has the client (apilib.network)."""
import atexit
import concurrent.futures
import contextlib
import functools
import json
import os
import signal
import socket
import subprocess
import threading

from apilib.channel import Channel, Echo
from apilib.channel import through as through_namespace
from apilib.mesh import Mesh
from apilib.network import Network
from apilib.node import WMCTL, identity
from apilib.peer import Peer, wait_message
from apilib.world import (GET_STATUS, LEAVE, NEGOTIATE_DATA_CHANNEL, REVOKE_ADMIN, START_DATA_CHANNEL, STEADY,
                          peer_test, refused)
from testing import Failure, check, defer, entered, equal, note, test, wait_until

LIMIT = 16	# of one identity
OFFERS, BATCH = 10000, 250
DESCRIPTORS = 16	# of a session before it is answered: a socket for each address, and what waits for them
MEGABYTE = 1 << 20


@functools.cache
def network():
    return Network(os.environ.get("LOGS"))


@functools.cache
def mesh():
    """Of one node, which has all its descriptors: names are served a while after the rest."""
    made = Mesh(network(), *STEADY)
    wait_until(20, lambda: serves_names(made.founder), "n1 serves names")
    return made


def serves_names(at):
    host, port = at.dns_address.split(":")
    with entered(at.ns), socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


@functools.cache
def client():
    made = Peer(network().ns)
    atexit.register(made.close)
    return made


def node():
    return mesh().founder


def start(to, by=None, metadata=None, **request):
    stream = (by or client()).bidi(to, START_DATA_CHANNEL, metadata=metadata or {})
    stream.send(request)
    return stream


def echo(at, address="127.0.0.1"):
    service = Echo(at.ns, address)
    defer(service.close)
    return service


def connect(begin, ns=None):
    """Of a client in `ns`, connected by the call that `begin` gives."""
    channel = Channel(ns or network().ns)
    defer(channel.stop)
    return channel.connect(begin)


def held(at):
    status = at.status()
    return status.get("data_channels"), status.get("data_channel_connections")


def wait_empty(at, descriptors=None):
    """Until nothing is left of data channels, descriptors included."""
    wait_until(20, lambda: held(at) == (0, 0), "%s holds no data channel" % at.name)
    if descriptors is not None:
        wait_until(20, lambda: at.descriptors() <= descriptors, "%s has its %d descriptors" % (at.name, descriptors))


def offered(to, **request):
    """A stream that has its offer, and waits for an answer."""
    stream = start(to, **request)
    offer = json.loads(wait_message(stream)["offer"])
    equal((sorted(offer), offer["type"]), (["sdp", "type"], "offer"), "the offer")
    return stream


@contextlib.contextmanager
def settings(at, text):
    """`text` as the configuration file; what was before is back afterwards."""
    at.stop()
    path = at.dir / "wgmeshd.yaml"
    path.write_text(text)
    at.start("--config", str(path))
    wait_until(20, at.leads, "%s leads" % at.name)
    try:
        yield path
    finally:
        at.stop()
        at.start()
        wait_until(20, at.leads, "%s leads" % at.name)


def reload(at, path, text):
    path.write_text(text)
    at.process.send_signal(1)


@peer_test("a client reaches a TCP service by way of a node, and nothing is left when it cancels")
def _():
    service = echo(node())
    offered(node().as_admin(), node_id="n1", port=service.port).cancel()	# the engine is there from now on
    wait_empty(node())
    before = node().descriptors()
    channel = connect(lambda: start(node().as_admin(), node_id="n1", port=service.port))
    stream = channel.stream
    channel.echo(1, MEGABYTE)
    equal((held(node()), service.open), ((1, 1), 1), "data channels, connections")
    stream.cancel()
    equal(stream.wait().code, "CANCELLED", "the stream")
    wait_empty(node(), before)
    wait_until(10, lambda: service.open == 0, "the service sees its connection end")
    node().wait_log("action=data-channel", "tcp 127.0.0.1:%d" % service.port, "by=admin:", "outcome=ok")
    node().wait_log("event=data-channel-connected", "path=", "host 10.98.0.")
    node().wait_log("event=data-channel-ended", "was=connected", "the client has gone")


@peer_test("a client that closes its channel ends the stream in order, and may close its half of that before")
def _():
    service = echo(node())
    channel = connect(lambda: start(node().as_itself(), node_id="n1", dst="127.0.0.1", proto="tcp", port=service.port))
    stream = channel.stream
    stream.end()
    channel.echo(1, 1000)
    channel.close()
    equal(stream.wait().code, "OK", "the end")
    wait_empty(node())


@peer_test("who has no certificate negotiates nothing, and what is asked for wrongly is told")
def _():
    admin = node().as_admin()
    for path in (START_DATA_CHANNEL, NEGOTIATE_DATA_CHANNEL):
        refused(client().bidi(node().anybody(), path).wait(), "UNAUTHENTICATED")
    for request, word in (({"port": 80}, "node_id"), ({"node_id": "N 1", "port": 80}, "node_id"),
                          ({"node_id": "n1"}, "port"), ({"node_id": "n1", "port": 65536}, "port"),
                          ({"node_id": "n1", "port": 80, "proto": "sctp"}, "proto"),
                          ({"node_id": "n1", "port": 80, "dst": "localhost"}, "dst"),
                          ({"node_id": "n1", "port": 80, "dst": "0.0.0.0"}, "dst"),
                          ({"node_id": "n1", "port": 80, "dst": "::"}, "dst"),
                          ({"node_id": "n1", "port": 80, "dst": "224.0.0.1"}, "dst")):
        refused(start(admin, **request).wait(), "INVALID_ARGUMENT", word)
    ended = client().bidi(admin, START_DATA_CHANNEL)
    ended.end()
    refused(ended.wait(), "INVALID_ARGUMENT", "nothing was asked for")
    ended = offered(admin, node_id="n1", port=80)
    ended.end()
    refused(ended.wait(), "INVALID_ARGUMENT", "before the answer")
    wait_empty(node())


@peer_test("malformed answers and candidates are told with what they should be, and nothing is left")
def _():
    sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
    for said in ({"answer": "v=0"}, {"answer": "{}"}, {"answer": json.dumps({"type": "offer", "sdp": sdp})},
                 {"answer": json.dumps({"type": "answer", "sdp": sdp})}, {"answer": "x" * 100000},
                 {"candidate": "candidate:1"}, {"candidate": "x"}, {"candidate": "candidate:" + "1 " * 5000}):
        stream = offered(node().as_admin(), node_id="n1", port=80)
        stream.send(said)
        refused(stream.wait(), "INVALID_ARGUMENT", *said, "send ")
    many = offered(node().as_admin(), node_id="n1", port=80)
    for port in range(1, 200):
        many.send({"candidate": "candidate:1 1 udp 2130706431 192.0.2.1 %d typ host" % port})
    refused(many.wait(), "RESOURCE_EXHAUSTED", "candidate")
    wait_empty(node())


@peer_test("a node leads to its own services unless its settings say more, less or other, and each refusal is on record")
def _():
    admin = node().as_admin()
    inside = node().status()["address_ipv4"].split("/")[0], node().status()["address_ipv6"].split("/")[0]
    for dst in ("", "127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1", inside[0]):
        offered(admin, node_id="n1", dst=dst, port=80).cancel()
    for dst in ("10.98.0.1", "8.8.8.8", "::ffff:8.8.8.8", "2001:db8::1", inside[1].replace("::1", "::2")):
        refused(start(admin, node_id="n1", dst=dst, port=80).wait(), "PERMISSION_DENIED", "webrtc-destinations")
    node().wait_log("action=data-channel", "tcp 8.8.8.8:80", "by=admin:", "outcome=denied")
    with settings(node(), "webrtc-destinations: [10.98.0.0/24:8000-8080, 'self:22', '[2001:db8::/32]:443']\n") as path:
        for dst, port, code in (("10.98.0.9", 8000, None), ("10.98.0.9", 8081, "PERMISSION_DENIED"), ("", 22, None),
                                ("", 23, "PERMISSION_DENIED"), ("2001:db8::9", 443, None), ("2001:db9::9", 443, "PERMISSION_DENIED")):
            if code:
                refused(start(admin, node_id="n1", dst=dst, port=port).wait(), code)
            else:
                offered(admin, node_id="n1", dst=dst, port=port).cancel()
        # What the settings allow no more ends, what they still allow stays.
        streams = {port: offered(admin, node_id="n1", port=port) for port in (22,)}
        far = offered(admin, node_id="n1", dst="10.98.0.9", port=8000)
        reload(node(), path, "webrtc-destinations: self\n")
        refused(far.wait(), "PERMISSION_DENIED")
        check(streams[22].ended.empty(), "what is allowed has ended")
        check("ICE_NEGOTIATION" in client().call(admin, GET_STATUS).reply["features"], "the feature")
        reload(node(), path, "webrtc: off\n")
        refused(streams[22].wait(), "UNIMPLEMENTED", "webrtc")
        refused(start(admin, node_id="n1", port=22).wait(), "UNIMPLEMENTED", "webrtc")
        check("ICE_NEGOTIATION" not in client().call(admin, GET_STATUS).reply["features"], "the feature")
        reload(node(), path, "stun-servers: ['stun:10.98.0.250:3478', '[2001:db8::1]:99']\n")
        node().wait_log("setting-changed", "stun-servers")
        with entered(network().ns):
            server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("10.98.0.250", 3478))
        server.settimeout(20)
        stream = offered(admin, node_id="n1", port=22)
        equal(stream.messages[0]["stun_servers"], ["stun:10.98.0.250:3478", "stun:[2001:db8::1]:99"], "STUN servers")
        request = server.recv(1000)
        equal((request[:2], int.from_bytes(request[2:4], "big") + 20), (b"\x00\x01", len(request)), "a binding request")
        server.close()
        stream.cancel()
    wait_empty(node())


@peer_test("one identity has its share of data channels, others theirs, and silence ends what was begun")
def _():
    admin = node().as_admin()
    silent = [client().bidi(admin, START_DATA_CHANNEL)]
    silent += [offered(admin, node_id="n1", port=80) for _ in range(LIMIT - 1)]
    for _ in range(20):
        refused(start(admin, node_id="n1", port=80).wait(), "RESOURCE_EXHAUSTED", "close one")
    offered(node().as_itself(), node_id="n1", port=80).cancel()
    for stream in silent:
        refused(stream.wait(), "DEADLINE_EXCEEDED", "10 s")
    offered(admin, node_id="n1", port=80).cancel()
    wait_empty(node())


def memory(at):
    """kB that the daemon has in use."""
    with open("/proc/%d/status" % at.process.pid, encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def is_settled(stream):
    return stream.messages or not stream.ended.empty()


@peer_test("ten thousand offers that one identity asks for are refused but for its share, others are served, and the node does not grow")
def _():
    admin, other = node().as_admin(), node().as_itself()
    for one in (admin, other):
        offered(one, node_id="n1", port=80).cancel()
    wait_empty(node())
    before, first, most, served = node().descriptors(), memory(node()), 0, 0
    for _ in range(OFFERS // BATCH):
        streams = [start(admin, node_id="n1", port=80) for _ in range(BATCH)]
        offered(other, node_id="n1", port=80).cancel()
        wait_until(30, lambda: all(is_settled(stream) for stream in streams), "all are answered")
        most = max(most, node().descriptors())
        taken = [stream for stream in streams if stream.messages]
        check(len(taken) <= LIMIT, "%d at once" % len(taken))
        served += len(taken)
        for stream in streams:
            if stream in taken:
                stream.cancel()
            else:
                refused(stream.wait(), "RESOURCE_EXHAUSTED", "close one")
    wait_empty(node(), before)
    check(served >= OFFERS // BATCH, "%d were served" % served)
    check(most - before <= LIMIT * DESCRIPTORS, "%d descriptors more" % (most - before))
    grown = memory(node()) - first
    check(grown < 24 << 10, "%d kB more" % grown)
    note("%d served, %d refused; %d descriptors and %d kB more at most" % (served, OFFERS - served, most - before, grown))


@peer_test("what is revoked ends data channels, too")
def _():
    service = echo(node())
    folder = network().folder / "ann"
    code, _, stderr = node().wgmeshd("admin", "ann", str(folder))
    equal(code, 0, "wgmeshd admin: " + stderr)
    out = mesh().add("out", "observer", *STEADY)
    of_ann, of_node = identity(folder, node().address), out.as_itself(node())
    channels = [connect(lambda to=to: start(to, node_id="n1", port=service.port)) for to in (of_ann, of_node)]
    for channel in channels:
        channel.echo(1, 1000)
    streams = [channel.stream for channel in channels]
    equal(client().call(node().as_admin(), REVOKE_ADMIN, {"name": "ann"}).code, "OK", "revoking")
    refused(streams[0].wait(), "PERMISSION_DENIED", "ann", "revoked")
    check(streams[1].ended.empty(), "the other one has ended")
    equal(client().call(node().as_admin(), LEAVE, {"id": "out"}).code, "OK", "taking out")
    refused(streams[1].wait(), "PERMISSION_DENIED", "taken out")
    wait_empty(node())
    wait_until(10, lambda: service.open == 0, "the service sees its connections end")
    mesh().nodes.remove(out)
    out.stop()
    for stranger in (of_ann, of_node):
        refused(start(stranger, node_id="n1", port=80).wait(), "PERMISSION_DENIED")


@peer_test("a node that stops says so to those who negotiate, and does not wait for them")
def _():
    service = echo(node())
    channel = connect(lambda: start(node().as_admin(), node_id="n1", port=service.port))
    channel.echo(1, 1000)
    stream = channel.stream
    waiting = offered(node().as_admin(), node_id="n1", port=80)
    code, seconds = node().stop()
    check(code == 0 and seconds < 5, "it ended with %d after %.1f s" % (code, seconds))
    for ended in (stream, waiting):
        refused(ended.wait(), "UNAVAILABLE", "stops")
    wait_until(10, lambda: service.open == 0, "the service sees its connection end")
    node().start()
    wait_until(20, node().leads, "n1 leads")


# ---- by way of another node ----

class Wide:
    """Two voters, an observer, and a client."""

    def __init__(self):
        self.network = Network(os.environ.get("LOGS"))
        self.mesh = Mesh(self.network, *STEADY)
        self.n1 = self.mesh.founder
        self.n2 = self.mesh.add("n2", "voter", *STEADY)
        self.n3 = self.mesh.add("n3", "observer", *STEADY)
        self.mesh.leader().wait_status(voters=2, nodes=3)
        self.mesh.wait_level()
        self.client = Peer(self.network.ns)
        atexit.register(self.client.close)

    def admin(self, at):
        return self.n1.as_admin(at)

    def start(self, to, **request):
        return start(to, by=self.client, **request)

    def echo_once(self, at, of, service, size):
        """The call by which a client has reached that service of one node by way of another."""
        channel = connect(lambda: self.start(self.admin(at), node_id=of.name, port=service.port), self.network.ns)
        channel.echo(1, size)
        return channel.stream

    def restart(self, node):
        """And until all others have a way to it again."""
        node.start()
        for at in (self.n1, self.n2, self.n3):
            wait_until(30, lambda at=at: self.client.call(self.admin(at), GET_STATUS, {"id": node.name}).code == "OK",
                       "%s asks %s" % (at.name, node.name))


@functools.cache
def wide():
    return Wide()


@peer_test("a client reaches a service of one node by way of another, in its own name, and nothing is left when it cancels")
def _():
    w = wide()
    for at, of in ((w.n2, w.n1), (w.n1, w.n3)):
        service = echo(of)
        stream = w.echo_once(at, of, service, MEGABYTE)
        equal((held(of), held(at)), ((1, 1), (0, 0)), "data channels, connections")
        of.wait_log("action=data-channel", "tcp 127.0.0.1:%d for 10.98.0.250:" % service.port, "by=admin:admin",
                    "through=" + at.name, "outcome=ok")
        at.wait_log("action=data-channel", "tcp 127.0.0.1:%d of %s" % (service.port, of.name), "outcome=ok")
        stream.cancel()
        wait_empty(of)
        wait_until(10, lambda: service.open == 0, "the service sees its connection end")


@peer_test("what the other node refuses is told as it says it")
def _():
    w = wide()
    to = w.admin(w.n2)
    refused(w.start(to, node_id="n1", dst="8.8.8.8", port=80).wait(), "PERMISSION_DENIED", "n1 leads nobody")
    refused(w.start(to, node_id="nobody", port=80).wait(), "NOT_FOUND", "nobody")
    for said in ({"answer": "{}"}, {"candidate": "x"}):
        stream = w.start(to, node_id="n1", port=80)
        wait_message(stream)
        stream.send(said)
        refused(stream.wait(), "INVALID_ARGUMENT", *said, "send ")
    wait_empty(w.n1)


@peer_test("a node that does not vote negotiates for itself alone, and nobody takes a client's name from it")
def _():
    w = wide()
    refused(w.start(w.admin(w.n3), node_id="n1", port=80).wait(), "FAILED_PRECONDITION", "does not vote", "ask n1 itself")
    refused(w.start(w.admin(w.n3), node_id="n1", port=80, metadata={"prefer-leader": "true"}).wait(), "FAILED_PRECONDITION")
    own = w.start(w.n3.as_itself(), node_id="n1", port=80)
    wait_message(own)
    own.cancel()
    w.n1.wait_log("action=data-channel", "by=node:n3", "outcome=ok")
    forged = w.client.bidi(w.n3.as_itself(w.n1), NEGOTIATE_DATA_CHANNEL, metadata={"wgmesh-caller": "admin/admin"})
    refused(forged.wait(), "PERMISSION_DENIED", "wgmesh-caller")
    wait_empty(w.n1)


@peer_test("a client that prefers the leader is led on by it")
def _():
    w = wide()
    leader = w.mesh.leader()
    other = w.n2 if leader is w.n1 else w.n1
    for of in (other, leader, w.n3):
        stream = w.start(w.admin(other), node_id=of.name, port=80, metadata={"prefer-leader": "true"})
        wait_message(stream)
        stream.cancel()
        leader.wait_log("action=data-channel", *(["of " + of.name] if of is not leader else []), "by=admin:admin",
                        "through=" + other.name, "outcome=ok")
        wait_empty(of)


@peer_test("when a node dies, on the way or at the end of it, the others let go and the client hears it")
def _():
    w = wide()
    service = echo(w.n3)
    stream = w.echo_once(w.n2, w.n3, service, 1000)
    w.n2.kill()
    refused(stream.wait(), "UNAVAILABLE")
    wait_empty(w.n3)
    w.restart(w.n2)
    w.mesh.leader().wait_status(voters=2)
    w.n2.wait_status(role="voter" if w.mesh.leader() is not w.n2 else "leader")
    stream = w.echo_once(w.n2, w.n3, service, 1000)
    w.n3.kill()
    refused(stream.wait(), "UNAVAILABLE", w.n3.address)
    w.restart(w.n3)


# ---- wmctl as the client ----

class Forward:
    """wmctl port-forward, in the client's namespace; by way of `at`."""

    def __init__(self, at, *words):
        environment = dict(os.environ, WGMESH_STATE_DIR=str(wide().n1.dir))
        self.process = subprocess.Popen(["ip", "netns", "exec", wide().network.ns, WMCTL, "--address", at.address, "port-forward",
                                         *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        defer(self.kill)
        self.lines = []

    def wait_ready(self):
        """The local port, once it leads somewhere."""
        for line in self.process.stdout:
            self.lines.append(line)
            if "leads to" in line:
                return int(line.split()[0].split(":")[1])
        raise Failure("wmctl port-forward: " + self.process.stderr.read())

    def end(self, number=None):
        """(exit code, what it has said on standard error)"""
        if number:
            self.process.send_signal(number)
        code = self.process.wait(timeout=20)
        return code, self.process.stderr.read()

    def kill(self):
        self.process.kill()
        self.process.wait()


def through(port, data):
    """`data` to 127.0.0.1:PORT of the client and back."""
    return through_namespace(wide().network.ns, port, data)


@test("wmctl port-forward has a local port lead to a service by way of a node, for many connections, and ends cleanly")
def _():
    w = wide()
    service = echo(w.n3)
    forward = Forward(w.n2, "n3", "0:%d" % service.port)
    port = forward.wait_ready()
    check(forward.lines[0].startswith("connected with n3: host "), "the path: %r" % forward.lines)
    data = os.urandom(MEGABYTE)
    check(through(port, data) == data, "what came back is not what went")
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        pieces = [os.urandom(20000 + i) for i in range(60)]
        check(list(pool.map(lambda piece: through(port, piece), pieces)) == pieces, "what came back is not what went")
    wait_until(20, lambda: held(w.n3) == (1, 0) and service.open == 0, "closed connections are gone")
    equal(forward.end(signal.SIGINT), (0, ""), "its end")
    wait_empty(w.n3)


class UdpEcho:
    """A UDP service in a namespace that says what it hears, and to how many senders."""

    def __init__(self, ns):
        with entered(ns):
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.senders = set()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                data, sender = self.socket.recvfrom(1 << 16)
                if sender[1] == self.port:
                    return
                self.senders.add(sender)
                self.socket.sendto(data, sender)

    def close(self):
        """recvfrom() is not woken by close()."""
        with contextlib.suppress(OSError):
            self.socket.sendto(b"", ("127.0.0.1", self.port))


def ping(sender, data):
    """`data` sent and back; again when it is lost, as datagrams may be."""
    def back():
        sender.send(data)
        with contextlib.suppress(TimeoutError):
            return sender.recv(1 << 16) == data
        return False
    wait_until(20, back, "a datagram of %d bytes comes back" % len(data))


@test("wmctl port-forward has a local port of UDP lead to a service, for each sender by itself, as datagrams")
def _():
    w = wide()
    service = UdpEcho(w.n3.ns)
    defer(service.close)
    forward = Forward(w.n2, "n3", "udp:0:%d" % service.port)
    port = forward.wait_ready()
    w.n3.wait_log("action=data-channel", "udp 127.0.0.1:%d" % service.port, "outcome=ok")
    with contextlib.ExitStack() as stack, entered(w.network.ns):
        senders = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(20)]
        for sender in senders:
            sender.connect(("127.0.0.1", port))
            sender.settimeout(2)
        for sender in senders:
            for size in (1, 1400, 20000, 0):
                ping(sender, os.urandom(size))
        equal(len(service.senders), len(senders), "senders as the service knows them")
        equal(held(w.n3), (1, len(senders)), "data channels, connections")
        code, text = Forward(w.n2, "n3", "udp:%d:80" % port).end()
        check(code == 1 and "say another port, as in udp:0:80" in text, "a port that is taken: %d %s" % (code, text))
    equal(forward.end(signal.SIGINT), (0, ""), "its end")
    wait_empty(w.n3)


@test("wmctl port-forward says what it cannot")
def _():
    w = wide()
    service = echo(w.n3)
    for words in (("n3",), ("n3", "x"), ("n3", "1:2:3:4"), ("n3", "0"), ("n3", "1:0"), ("n3", "70000"), ("n3", "1:host:2"),
                  ("n3", "80", "x"), ("n3", *["0:80"] * 17)):
        code, said = Forward(w.n2, *words).end()
        check(code == 2 and said.startswith("usage: "), "%r: %d %s" % (words, code, said))
    for words, said in ((("n3", "0:8.8.8.8:80"), "n3 leads nobody"), (("nobody", "0:80"), "nobody")):
        code, text = Forward(w.n2, *words).end()
        check(code == 1 and said in text, "%r: %d %s" % (words, code, text))
    forward = Forward(w.n2, "n3", "0:127.0.0.1:%d" % service.port)
    port = forward.wait_ready()
    code, text = Forward(w.n2, "n3", "%d:80" % port).end()
    check(code == 1 and "say another port" in text, "a port that is taken: %d %s" % (code, text))
    equal(forward.end(signal.SIGINT), (0, ""), "its end")
