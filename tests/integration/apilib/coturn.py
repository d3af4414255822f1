# SPDX-License-Identifier: Apache-2.0
"""coturn, a server of STUN and TURN that is not the daemon's."""
import os
import socket
import subprocess

from testing import entered, wait_until

PROGRAM = "/usr/bin/turnserver"
SECRET = "a secret of two"


def start(ns, folder, ip, port):
    """Its process, once it answers; its credentials are of SECRET."""
    config = folder / "turnserver.conf"
    config.write_text("\n".join(["listening-ip=" + ip, "relay-ip=" + ip, "listening-port=%d" % port, "realm=elsewhere",
                                 "use-auth-secret", "static-auth-secret=" + SECRET, "no-tls", "no-dtls", "no-cli", "pidfile=/dev/null",
                                 "userdb=:memory:", "log-file=stdout", "simple-log", ""]))
    with open(folder / "turnserver.log", "wb") as log:
        process = subprocess.Popen(["ip", "netns", "exec", ns, PROGRAM, "-c", str(config)], stdout=log, stderr=log)
    with entered(ns):
        probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    probe.settimeout(0.1)
    binding = b"\x00\x01\x00\x00\x21\x12\xa4\x42" + os.urandom(12)

    def answers():
        try:
            probe.sendto(binding, (ip, port))
            return probe.recv(100)
        except OSError:
            return None
    with probe:
        wait_until(20, answers, "the TURN server answers")
    return process
