# SPDX-License-Identifier: Apache-2.0
"""Name servers that are not ours, on the loopback of a namespace: Debian's knotd and unbound."""
import pathlib
import shutil
import subprocess

PROGRAMS = {"knot": ("knotd", "-c"), "unbound": ("unbound", "-d", "-c")}


def installed(name):
    return bool(shutil.which(PROGRAMS[name][0]))


class NameServer:
    """`config` is the program's own, with %(folder)s for a folder of its own and %(port)d for its port."""

    def __init__(self, ns, folder, name, port, config, files=None):
        self.ns, self.name, self.port = ns, name, port
        self.address = "127.0.0.1:%d" % port
        self.dns_address = self.address	# as apilib.node.Node has it
        self.folder = pathlib.Path(folder) / name
        self.folder.mkdir(parents=True)
        for file, text in (files or {}).items():
            (self.folder / file).write_text(text)
        path = self.folder / "config"
        path.write_text(config % {"folder": self.folder, "port": port})
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen(["ip", "netns", "exec", ns, *PROGRAMS[name], str(path)], stdout=log, stderr=log)

    def tail(self):
        return "\n".join((self.folder / "log").read_text(errors="replace").splitlines()[-15:])

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=20)


KNOT = """
server:
    rundir: %(folder)s
    listen: 127.0.0.1@%(port)d
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: %(folder)s
"""

UNBOUND = """
server:
    interface: 127.0.0.1
    port: %(port)d
    directory: "%(folder)s"
    pidfile: ""
    chroot: ""
    username: ""
    num-threads: 1
    use-syslog: no
    do-not-query-localhost: no
"""
