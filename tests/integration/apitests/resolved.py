# SPDX-License-Identifier: Apache-2.0
"""The names of the mesh by way of a real systemd-resolved."""
import pathlib
import signal

from apilib.lan import Lan, mesh_address, wait_reaches
from apilib.mesh import Mesh
from apilib.nameserver import UNBOUND, NameServer, installed
from apilib.resolved import Resolved, program
from apilib.world import STEADY
from apitests.names import DOMAIN, ask_at
from testing import attempt, check, defer, equal, test, wait_until

STUB = "127.0.0.53"
ELSEWHERE = UNBOUND + """    log-queries: yes
    logfile: "%(folder)s/queries"
    local-zone: "other.test." static
    local-data: "www.other.test. A 192.0.2.7"
    local-zone: "webmesh.internal." always_nxdomain
"""


def possible():
    if not installed("unbound"):
        print("skipped: the names by way of systemd-resolved: unbound is not installed", flush=True)
        return False
    return program() is not None


def resolved_test(name):
    return test(name) if possible() else lambda function: function


@resolved_test("systemd-resolved asks a node for the mesh's names, and others for all else, whether the node lives, stops or is killed")
def _():
    before = pathlib.Path("/etc/resolv.conf").read_bytes()
    net = Lan()
    defer(net.close)
    some = Mesh(net, *STEADY, "--dns-address", "mesh")
    defer(some.stop)
    node = some.founder
    other = some.add("n2", "observer", *STEADY, "--dns-address", "mesh")
    address = mesh_address(node, other)
    wait_reaches(node.ns, address)
    elsewhere = NameServer(node.ns, net.folder / "elsewhere", "unbound", 23201, ELSEWHERE)
    defer(elsewhere.stop)
    resolved = Resolved(node.ns, net.folder / "resolved", elsewhere.address)
    defer(resolved.stop)
    name = "n2." + DOMAIN

    def is_known():
        return name in attempt(["dig", "@" + STUB, "+time=2", "+tries=1", "+noall", "+answer", name], node.ns)[1]

    def others_are_as_ever():
        equal(ask_at(node.ns, STUB, 53, "www.other.test", "A").data(), {("A", "192.0.2.7")}, "somebody else's name")

    def times_told():
        return node.log_text().count("event=dns-resolved ")

    queries = elsewhere.folder / "queries"
    wait_until(20, queries.exists, "unbound runs")
    others_are_as_ever()
    node.environment["DBUS_SYSTEM_BUS_ADDRESS"] = resolved.bus
    node.stop()
    for end in (signal.SIGKILL, signal.SIGTERM):
        told = times_told()
        node.start()
        wait_until(40, lambda: times_told() > told, "systemd-resolved is told, once more by one that was killed")
        wait_until(20, is_known, "the host finds the names of the mesh")
        known_since = len(queries.read_text())
        equal(ask_at(node.ns, STUB, 53, name, "A").data(), {("A", address)}, "A of the other node")
        reverse = ".".join(reversed(address.split("."))) + ".in-addr.arpa"
        equal(ask_at(node.ns, STUB, 53, reverse, "PTR").data(), {("PTR", name + ".")}, "PTR of the other node")
        equal(ask_at(node.ns, STUB, 53, "nobody." + DOMAIN, "A").code, "NXDOMAIN", "nobody")
        others_are_as_ever()
        asked = queries.read_text()[known_since:]
        check("other.test" in asked and DOMAIN not in asked, "asked of others: " + asked)
        node.stop(end)
        others_are_as_ever()
    stopped_at = len(queries.read_text())

    def asked_elsewhere():
        attempt(["dig", "@" + STUB, "+time=2", "+tries=1", "n3." + DOMAIN], node.ns)
        return DOMAIN in queries.read_text()[stopped_at:]
    wait_until(20, asked_elsewhere, "the link has nothing of the mesh any more")
    check(pathlib.Path("/etc/resolv.conf").read_bytes() == before, "/etc/resolv.conf has changed")
