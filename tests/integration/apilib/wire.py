# SPDX-License-Identifier: Apache-2.0
"""wire.py FD FD: frames between two TAP devices, late and not all of them. The kernels that tests run on need not have
netem. A line of the input is what holds from then on, each way: MILLISECONDS LOSS, of which the latter is a share."""
import collections
import fcntl
import os
import random
import select
import struct
import subprocess
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI = 0x0002, 0x1000
FRAME_MAX = 65536
QUEUE_MAX = 4096	# frames on the way, each way; more are lost


class Wire:
    """Between a device in one namespace and one in another, which it makes; at first as good as any."""

    def __init__(self, ns, device, other_ns, other_device):
        ends = [self._open(ns, device), self._open(other_ns, other_device)]
        self.process = subprocess.Popen([sys.executable, __file__, *map(str, ends)], pass_fds=ends, stdin=subprocess.PIPE, text=True)
        for end in ends:
            os.close(end)

    @staticmethod
    def _open(ns, device):
        from testing import entered	# not for the process itself
        with entered(ns):
            end = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
            fcntl.ioctl(end, TUNSETIFF, struct.pack("16sH22x", device.encode(), IFF_TAP | IFF_NO_PI))
        return end

    def set(self, milliseconds, loss):
        self.process.stdin.write("%g %g\n" % (milliseconds, loss))
        self.process.stdin.flush()

    def close(self):
        self.process.kill()
        self.process.wait()


class Way:
    """From one end to the other."""

    def __init__(self, source, to):
        self.source, self.to = source, to
        self.frames = collections.deque()	# (when it is due, frame)

    def take(self, seconds, loss):
        try:
            while True:
                frame = os.read(self.source, FRAME_MAX)
                if len(self.frames) < QUEUE_MAX and random.random() >= loss:
                    self.frames.append((time.monotonic() + seconds, frame))
        except BlockingIOError:
            pass

    def give(self):
        """Those that are due; seconds until the next one is, None: there is none."""
        while self.frames:
            left = self.frames[0][0] - time.monotonic()
            if left > 0:
                return left
            try:
                os.write(self.to, self.frames.popleft()[1])
            except OSError:
                pass	# the device is down
        return None


def main(ends):
    ways = [Way(*ends), Way(*reversed(ends))]
    seconds, loss = 0.0, 0.0
    poll = select.poll()
    for descriptor in (sys.stdin.fileno(), *ends):
        poll.register(descriptor, select.POLLIN)
    while True:
        waits = [left for left in (way.give() for way in ways) if left is not None]
        ready = [descriptor for descriptor, _ in poll.poll(min(waits) * 1000 if waits else None)]
        if sys.stdin.fileno() in ready:
            words = sys.stdin.readline().split()
            if not words:
                return
            seconds, loss = float(words[0]) / 1000, float(words[1])
        for way in ways:
            if way.source in ready:
                way.take(seconds, loss)


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]])
