# SPDX-License-Identifier: Apache-2.0
"""A systemd-resolved in a namespace, with a bus of its own, that finds nothing of this machine's."""
import functools
import pathlib
import subprocess

from apilib.node import ROOT
from testing import Failure, attempt, wait_until

BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=%s</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/>
  </policy>
</busconfig>
"""

# Below /run and /etc it has files of its own; its user is one that the bus knows, too.
START = """set -e
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /etc/systemd
mkdir -p /run/systemd/resolve /run/dbus
printf '[Resolve]\\nDNS=%(dns)s\\nFallbackDNS=\\nDNSSEC=no\\nLLMNR=no\\nMulticastDNS=no\\n' > /etc/systemd/resolved.conf
for file in passwd group; do cp /etc/$file /run/$file; done
echo 'systemd-resolve:x:65534:65534::/:/usr/sbin/nologin' >> /run/passwd
echo 'systemd-resolve:x:65534:' >> /run/group
for file in passwd group; do mount --bind /run/$file /etc/$file; done
chown 65534:65534 /run/systemd/resolve
mount --bind %(folder)s /run/dbus
exec env SYSTEMD_LOG_TARGET=console %(program)s
"""


@functools.cache
def program():
    """Its path; None: it is not to be had, which is told."""
    done = subprocess.run([str(ROOT / "scripts/systemd-resolved")], capture_output=True, text=True, check=False)
    if done.returncode:
        print("skipped: whatever needs systemd-resolved: " + (done.stderr.strip().splitlines() or ["?"])[-1], flush=True)
        return None
    return done.stdout.strip()


class Resolved:
    """Answers at 127.0.0.53; what no link says is asked of `dns`."""

    def __init__(self, ns, folder, dns):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.bus = "unix:path=%s" % (self.folder / "system_bus_socket")
        (self.folder / "bus.conf").write_text(BUS % (self.folder / "system_bus_socket"))
        (self.folder / "start").write_text(START % {"dns": dns, "folder": self.folder, "program": program()})
        self.processes = [self._run("dbus-daemon", "--config-file", str(self.folder / "bus.conf"), "--nofork", "--nopidfile")]
        wait_until(20, (self.folder / "system_bus_socket").exists, "there is a bus")
        self.processes.append(self._run("ip", "netns", "exec", ns, "unshare", "-m", "bash", str(self.folder / "start")))
        try:
            wait_until(20, self._named, "systemd-resolved has its name")
        except Failure as failure:
            raise Failure("%s: %s" % (failure, (self.folder / "log").read_text())) from None

    def _run(self, *command):
        with open(self.folder / "log", "ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log)

    def _named(self):
        code, stdout, _ = attempt(["busctl", "--address", self.bus, "--no-pager", "status", "org.freedesktop.resolve1"])
        return code == 0 and "Comm=systemd-resolve" in stdout

    def stop(self):
        for process in reversed(self.processes):
            process.terminate()
            process.wait(timeout=20)
