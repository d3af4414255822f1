# SPDX-License-Identifier: Apache-2.0
"""A daemon under test: a state folder, ports of its own, and the commands that concern it."""
import json
import os
import pathlib
import signal
import subprocess
import time

from testing import Failure, attempt, check, note, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build/meson")).resolve()
WGMESHD = str(BUILD / "userspace/daemon/wgmeshd")
WMCTL = str(BUILD / "userspace/wmctl/wmctl")
# wmctl finds the daemon's program as an installed one does.
os.environ["PATH"] = "%s:%s" % (os.path.dirname(WGMESHD), os.environ["PATH"])
TICK_MS = "20"	# elections take 0.2 to 0.4 s


class Node:
    """`number` is different for each node of a namespace: its ports come from it. `disk` is an
    apilib.disk.Disk, for those that can lose what they have not synced."""

    def __init__(self, ns, folder, name, number, host="127.0.0.1"):
        self.ns, self.name, self.number, self.host = ns, name, number, host
        self.dir = pathlib.Path(folder) / name
        self.log = pathlib.Path(folder) / (name + ".log")
        self.grpc_port, self.raft_port = 18000 + number, 19000 + number
        self.address = "%s:%d" % (host, self.grpc_port)
        self.metrics_address = "127.0.0.1:%d" % (21000 + number)
        self.dns_address = "127.0.0.1:%d" % (22000 + number)
        self.process = None
        self.disk = None
        self.environment = {}	# of its daemon, besides
        self.program = WGMESHD

    # ---- commands ----

    def wgmeshd(self, *args):
        """(exit code, stdout, stderr)"""
        return attempt([WGMESHD, *args, "--state-dir", str(self.dir)], self.ns)

    def wmctl(self, *args, identity=None):
        identity = ["--identity", str(identity)] if identity else []
        return attempt([WMCTL, "--state-dir", str(self.dir), "--address", self.address,
                        "--timeout", "5", *identity, *args], self.ns)

    def options(self):
        return ["--id", self.name, "--endpoint", self.host, "--backend", "none",
                "--device", "api%d" % self.number, "--grpc-port", str(self.grpc_port),
                "--raft-port", str(self.raft_port), "--metrics-address", self.metrics_address, "--wireguard-port", str(20000 + self.number),
                "--dns-address", self.dns_address,
                "--tick-ms", TICK_MS]

    def init(self, *more):
        code, _, stderr = self.wgmeshd("init", *self.options(), *more)
        check(code == 0, "init: " + stderr)
        return self

    def join(self, token, *more):
        code, _, stderr = self.wgmeshd("join", token, *self.options(), *more)
        check(code == 0, "join: " + stderr)
        return self

    # ---- the process ----

    def start(self, *more, env=None):
        note("[%s] wgmeshd run of %s %s" % (self.ns, self.name, " ".join(more)))
        environment = {**os.environ, **(self.disk.environment() if self.disk else {}),
                       **self.environment, **(env or {})}
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                ["ip", "netns", "exec", self.ns, self.program, "run", "--state-dir", str(self.dir), *more],
                stdout=log, stderr=log, env=environment)
        return self

    def stop(self, number=signal.SIGTERM, seconds=20):
        """(exit code, seconds it took); None when it does not run."""
        if not self.process:
            return None
        began = time.monotonic()
        self.process.send_signal(number)
        try:
            code = self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Failure("%s does not end in %d s: %s" % (self.name, seconds, self.tail())) from None
        finally:
            self.process = None
        note("[%s] %s ended with %d" % (self.ns, self.name, code))
        return code, time.monotonic() - began

    def kill(self):
        self.stop(signal.SIGKILL)

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def descriptors(self):
        return len(os.listdir("/proc/%d/fd" % self.process.pid))

    # ---- what it says ----

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def tail(self):
        return "\n".join(self.log_text().splitlines()[-15:])

    def log_has(self, *words):
        """A line of the log with all these words."""
        return next((line for line in self.log_text().splitlines()
                     if all(word in line for word in words)), None)

    def wait_log(self, *words, seconds=10):
        return wait_until(seconds, lambda: self.log_has(*words), "%s logs %r" % (self.name, words))

    def status(self):
        """`wmctl status` as a dictionary; {} when there is no answer."""
        code, stdout, _ = self.wmctl("-o", "json", "status")
        return json.loads(stdout) if code in (0, 3) and stdout else {}

    def leads(self, nodes=1):
        status = self.status()
        return status.get("role") == "leader" and status.get("nodes", 0) >= nodes

    def wait_status(self, seconds=20, **wanted):
        def reached():
            check(self.alive(), "%s has ended: %s" % (self.name, self.tail()))
            status = self.status()
            return status and all(status[name] == value for name, value in wanted.items())
        wait_until(seconds, reached, "%s has %r" % (self.name, wanted))

    def wait_joined(self, seconds=20):
        """Until the node knows its own row, with the address that the mesh gave it."""
        wait_until(seconds, lambda: self.status().get("address_ipv6"), "%s has an address" % self.name)

    # ---- identities, for the independent client ----

    def anybody(self):
        return {"address": self.address, "ca": str(self.dir / "identity/ca.pem")}

    def as_itself(self, other=None):
        """With this node's certificate, at `other` or itself."""
        return identity(self.dir / "identity", (other or self).address)

    def as_admin(self, other=None):
        return identity(self.dir / "admin", (other or self).address)


def identity(folder, address):
    return {"address": address, "ca": str(folder / "ca.pem"), "cert": str(folder / "node.pem"),
            "key": str(folder / "node.pem")}
