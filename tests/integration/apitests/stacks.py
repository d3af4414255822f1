# SPDX-License-Identifier: Apache-2.0
"""A further stack of WebRTC, pion, as the client: much at once, and much in all. LONG=1: 100 MB, too."""
import fcntl
import hashlib
import os
import sys
import termios
import threading
import time

from apilib.channel import Channel, Echo, pion
from apilib.peer import Missing
from apitests.channels import MEGABYTE, echo, held, network, node, start, wait_empty
from apilib.world import peer_test
from testing import check, defer, equal, note, wait_until

GROWTH_MAX = 24 << 10	# kB: more than all windows and queues of one session hold


def _missing():
    try:
        pion()
        return None
    except Missing as why:
        print("skipped: whatever needs pion: %s" % why, flush=True)
        return why


WHY = _missing()


def pion_test(name):
    return (lambda function: function) if WHY else peer_test(name)


def connect(service):
    channel = Channel(network().ns, stack=pion)
    defer(channel.stop)
    channel.connect(lambda: start(node().as_admin(), node_id="n1", port=service.port))
    defer(channel.stream.cancel)
    return channel


def echo_all(channel, numbers, size, seconds):
    """`size` bytes over each of these connections, all at once; gives how long it took."""
    begin = time.monotonic()
    for number in numbers:
        channel.say({"echo": {"connection": number, "bytes": size}})
    for number in numbers:
        channel.wait("echoed", number, seconds)
    return time.monotonic() - begin


class Memory:
    """How much of it the daemon has in use, kB: at first and at most, looked at all the time."""

    def __init__(self):
        self.first = self.most = self._now()
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()

    @staticmethod
    def _now():
        with open("/proc/%d/status" % node().process.pid, encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))

    def _watch(self):
        while not self.over.wait(0.05):
            self.most = max(self.most, self._now())

    def stop(self):
        self.over.set()
        self.thread.join()


@pion_test("pion reaches a service as werift does, by a hundred connections at once, and nothing is left when it closes")
def _():
    service = echo(node())
    channel = connect(service)
    channel.echo(1, MEGABYTE)
    channel.stream.cancel()
    wait_empty(node())
    before = node().descriptors()
    channel = connect(service)
    echo_all(channel, range(1, 101), 20000, 60)
    equal(held(node()), (1, 100), "data channels, connections")
    channel.close()
    equal(channel.stream.wait().code, "OK", "the end")
    wait_empty(node(), before)
    wait_until(10, lambda: service.open == 0, "the service sees its connections end")


@pion_test("both directions full of many connections do not have the daemon grow, and every byte comes back")
def _():
    service = echo(node())
    channel = connect(service)
    echo_all(channel, range(1, 5), MEGABYTE, 60)
    memory = Memory()
    defer(memory.stop)
    seconds = echo_all(channel, range(5, 9), 8 * MEGABYTE, 120)
    note("32 MB both ways in %.1f s, memory %d kB, then at most %d kB" % (seconds, memory.first, memory.most))
    check(memory.most - memory.first < GROWTH_MAX, "memory grew from %d to %d kB" % (memory.first, memory.most))
    channel.stream.cancel()
    wait_empty(node())


class Source(Echo):
    """Says what it has to say and ends."""

    def __init__(self, ns, data):
        self.data = data
        super().__init__(ns)

    def _serve(self, connection):
        with connection:
            connection.sendall(self.data)


@pion_test("a service that ends first is heard to the end, by many at once, and their connections close")
def _():
    data = os.urandom(MEGABYTE)
    service = Source(node().ns, data)
    defer(service.close)
    channel = connect(service)
    for number in range(1, 21):
        channel.say({"drain": {"connection": number}})
    for number in range(1, 21):
        channel.wait("drained", number, 60)
    heard = {line["sha256"] for line in channel.said if "drained" in line}
    equal(heard, {hashlib.sha256(data).hexdigest()}, "what was heard")
    wait_until(20, lambda: held(node()) == (1, 0), "no connection is left")
    channel.stream.cancel()
    wait_empty(node())


class Sleeper(Echo):
    """Reads nothing until `awake`."""

    def __init__(self, ns):
        self.awake = threading.Event()
        self.connections = []
        super().__init__(ns)

    def _serve(self, connection):
        self.connections.append(connection)
        self.awake.wait()
        super()._serve(connection)

    def waiting(self):
        """Bytes that it could read now."""
        return sum(int.from_bytes(fcntl.ioctl(one, termios.FIONREAD, bytes(4)), sys.byteorder) for one in self.connections)


@pion_test("a service that does not read stops its client, which costs the daemon no memory, and nothing is lost")
def _():
    service = Sleeper(node().ns)
    defer(service.close)
    defer(service.awake.set)
    channel = connect(service)
    memory = Memory()
    defer(memory.stop)
    channel.say({"echo": {"connection": 1, "bytes": 48 * MEGABYTE}})
    last = [0, time.monotonic()]	# bytes that wait, since when

    def stands_still():
        now = service.waiting()
        if now != last[0]:
            last[:] = [now, time.monotonic()]
        return last[0] > 0 and time.monotonic() - last[1] > 2
    wait_until(60, stands_still, "nothing moves any more")
    check(last[0] < 40 * MEGABYTE, "%d bytes wait at the service" % last[0])
    service.awake.set()
    channel.wait("echoed", 1, 120)
    check(memory.most - memory.first < GROWTH_MAX, "memory grew from %d to %d kB" % (memory.first, memory.most))
    channel.stream.cancel()
    wait_empty(node())


if os.environ.get("LONG"):
    @pion_test("a hundred megabytes come back to pion as they went")
    def _():
        channel = connect(echo(node()))
        memory = Memory()
        defer(memory.stop)
        seconds = echo_all(channel, [1], 100 * MEGABYTE, 300)
        print("        100 MB there and back in %.1f s, memory %d kB, then at most %d kB"
              % (seconds, memory.first, memory.most), flush=True)
        check(memory.most - memory.first < GROWTH_MAX, "memory grew from %d to %d kB" % (memory.first, memory.most))
        channel.stream.cancel()
        wait_empty(node())
