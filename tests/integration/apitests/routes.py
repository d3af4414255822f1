# SPDX-License-Identifier: Apache-2.0
"""Networks behind nodes: who announces them, who takes them, and whether hosts there are reached."""
import pathlib
import signal
import shutil
import socket
import sqlite3

from apilib.lan import Lan, mesh_address, reaches, wait_reaches
from apilib.mesh import Mesh
from apilib.world import STEADY, lab
from testing import attempt, check, defer, equal, ip, sh, test, wait_until

SITE_A, SITE_A6, SITE_B, SITE_B6 = "192.168.5.0/24", "fd05::/64", "192.168.6.0/24", "fd06::/64"
ABROAD, ABROAD6 = "203.0.113.0/24", "2001:db8:9::/64"


def announced(node):
    """{(node, prefix)} of the state; None while it has no place for them."""
    with sqlite3.connect("file:%s?mode=ro" % (node.dir / "state.db"), uri=True) as state:
        if state.execute("PRAGMA user_version").fetchone()[0] < 2:
            return None
        return set(state.execute("SELECT node, prefix FROM routes"))


def wait_announced(node, wanted):
    wait_until(20, lambda: announced(node) == wanted, "%s knows the routes %s" % (node.name, wanted))


def lan():
    check(shutil.which("wireguard-go"), "wireguard-go is missing")
    some = Lan()
    defer(some.close)
    return some


def reload(node, text):
    """`text` into the configuration file that the node was started with, and SIGHUP."""
    (node.dir / "wgmeshd.yaml").write_text(text)
    node.process.send_signal(signal.SIGHUP)


def has_address(node):
    lines = pathlib.Path("/proc/%d/net/if_inet6" % node.process.pid).read_text().splitlines()
    return any(line.split()[3] == "00" and line.split()[5] == node.device for line in lines)


def fill(path):
    """Whoever sends to this socket waits until it is read."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        try:
            while True:
                sender.sendto(b"", path)
        except BlockingIOError:
            pass


@test("a node has its addresses before the service manager hears that it is ready")
def _():
    node = Mesh(lan()).founder
    wait_until(20, lambda: has_address(node), "an address")
    node.stop()
    equal(node.wgmeshd("down")[0], 0, "exit code of down")
    path = str(node.dir / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        manager.settimeout(20)
        fill(path)
        node.start(env={"NOTIFY_SOCKET": path})
        wait_until(20, lambda: has_address(node), "an address, while nobody has heard of the node")
        while not (told := manager.recv(256)):
            pass
        equal(told, b"READY=1", "the first word")


@test("hosts behind two nodes reach each other, which know nothing of the mesh")
def _():
    net = lan()
    mesh = Mesh(net, *STEADY)
    a = mesh.add("a", "observer", *STEADY, "--routes", "%s,%s" % (SITE_A, SITE_A6))
    b = mesh.add("b", "observer", *STEADY, "--routes", "%s,%s" % (SITE_B, SITE_B6))
    host_a = net.host_behind(a, SITE_A, SITE_A6)
    host_b = net.host_behind(b, SITE_B, SITE_B6)
    wait_announced(b, {("a", SITE_A), ("a", SITE_A6), ("b", SITE_B), ("b", SITE_B6)})
    a.wait_log("event=routes", "%s=b" % SITE_B)
    wait_reaches(host_a, "192.168.6.10")
    wait_reaches(host_b, "fd05::a")
    # Whoever is no router reaches the hosts, too, from its address in the mesh.
    wait_reaches(mesh.founder.ns, "192.168.5.10")


@test("a node carries what it announces, and nothing else, and leaves the tables of others alone")
def _():
    net = lan()
    mesh = Mesh(net, *STEADY, "--routes", SITE_A)
    n1 = mesh.founder
    net.host_behind(n1, SITE_A)
    net.host_behind(n1, "192.168.9.0/24")
    sh("nft add table inet wgmesh; add chain inet wgmesh c; add rule inet wgmesh c counter", n1.ns)
    theirs = sh("nft list table inet wgmesh", n1.ns)
    a = mesh.add("a", "observer", *STEADY)
    wait_reaches(a.ns, "192.168.5.10")
    ours = "wgmesh-" + n1.device
    # As a node would do that wants more than it is given.
    key = sh("wg show %s peers" % a.device, a.ns).strip()
    sh("wg set %s peer %s allowed-ips 0.0.0.0/0" % (a.device, key), a.ns)
    ip(a.ns, "route add 192.168.9.0/24 dev " + a.device)
    check(reaches(a.ns, "192.168.5.10"), "what is announced is not reached")
    check(not reaches(a.ns, "192.168.9.10"), "what is not announced is reached")
    sh("nft delete table inet " + ours, n1.ns)
    wait_reaches(a.ns, "192.168.9.10")	# so it was that table
    n1.stop()
    n1.start()
    wait_until(20, lambda: attempt("nft list table inet " + ours, n1.ns)[0] == 0, "the table is back")
    check(not reaches(a.ns, "192.168.9.10"), "what is not announced is reached again")
    equal(sh("nft list table inet wgmesh", n1.ns), theirs, "the table of others")
    check("lookup 157" in sh("ip rule", a.ns), "the rules that lead to announced routes")
    for node in (a, n1):
        node.stop()
        code, _, stderr = node.wgmeshd("down")
        equal(code, 0, "exit code of down (%s)" % stderr)
    check("lookup 157" not in sh("ip rule", a.ns), "rules are left behind")
    equal(sh("nft list tables", n1.ns).split("\n")[-2], "table inet wgmesh", "tables that are left")


@test("an exit node is used by who chooses it, under its own address, and by nobody else")
def _():
    net = lan()
    mesh = Mesh(net, *STEADY, "--routes", "0.0.0.0/0", "--routes", "::/0")
    abroad = net.host_behind(mesh.founder, ABROAD, ABROAD6)
    ip(abroad, "route del default", "route del ::/0")	# answers those of its network alone
    user = mesh.add("user", "observer", *STEADY, "--endpoint", "none", "--exit-node", "n1")
    other = mesh.add("other", "observer", *STEADY)
    for node in (user, other):	# a way out of its own, which leads nowhere
        ip(node.ns, "route add default dev veth0", "route add ::/0 dev veth0")
    user.wait_log("event=routes", "0.0.0.0/0=n1 ::/0=n1")
    wait_reaches(user.ns, "203.0.113.10")
    wait_reaches(user.ns, "2001:db8:9::a")
    other.wait_log("event=routes", "0.0.0.0/0=n1 (not accepted)")
    check(not reaches(other.ns, "203.0.113.10"), "who did not choose it leaves by it")
    equal(sh("ip rule", other.ns).count("157"), 0, "rules of who takes nothing")
    equal(user.status()["last_error"], "", "the trouble of the one that uses it")


@test("of two nodes that announce one network the first by name has it, and the other one takes over")
def _():
    small = Mesh(lab(), *STEADY)
    small.add("a", "observer", *STEADY, "--routes", SITE_A)
    b = small.add("b", "observer", *STEADY, "--routes", SITE_A)
    wait_announced(small.founder, {("a", SITE_A), ("b", SITE_A)})
    small.founder.wait_log("event=routes", 'taken="%s=a"' % SITE_A, "%s=b (another node goes before)" % SITE_A)
    b.wait_log("event=routes", "%s=a (announced here, too)" % SITE_A)
    status = small.founder.wmctl("status")[1]
    check("routes    %s=a\nnot taken %s=b (another node goes before)\n" % (SITE_A, SITE_A) in status, status)
    code, _, stderr = small.founder.wmctl("node", "remove", "a")
    equal(code, 0, stderr)
    small.founder.wait_log("event=routes", 'taken="%s=b" not-taken=""' % SITE_A)
    small.stop()


@test("routes change while daemons run, by who announces them and by who takes them")
def _():
    small = Mesh(lab(), *STEADY)
    a = lab().node("a").join(small.token("--role", "observer"), *STEADY)
    (a.dir / "wgmeshd.yaml").write_text("routes: [%s, 198.51.100.0/24]\n" % SITE_A)
    a.start("--config", str(a.dir / "wgmeshd.yaml"))
    small.nodes.append(a)
    wait_announced(small.founder, {("a", SITE_A), ("a", "198.51.100.0/24")})
    small.founder.wait_log("event=routes", 'taken="%s=a"' % SITE_A, "198.51.100.0/24=a (not accepted)")
    reload(a, "routes: 192.168.7.0/24\naccept-routes: none\n")
    wait_announced(small.founder, {("a", "192.168.7.0/24")})
    small.founder.wait_log("event=routes", 'taken="192.168.7.0/24=a" not-taken=""')
    reload(a, "{}\n")
    wait_announced(small.founder, set())
    small.stop()


@test("a node that announces addresses of the mesh is told why not")
def _():
    small = Mesh(lab(), *STEADY)
    bad = lab().node("bad").join(small.token("--role", "observer"), *STEADY, "--routes", "172.16.0.0/24").start()
    wait_until(20, lambda: "172.16.0.0/24 cannot be announced" in bad.status().get("last_error", ""), "its status tells")
    bad.wait_log("event=join-failed", "it belongs to the mesh itself")
    bad.stop()
    small.stop()
